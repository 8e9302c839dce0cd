"""Scenarios with `nats bench`, whose clients cost more than the server they load: here it is the
server's CPU that tells, not the rate."""
import re
import signal
import time

from run import Run
from scenarios import add
from server import Failed

LATENCY = {"P50": "p50", "P99": "p99", "P99.9": "p999"}


def words(run, *rest):
    url = f"nats://127.0.0.1:{run.server.port}"
    return [run.tools.cli, "--no-context", "-s", url, "bench", *rest, "--no-progress"]


def parsed(text, msgs):
    """Figures of what `nats bench` prints."""
    rates = re.findall(r"aggregated stats: ([\d,]+) msgs/sec", text)
    rates = rates or re.findall(r"stats: ([\d,]+) msgs/sec", text)
    if not rates:
        raise Failed(f"no figure in: {text[-800:]}")
    latencies = {
        LATENCY[name]: float(value.replace(",", ""))
        for name, value in re.findall(r"\b(P50|P99|P99\.9):? ([\d.,]+)us", text)
    }
    return {"msgs": msgs, "rate": float(rates[-1].replace(",", "")), "lat_us": latencies}


def publish(msgs, size, clients):
    def function(run: Run):
        n = run.scaled(msgs)
        rest = ("pub", "foo", "--size", size, "--clients", clients, "--msgs", n)

        def load():
            result = parsed(run.reap(run.spawn(*words(run, *rest))), n)
            return {**result, "lat_us": {}}  # of copying into the client's own buffer

        return run.measured_commands(load)

    return function


def pubsub(msgs, size, pubs, subs):
    def function(run: Run):
        n = run.scaled(msgs)
        common = ("foo", "--msgs", n, "--size", size)

        def load():
            listening = run.spawn(*words(run, "sub", *common, "--clients", subs))
            time.sleep(0.6)  # the command does not say when it has subscribed
            run.reap(run.spawn(*words(run, "pub", *common, "--clients", pubs)))
            result = parsed(run.reap(listening), n)
            # every subscribing client counts all messages
            return {**result, "rate": result["rate"] / subs, "lat_us": {}}

        return run.measured_commands(load)

    return function


def requests(msgs, clients):
    def function(run: Run):
        n = run.scaled(msgs)

        def load():
            serving = run.spawn(*words(run, "service", "serve", "svc", "--size", 128))
            time.sleep(0.6)
            rest = ("service", "request", "svc", "--size", 128, "--clients", clients, "--msgs", n)
            text = run.reap(run.spawn(*words(run, *rest)))
            run.reap(serving, 20, signal.SIGINT)
            return parsed(text, n)

        return run.measured_commands(load)

    return function


def add_all():
    for size, msgs in ((16, 1e7), (128, 1e7), (1024, 3e6)):
        for clients in (1, 4):
            add(f"cli.pub.{size}B.{clients}c", publish(msgs, size, clients), cli=True)
    for size, msgs in ((16, 2e6), (128, 2e6), (1024, 8e5)):
        add(f"cli.pubsub.{size}B.1:1", pubsub(msgs, size, 1, 1), cli=True)
    add("cli.pubsub.128B.1:4", pubsub(8e5, 128, 1, 4), cli=True)
    add("cli.pubsub.128B.4:4", pubsub(8e5, 128, 4, 4), cli=True)
    add("cli.reqrep.128B.1c", requests(2e4, 1), cli=True)
    add("cli.reqrep.128B.4c", requests(4e4, 4), cli=True)


add_all()
