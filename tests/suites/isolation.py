#!/usr/bin/env python3
"""Runs a command where nothing of this machine can meet it: with a loopback interface of its
own, so that fixed ports never collide, and with processes of its own, so that a server which a
test leaves behind ends with the test.

    isolation.py COMMAND...     inside of the namespaces: loopback up, then the command
"""
import fcntl
import os
import signal
import socket
import struct
import subprocess
import sys
from pathlib import Path

# <linux/sockios.h> and <net/if.h>
SIOCGIFFLAGS, SIOCSIFFLAGS, SIOCSIFADDR = 0x8913, 0x8914, 0x8916
IFF_UP = 1
FLAGS_REQUEST = "16sH14x"
ADDRESS_REQUEST = "16sHxx4s16x"
# An address for documentation (RFC 5737). Servers tell clients of addresses by which others may
# reach them, which loopback addresses are not.
OWN_ADDRESS = "192.0.2.1"


def prefix():
    """What to put before a command, or None where namespaces are not permitted."""
    namespaces = ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
    for more in ([], ["--map-root-user"]):
        words = [*namespaces, *more, sys.executable, str(Path(__file__).resolve())]
        try:
            done = subprocess.run([*words, "true"], stdin=subprocess.DEVNULL, capture_output=True)
        except FileNotFoundError:
            return None
        if done.returncode == 0:
            return words
    return None


def run(words, cwd, env, timeout_s):
    """(exit code or None after the timeout, output)."""
    child = subprocess.Popen(words, cwd=cwd, env=env, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             start_new_session=True)
    try:
        output, _ = child.communicate(timeout=timeout_s)
        code = child.returncode
    except subprocess.TimeoutExpired:
        end_group(child)
        output, code = child.communicate()[0], None
    finally:
        end_group(child)
    return code, output.decode(errors="replace")


def end_group(child):
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def raise_loopback():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack(FLAGS_REQUEST, b"lo", 0)
        _, flags = struct.unpack(FLAGS_REQUEST, fcntl.ioctl(any_socket, SIOCGIFFLAGS, request))
        request = struct.pack(FLAGS_REQUEST, b"lo", flags | IFF_UP)
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, request)
        address = socket.inet_aton(OWN_ADDRESS)
        request = struct.pack(ADDRESS_REQUEST, b"lo:1", socket.AF_INET, address)
        fcntl.ioctl(any_socket, SIOCSIFADDR, request)


def main():
    raise_loopback()
    # Waited for rather than replaced: the first process of a namespace has to be one that ends
    # the others by ending, and the command must keep its usual signal handling.
    sys.exit(subprocess.call(sys.argv[1:]))


if __name__ == "__main__":
    main()
