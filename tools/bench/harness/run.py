"""One run of one scenario: a server, and clients whose CPU time is summed."""
import contextlib
import json
import math
import os
import subprocess
import tempfile
import time

from server import Failed, cpu_seconds

CLIENT_LIMIT = 900


class Run:
    """What a scenario's function is given. `scale` multiplies message counts."""

    def __init__(self, server, tools, scale):
        self.server, self.tools, self.scale = server, tools, scale
        self.sync_us = math.nan
        self.client_cpu = 0.0
        self.children = []

    def scaled(self, n, least=200):
        return max(least, int(n * self.scale))

    def lasting(self, seconds):
        """How long something takes that lasts so many seconds at full length."""
        return seconds * self.scale

    def settle(self, seconds):
        """Lets a server finish what it does behind the clients' backs."""
        time.sleep(seconds if self.scale >= 0.1 else seconds / 20)

    # -- client processes

    def spawn(self, *words):
        words = [str(w) for w in words]
        out = tempfile.TemporaryFile("w+")
        child = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=out, stderr=subprocess.STDOUT)
        child.out, child.words = out, words
        self.children.append(child)
        return child

    def reap(self, child, limit=CLIENT_LIMIT, sig=None):
        """Waits for a client and returns its output."""
        if sig:
            child.send_signal(sig)
        child.stdin.close()
        end = time.monotonic() + limit
        while True:
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() > end:
                raise Failed(f"client ran past {limit} s: {' '.join(child.words)}")
            time.sleep(0.002)
        child.returncode = os.waitstatus_to_exitcode(status)
        self.client_cpu += usage.ru_utime + usage.ru_stime
        child.out.seek(0)
        text = child.out.read()
        child.out.close()
        if child.returncode and not sig:
            raise Failed(f"client failed: {' '.join(child.words)}\n{text[-1500:]}")
        return text

    def end_children(self):
        """Ends clients that a failed run left behind."""
        for child in self.children:
            if child.returncode is None:
                child.kill()
                child.wait()
            with contextlib.suppress(OSError):
                child.stdin.close()

    # -- the load generator

    def load_words(self, mode, **options):
        words = [self.tools.load, mode, "--addr", f"127.0.0.1:{self.server.port}"]
        if self.server.certs:
            words += ["--ca", f"{self.server.certs}/cert.pem"]
        for key, value in options.items():
            words += ["--" + key.replace("_", "-")] + ([] if value is True else [value])
        return words

    def load(self, mode, **options):
        """Runs a load to its end. Its result holds what the server and the client spent on it,
        opening and closing the connections not counted."""
        child = self.spawn(*self.load_words(mode, gated=True, **options))
        self._lines(child, 1)
        server, client = self.server.cpu(), cpu_seconds(child.pid)
        child.stdin.write(b"\n")
        child.stdin.flush()
        result = self._lines(child, 2, CLIENT_LIMIT)[-1]
        result["server_cpu"] = self.server.cpu() - server
        result["client_cpu"] = cpu_seconds(child.pid) - client
        self.reap(child)
        return result

    @contextlib.contextmanager
    def beside(self, mode, **options):
        """A load that lasts as long as the block. Yields a dict that holds its figures once the
        block has ended."""
        child = self.spawn(*self.load_words(mode, **options))
        self._lines(child, 1)
        figures = {}
        yield figures
        figures.update(json_lines(self.reap(child))[-1])

    def _lines(self, child, n, limit=120):
        """The first `n` lines of figures of a client that goes on running."""
        end = time.monotonic() + limit
        while True:
            # pread, since the child writes through the same file offset
            text = os.pread(child.out.fileno(), 1 << 16, 0).decode(errors="replace")
            found = json_lines(text)
            if len(found) >= n:
                return found
            if child.poll() is not None or time.monotonic() > end:
                raise Failed(f"{' '.join(child.words)} did not get to its figures: {text[-1500:]}")
            time.sleep(0.002)

    # -- measuring

    def figures(self, result):
        """What a finished load says of the server, per million of its messages."""
        server, client, msgs = result["server_cpu"], result["client_cpu"], result["msgs"]
        return {
            "cpu": server * 1e6 / msgs,
            "client_cpu": client * 1e6 / msgs,
            "server_share": server / max(1e-9, server + client),
            "rate": result["rate"],
            "rss_mib": self.server.memory_kib("VmHWM") / 1024,
            **percentiles(result.get("lat_us"), ""),
            **percentiles(result.get("pair_us"), "pair_"),
        }

    def measured(self, mode, **options):
        return self.figures(self.load(mode, **options))

    def measured_commands(self, work):
        """The same for clients of others, which cannot be told when to begin: `work()` starts
        and reaps them, and gives a result."""
        server, self.client_cpu = self.server.cpu(), 0.0
        result = work()
        result["server_cpu"] = self.server.cpu() - server
        result["client_cpu"] = self.client_cpu
        return self.figures(result)


def percentiles(latencies, prefix):
    if not latencies:
        return {}
    return {prefix + k: latencies[k] for k in ("p50", "p99", "p999") if k in latencies}


def json_lines(text):
    """The complete lines that hold figures."""
    complete = text[: text.rfind("\n") + 1]
    return [json.loads(x) for x in complete.splitlines() if x.startswith("{")]
