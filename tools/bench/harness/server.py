"""A server under test: one process that this harness started, on ports that the system chose."""
import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
READY_LIMIT = 120
STOP_LIMIT = 60
POLL = 0.0003


class Failed(RuntimeError):
    """A run that gives no figure; the others go on."""


def free_ports(n):
    """Ports that were free a moment ago."""
    sockets = [socket.socket() for _ in range(n)]
    try:
        for s in sockets:
            s.bind(("127.0.0.1", 0))
        return [s.getsockname()[1] for s in sockets]
    finally:
        for s in sockets:
            s.close()


def read_info(port):
    """The INFO that a fresh connection is greeted with."""
    with socket.create_connection(("127.0.0.1", port), 1) as s:
        s.settimeout(5)
        line = b""
        while not line.endswith(b"\n"):
            chunk = s.recv(65536)
            if not chunk:
                raise OSError("closed before INFO")
            line += chunk
    if not line.startswith(b"INFO "):
        raise Failed(f"not a NATS server: {line[:80]!r}")
    return json.loads(line[5:])


def cpu_seconds(pid):
    """User and system time of a process so far; 0 if it has gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICK


class Server:
    """`certs` is a directory with cert.pem and key.pem; it turns TLS on. `streams` turns JetStream
    on, with a fresh directory; `always` makes nats-server sync before it acknowledges."""

    def __init__(self, command, work, certs=None, streams=False, always=False):
        self.command, self.certs, self.streams, self.always = command, certs, streams, always
        self.dir = Path(tempfile.mkdtemp(prefix="run", dir=work))
        self.name = "bench-" + os.urandom(6).hex()
        self.process = self.log = None
        self.start_ms = self.begun = 0.0
        try:
            self.start()
        except BaseException:
            self.clean()
            raise

    def start(self):
        for attempt in range(3):
            try:
                return self._start()
            except ChildProcessError as e:  # another process may have taken the port meanwhile
                if attempt == 2:
                    raise Failed(str(e)) from e
                time.sleep(0.2)

    def _words(self):
        self.port, self.http = free_ports(2)
        lines = [
            f'listen: "127.0.0.1:{self.port}"',
            f'http: "127.0.0.1:{self.http}"',
            f"server_name: {self.name}",
        ]
        if self.streams:
            sync = ", sync_interval: always" if self.always else ""
            lines.append(f'jetstream {{ store_dir: "{self.dir}/store"{sync} }}')
        if self.certs:
            lines.append(
                f'tls {{ cert_file: "{self.certs}/cert.pem", key_file: "{self.certs}/key.pem",'
                " timeout: 20 }"
            )
        config = self.dir / "server.conf"
        config.write_text("\n".join(lines) + "\n")
        words = shlex.split(self.command)
        if "{config}" not in self.command:
            words += ["-c", "{config}"]
        return [w.replace("{config}", str(config)) for w in words]

    def _start(self):
        words = self._words()
        self.log = open(self.dir / "log", "ab")
        begin = self.begun = time.monotonic()
        self.process = subprocess.Popen(
            words, stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL
        )
        info = None
        while info is None:
            if self.process.poll() is not None:
                text = (self.dir / "log").read_text(errors="replace")[-2000:]
                raise ChildProcessError(f"server ended at start: {shlex.join(words)}\n{text}")
            if time.monotonic() - begin > READY_LIMIT:
                raise Failed(f"no INFO after {READY_LIMIT} s")
            try:
                info = read_info(self.port)
            except OSError:
                time.sleep(POLL)
        self.start_ms = (time.monotonic() - begin) * 1e3
        if info.get("server_name") != self.name:
            raise Failed("another server answers on our port, or server_name is not honoured")

    def pids(self):
        """The server process and its descendants."""
        found, todo = [], [self.process.pid]
        while todo:
            pid = todo.pop()
            found.append(pid)
            with contextlib.suppress(OSError):
                children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
                todo += [int(x) for x in children.split()]
        return found

    def cpu(self):
        """User and system seconds so far. Ends the run if the server has gone."""
        if self.process.poll() is not None:
            raise Failed(f"the server ended by itself with {self.process.returncode}")
        return sum(cpu_seconds(pid) for pid in self.pids())

    def memory_kib(self, field="VmRSS"):
        total = 0
        for pid in self.pids():
            with contextlib.suppress(OSError):
                status = Path(f"/proc/{pid}/status").read_text()
                match = re.search(rf"{field}:\s+(\d+)", status)
                total += int(match[1]) if match else 0
        return total

    def metrics(self):
        """The values in `/metrics` by name, labels included; none if there is no such page."""
        url = f"http://127.0.0.1:{self.http}/metrics"
        try:
            with urllib.request.urlopen(url, timeout=10) as page:
                lines = page.read().decode().splitlines()
        except urllib.error.HTTPError:
            return {}
        except OSError as e:
            raise Failed(f"/metrics: {e}") from e
        rows = (line.rpartition(" ") for line in lines if not line.startswith("#"))
        return {name: float(value) for name, _, value in rows}

    def binary(self):
        """The executable, without its symbolic links."""
        return Path(f"/proc/{self.process.pid}/exe").resolve()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_LIMIT)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.log:
            self.log.close()

    def kill(self):
        """kill -9."""
        self.process.kill()
        self.process.wait()
        self.log.close()

    def clean(self):
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)
