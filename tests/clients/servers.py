"""Starts, restarts and stops one set of servers under test, a server per fixture."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import fixtures

START_TIMEOUT_S = 10
RESTART_TIMEOUT_S = 4


def free_ports(count):
    held = [socket.socket() for _ in range(count)]
    for sock in held:
        sock.bind(("127.0.0.1", 0))
    ports = [sock.getsockname()[1] for sock in held]
    for sock in held:
        sock.close()
    return ports


def answers(port):
    try:
        with socket.create_connection(("127.0.0.1", port), 1):
            return True
    except OSError:
        return False


def keep_store(port):
    """Makes a stream that nobody deletes. With the last stream nats-server removes the directory
    that the next one is put into, at the same time if it must be."""
    call = b"$JS.API.STREAM.CREATE.STAYS"
    body = b'{"name":"STAYS","subjects":["stays"]}'
    with socket.create_connection(("127.0.0.1", port), START_TIMEOUT_S) as sock:
        sock.sendall(b"CONNECT {}\r\nSUB answer 1\r\nPUB %b answer %d\r\n" % (call, len(body)))
        sock.sendall(body + b"\r\n")
        answered = b""
        while b'"did_create":true' not in answered:
            chunk = sock.recv(4096)
            if not chunk or b'"error"' in answered:
                raise ChildProcessError(f"no stream is made: {answered}")
            answered += chunk


class Server:
    """One process on one port that stays its own over restarts."""

    def __init__(self, binary, where, name, body):
        self.binary, self.name = binary, name
        self.config, self.log = where / f"{name}.conf", where / f"{name}.log"
        self.body = body
        self.process = None
        for last in (False, False, True):
            self.port, self.http = free_ports(2)
            self.config.write_text(self.configuration())
            try:
                return self.start()
            except ChildProcessError:
                # Another process may have taken the port between the choice and the start.
                if last:
                    raise

    def configuration(self):
        lines = [
            f'server_name: "scenario-{self.name}"',
            f'listen: "127.0.0.1:{self.port}"',
            f'http: "127.0.0.1:{self.http}"',
        ]
        return "\n".join(lines) + "\n" + self.body

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [self.binary, "-c", self.config], stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        deadline = time.monotonic() + START_TIMEOUT_S
        while not answers(self.port):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise ChildProcessError(
                    f"{self.binary} -c {self.config} does not listen:\n"
                    + self.log.read_text(errors="replace")[-1500:]
                )
            time.sleep(0.02)

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def restart(self):
        self.stop()
        deadline = time.monotonic() + RESTART_TIMEOUT_S
        while True:
            try:
                return self.start()
            except ChildProcessError:
                # The port may for a moment be some connection's own end.
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def lame_duck(self):
        self.process.send_signal(signal.SIGUSR2)


class ServerSet:
    def __init__(self, binary, where, secrets):
        where.mkdir(parents=True)
        self.where, self.secrets, self.servers = Path(where), secrets, {}
        bodies = fixtures.bodies(secrets.certs, secrets.public_key, where / "store")
        try:
            for name in fixtures.NAMES:
                self.servers[name] = Server(binary, where, name, bodies[name])
            keep_store(self.servers["jetstream"].port)
        except BaseException:
            self.stop()
            raise

    def environment(self):
        env = {
            f"URL_{name.upper()}": f"nats://127.0.0.1:{s.port}" for name, s in self.servers.items()
        }
        env.update({f"MONITOR_{name.upper()}": str(s.http) for name, s in self.servers.items()})
        env["CERTS"] = str(self.secrets.certs)
        # Where programs in Python find `driver`.
        env["PYTHONPATH"] = str(Path(__file__).resolve().parent)
        env["NKEY_SEED"], env["NKEY_OTHER_SEED"] = self.secrets.seed, self.secrets.other_seed
        return {**os.environ, **env}

    def control(self, order):
        """Carries out `@restart NAME` or `@ldm NAME`, as a program asked on its output."""
        verb, _, name = order.partition(" ")
        actions = {"@restart": Server.restart, "@ldm": Server.lame_duck}
        actions[verb](self.servers[name])

    def stop(self):
        for server in self.servers.values():
            server.stop()
