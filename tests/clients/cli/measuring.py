"""rtt, latency, bench, the health check, nats-top."""

import json
import os
import re
import socket

from driver import url
from harness import ADMIN, TOOLS, Background, even, nats, quietly, top


def rtt():
    data = json.loads(quietly("plain", "rtt", "3", "--json"))
    fields = [sorted(d) + sorted(d["results"][0]) for d in data]
    measured = all(r["rtt"] > 0 for d in data for r in d["results"])
    return f"{nats('plain', 'rtt')}; {fields} measured={measured}"


def latency():
    out = nats("plain", "latency", "--server-b", url("plain"), "--rate", "500", "--duration", "1s")
    # The rates reached vary; that they are reported does not.
    return re.sub(r"(Actual \w+/Sec:) [\d.]+K?", r"\1 N", out)


def bench():
    with Background(
        "plain", "bench", "sub", "bench.cli", "--msgs", "20000", "--no-progress", ready="bench.cli"
    ) as sub:
        published = nats(
            "plain", "bench", "pub", "bench.cli", "--msgs", "20000", "--size", "64", "--no-progress"
        )
        received = sub.text()
    return f"{summary(published)}; {summary(received)}"


def summary(text):
    """What was done and how many of it, without how fast."""
    return re.sub(r"(min|avg|max|P[\d.]+): TIME", r"\1", text)


def bench_service():
    with Background(
        "plain",
        "bench",
        "service",
        "serve",
        "bench.svc",
        "--no-progress",
        "--size",
        "16",
        ready="bench.svc",
    ):
        return summary(
            nats(
                "plain",
                "bench",
                "service",
                "request",
                "bench.svc",
                "--msgs",
                "500",
                "--no-progress",
            )
        )


LENIENT = [
    f"--{what}-{level}=10s" for what in ("connect", "rtt", "req") for level in ("warn", "critical")
]


def check_connection():
    out = [nats("plain", "server", "check", "connection", *LENIENT)]
    for form in ("json", "text", "prometheus"):
        text = nats("plain", "server", "check", "connection", *LENIENT, "--format", form)
        text = re.sub(r"(?<![\d.])\d+(\.\d+)?e-\d+|(?<![\d.])\d+\.\d+(?![\d.])", "N", text)
        out.append(re.sub(r"─+", "─", text))
    return "; ".join(out)


def unused_port():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]


def check_connection_down():
    os.environ["URL_NOBODY"] = f"nats://127.0.0.1:{unused_port()}"
    return nats("nobody", "server", "check", "connection")


def server_info_denied():
    return nats("plain", "server", "info", "--timeout", "1s")


def known_connection():
    """A subscriber with one subscription and three messages, for nats-top to show."""
    sub = Background(
        "noauth", "sub", "guest.top", "--connection-name", "watched", *ADMIN, ready="guest.top"
    )
    quietly("noauth", "pub", "guest.top", "12345", "--count", "3", *ADMIN)
    return sub


def scrub(text):
    """Counters of the whole server and everything timed; the connection's own counters stay."""
    text = re.sub(r"uptime: \S+\)", "uptime)", text)
    text = re.sub(r"N[A-Z0-9]{55}", "ID", text)
    text = re.sub(r"(CPU:,? *)[\d.]+%", r"\1N", text)
    text = re.sub(r"(Memory:,? *)[\d.]+[KMG]?", r"\1N", text)
    text = re.sub(r"(/Sec:,? *)[\d.]+[KMG]?", r"\1N", text)
    text = re.sub(r"127\.0\.0\.1:\d+(,|\s+)\d+\b", "ADDRESS CID", text)
    text = re.sub(r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\S*( \S+ UTC)?", "DATE", text)
    return even(text)


def nats_top():
    with known_connection():
        done = top("-s", "127.0.0.1", "-m", os.environ["MONITOR_NOAUTH"], "-o", "-", "-d", "1")
        return scrub(done.stdout + done.stderr) + f" status {done.returncode}"


def nats_top_csv():
    with known_connection():
        done = top(
            "-s",
            "127.0.0.1",
            "-m",
            os.environ["MONITOR_NOAUTH"],
            "-o",
            "-",
            "-d",
            "1",
            "-l",
            ",",
            "-u",
            "-sort",
            "msgs_to",
        )
        return scrub(done.stdout + done.stderr) + f" status {done.returncode}"


def nats_top_down():
    done = top("-m", str(unused_port()), "-o", "-")
    said = re.sub(r":[0-9]+", ":PORT", (done.stdout + done.stderr).splitlines()[0])
    return f"{said} status {done.returncode}"


assert TOOLS.is_dir()
SCENARIOS = [
    rtt,
    latency,
    bench,
    bench_service,
    check_connection,
    check_connection_down,
    server_info_denied,
    nats_top,
    nats_top_csv,
    nats_top_down,
]
