"""Runs the `nats` command and nats-top, waits for what they do, evens out their output."""

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from driver import monitoring_port, password, url

TOOLS = Path(sys.argv[1])
PATIENCE_S = 20

# Contexts and history of whoever runs this must not matter, nor what he left in the environment.
ENV = {k: v for k, v in os.environ.items() if not k.startswith("NATS_")}
ENV.update(HOME=os.getcwd(), XDG_CONFIG_HOME=os.getcwd(), NO_COLOR="1", TZ="UTC")


def login(user, secret=None):
    return ["--user", user, "--password", secret or password(user)]


ADMIN = login("admin")
LIMITED = login("limited")


def even(text):
    """Without what differs from run to run: times of day, durations, rates."""
    text = re.sub(r"(?m)^\d\d:\d\d:\d\d ", "", text)
    text = re.sub(r"\b\d[\d.,]*(ns|µs|us|ms|s)\b", "TIME", text)
    text = re.sub(r"=\d+\.\d+s", "=TIME", text)
    text = re.sub(r"\b\d[\d.,]* (?:[KMG]i)?(msgs/sec|B/sec)", r"RATE \1", text)
    return " / ".join(" ".join(line.split()) for line in text.splitlines() if line.strip())


def words(fixture, *args):
    return [TOOLS / "nats", "--server", url(fixture), *args]


def nats(fixture, *args, stdin=None):
    """Output of one command, messages first, with its exit status if that is not 0."""
    done = subprocess.run(
        words(fixture, *args),
        input=stdin if stdin is not None else b"",
        capture_output=True,
        env=ENV,
        timeout=PATIENCE_S,
    )
    out = even(done.stdout.decode()) + " | " + even(done.stderr.decode())
    return out + (f" status {done.returncode}" if done.returncode else "")


def quietly(fixture, *args, stdin=None):
    """Runs a command that must succeed."""
    done = subprocess.run(
        words(fixture, *args),
        input=stdin if stdin is not None else b"",
        capture_output=True,
        env=ENV,
        timeout=PATIENCE_S,
    )
    if done.returncode:
        raise RuntimeError(f"{args}: {done.stderr.decode()}")
    return done.stdout


def monitor(fixture, path):
    address = f"http://127.0.0.1:{monitoring_port(fixture)}{path}"
    with urllib.request.urlopen(address, timeout=PATIENCE_S) as answer:
        return json.load(answer)


def subscriptions(fixture, subject):
    """How many subscriptions to `subject` the server's connections hold."""
    connections = monitor(fixture, "/connz?subs=1")["connections"]
    return sum(c.get("subscriptions_list", []).count(subject) for c in connections)


class Background:
    """A command that runs beside the others: a subscriber or a service."""

    def __init__(self, fixture, *args, ready=None):
        before = subscriptions(fixture, ready) if ready else 0
        self.child = subprocess.Popen(
            words(fixture, *args),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=ENV,
        )
        deadline = time.monotonic() + PATIENCE_S
        while ready and subscriptions(fixture, ready) == before:
            if time.monotonic() > deadline or self.child.poll() is not None:
                raise RuntimeError(f"{args} did not subscribe: {self.stop()}")
            time.sleep(0.02)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def wait(self):
        """(messages, log) of a command that ends by itself."""
        try:
            out, log = self.child.communicate(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            raise RuntimeError(f"still running: {self.stop()}") from None
        return out, log.decode()

    def text(self):
        out, log = self.wait()
        return even(out.decode()) + " | " + even(log)

    def stop(self):
        if self.child.poll() is None:
            self.child.kill()
        out, log = self.child.communicate()
        return even(out.decode(errors="replace")) + " | " + even(log.decode())


def top(*args):
    done = subprocess.run(
        [TOOLS / "nats-top", *args],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=ENV,
        timeout=PATIENCE_S,
    )
    return done
