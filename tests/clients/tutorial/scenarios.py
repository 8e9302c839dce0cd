"""Runs the tutorial programs together and prints `name: outcome` per scenario.

The argument is the directory that holds the built programs.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from driver import failure, order, report, url

PROGRAMS = Path(sys.argv[1])
PATIENCE_S = 10
ENV = {**os.environ, "NATS_URL": url("plain")}


def run(name, *args, env=ENV):
    done = subprocess.run(
        [PROGRAMS / name, *args], capture_output=True, text=True, env=env, timeout=PATIENCE_S
    )
    said = " / ".join((done.stdout + done.stderr).splitlines())
    return said + (f" status {done.returncode}" if done.returncode else "")


class Running:
    """A program that listens until it is interrupted; its lines are collected."""

    def __init__(self, name, *args):
        self.child = subprocess.Popen(
            [PROGRAMS / name, *args],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=ENV,
        )
        self.lines, self.more = [], threading.Condition()
        self.reader = threading.Thread(target=self.read)
        self.reader.start()
        self.wait_for(1)

    def read(self):
        for line in self.child.stdout:
            with self.more:
                self.lines.append(line.rstrip())
                self.more.notify_all()

    def wait_for(self, count):
        with self.more:
            self.more.wait_for(lambda: len(self.lines) >= count, PATIENCE_S)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """Interrupts the program; everything it printed after `listening`."""
        self.child.send_signal(signal.SIGINT)
        try:
            self.child.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.child.kill()
        self.reader.join()
        return self.lines[1:]


def publish_and_subscribe():
    with Running("subscriber", "greetings.en") as one, Running(
        "subscriber", "greetings.>"
    ) as every:
        said = run("publisher", "greetings.en", "hello", "good morning")
        run("publisher", "greetings.fr", "bonjour")
        one.wait_for(3)
        every.wait_for(4)
        return f"{said}; {one.stop()}; {every.stop()}"


def request_and_reply():
    with Running("responder", "mirror.*"):
        return "; ".join(
            [
                run("requester", "mirror.a", "hello"),
                run("requester", "mirror.b", "again"),
                run("requester", "nowhere", "x"),
            ]
        )


def queue_group():
    with Running("subscriber", "jobs") as all_jobs:
        workers = [Running("worker", "jobs", "crew") for _ in range(3)]
        run("publisher", "jobs", *[f"job {i}" for i in range(30)])
        all_jobs.wait_for(31)
        deadline = time.monotonic() + PATIENCE_S
        while sum(len(w.lines) - 1 for w in workers) < 30 and time.monotonic() < deadline:
            time.sleep(0.01)
        shares = [w.stop() for w in workers]
        done = sorted(job for share in shares for job in share)
        seen = len(all_jobs.stop())
        return f"done={len(done)} distinct={len(set(done))} idle={shares.count([])} seen={seen}"


def server_restart():
    with Running("subscriber", "later") as sub, Running("worker", "later", "crew") as worker:
        run("publisher", "later", "before")
        order("restart", "plain")
        # Both come back in their own time: publish until each has heard of it.
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline and not (len(sub.lines) > 2 and len(worker.lines) > 2):
            run("publisher", "later", "after")
        return f"{sorted(set(sub.stop()))} {sorted(set(worker.stop()))}"


def nobody_there():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return run(
            "publisher",
            "x",
            "y",
            env={**ENV, "NATS_URL": f"nats://127.0.0.1:{held.getsockname()[1]}"},
        )


def orders():
    env = {**os.environ, "NATS_URL": url("jetstream")}
    said = [run("orders", "publish", "25", env=env), run("orders", "fetch", env=env)]
    order("restart", "jetstream")
    said += [run("orders", *words, env=env) for words in [["fetch"]] * 3 + [["delete"]]]
    return "; ".join(said)


for scenario in (
    publish_and_subscribe,
    request_and_reply,
    queue_group,
    server_restart,
    nobody_there,
    orders,
):
    try:
        outcome = scenario()
    except Exception as error:
        outcome = failure(error)
    report(scenario, outcome)
