"""The scenarios: what is loaded, and how.

A scenario is a function of a `Run` that gives a dict of figures. Its name is what `--only`
matches. Figures `cpu` and `rate` count published messages or requests; those of `fan.*` count
deliveries, since one message is a thousand of them there.
"""
import statistics
import time
from dataclasses import dataclass
from typing import Callable

# Bytes that a fan-out may have on its way to all receivers together; a server cuts off a
# receiver with 64 MiB pending, and the benchmark is not about that.
FAN_WINDOW = 64 << 20
FAN_SIZE = 128
PAIR_RATE = 500


@dataclass
class Scenario:
    name: str
    function: Callable
    tls: bool = False
    cli: bool = False
    streams: bool = False
    always: bool = False


SCENARIOS = []


def add(name, function, **kind):
    SCENARIOS.append(Scenario(name, function, **kind))


def loaded(mode, msgs, **options):
    """A load of `msgs` messages, after a warm-up of a tenth."""

    def function(run):
        n = run.scaled(msgs)
        run.load(mode, msgs=max(100, n // 10), **options)
        return run.measured(mode, msgs=n, **options)

    return function


def add_publish():
    for size, msgs in ((16, 16e6), (128, 10e6), (1024, 3e6)):
        for clients in (1, 4):
            add(f"pub.{size}B.{clients}c", loaded("pub", msgs, size=size, pubs=clients))


def add_pubsub():
    for size, msgs in ((16, 4e6), (128, 3e6), (1024, 1e6), (16384, 1e5)):
        for pubs, subs in ((1, 1), (1, 4), (4, 4)):
            n = msgs if subs == 1 else msgs / 2
            load = loaded("pubsub", n, size=size, pubs=pubs, subs=subs)
            add(f"pubsub.{size}B.{pubs}:{subs}", load)
    for pubs, subs in ((1, 1), (1, 4), (4, 4)):
        load = loaded("pubsub", 1e6, size=128, pubs=pubs, subs=subs)
        add(f"pubsub.128B.{pubs}:{subs}.tls", load, tls=True)
    for size in (16, 128):
        for pubs in (1, 4):
            load = loaded("pubsub", 2e6, size=size, pubs=pubs, subs=4, queue=True)
            add(f"queue.{size}B.{pubs}:4", load)
    add("subjects.128B.10k", loaded("pubsub", 2e6, size=128, subjects=10_000))


def add_requests():
    add("reqrep.128B.1", loaded("reqrep", 5e4, size=128))
    add("reqrep.128B.64", loaded("reqrep", 8e5, size=128, inflight=64))
    add("reqrep.128B.4x4.32", loaded("reqrep", 8e5, size=128, pubs=4, subs=4, inflight=32))


def open_loop(rate):
    def function(run):
        secs = 3 if run.scale >= 1 else 1
        rate_now = rate if run.scale >= 0.1 else rate // 10
        run.load("lat", rate=rate_now, secs=1, size=128)
        return run.measured("lat", rate=rate_now, secs=secs, size=128)

    return function


def fan(pubs, subs, deliveries, rate=0):
    """`rate` messages per second of all publishers; 0 is as many as the window lets through."""

    def function(run):
        msgs = max(20, int(deliveries * run.scale / subs))
        frame = FAN_SIZE + 32
        options = {
            "size": FAN_SIZE, "pubs": pubs, "subs": subs, "rate": rate, "pair": PAIR_RATE,
            "window": max(16, (FAN_WINDOW if subs > 1 else FAN_WINDOW // 4) // (frame * subs)),
        }
        if pubs > 1:
            options["burst"] = 8  # many publishers send a little each
        return run.measured("fanout", msgs=msgs, **options)

    return function


def add_fans():
    # deliveries, and a rate that leaves both servers room, for the neighbour's latency
    shapes = (
        (1, 100, 8e6, 2_000), (1, 1000, 8e6, 200), (1, 10_000, 3e6, 20), (1000, 1, 4e6, 100_000),
    )
    for pubs, subs, deliveries, rate in shapes:
        name = f"fan.{pubs}:{subs}"
        paced = rate * subs * 4  # four seconds of it
        add(name, fan(pubs, subs, deliveries))
        add(f"{name}.tls", fan(pubs, subs, deliveries / 4), tls=True)
        add(f"{name}.paced", fan(pubs, subs, paced, rate))
        add(f"{name}.paced.tls", fan(pubs, subs, paced / 2, rate // 2), tls=True)


def churn(standing, **traffic):
    """10,000 SUBs and as many UNSUBs per second beside full traffic. The same traffic runs with
    and without them by turns, so that a drift of the machine touches both."""

    def function(run):
        n = run.scaled(3e6)

        def measured():
            return run.measured("pubsub", msgs=n, size=128, **traffic)

        def turns():
            quiet, busy, latencies = [], [], []
            run.load("pubsub", msgs=max(1000, n // 10), size=128, **traffic)
            for _ in range(2):
                quiet.append(measured())
                with run.beside("churn", rate=10_000) as figures:
                    busy.append(measured())
                latencies.append(figures["lat_us"])
            before = statistics.mean(x["cpu"] for x in quiet)
            beside = statistics.mean(x["cpu"] for x in busy)
            return {
                **busy[-1],
                "cpu": beside,
                "rate": statistics.mean(x["rate"] for x in busy),
                # nothing was measurable when even the quiet run took no tick
                "cpu_rise_pct": (beside / before - 1) * 100 if before else 0.0,
                "sub_pong_p50": statistics.mean(x["p50"] for x in latencies),
                "sub_pong_p99": statistics.mean(x["p99"] for x in latencies),
            }

        if not standing:
            return turns()
        with run.beside("subs", n=run.scaled(standing)):
            return turns()

    return function


def connects(run):
    rate = 1000 if run.scale >= 0.1 else 200
    secs = 4 if run.scale >= 1 else 1
    return run.measured("connects", rate=rate, secs=secs)


def standing(mode, n):
    """Memory per connection or subscription that stands idle."""

    def function(run):
        count = run.scaled(n)
        before, cpu = run.server.memory_kib(), run.server.cpu()
        with run.beside(mode, n=count) as figures:
            time.sleep(2 if run.scale >= 0.1 else 0.2)
            after = run.server.memory_kib()
            cpu = run.server.cpu() - cpu
        return {
            "bytes_each": (after - before) * 1024 / count,
            "rss_mib": after / 1024,
            "cpu": cpu * 1e6 / count,
            "rate": figures["rate"],
        }

    return function


def idle(run):
    time.sleep(2 if run.scale >= 0.1 else 0.2)
    return {"rss_mib": run.server.memory_kib() / 1024}


def first_info(run):
    """From the start of the process to its INFO, ten times over."""
    times = [run.server.start_ms]
    for _ in range(9 if run.scale >= 0.1 else 1):
        run.server.stop()
        run.server.start()
        times.append(run.server.start_ms)
    return {"start_ms": statistics.median(times)}


def binary_size(run):
    return {"binary_mb": run.server.binary().stat().st_size / 1e6}


def add_all():
    add_publish()
    add_pubsub()
    add_requests()
    add("lat.2k", open_loop(2000))
    add("lat.50k", open_loop(50_000))
    add_fans()
    add("churn", churn(0))
    add("churn.1M", churn(1e6))
    add("churn.1M.subjects", churn(1e6, subjects=1000))
    add("connects.1k", connects)
    add("connects.1k.tls", connects, tls=True)
    add("mem.idle", idle)
    add("mem.conns.1k", standing("conns", 1000))
    add("mem.conns.9k", standing("conns", 9000))
    add("mem.conns.1k.tls", standing("conns", 1000), tls=True)
    add("mem.subs.1M", standing("subs", 1e6))
    add("binary", binary_size)
    add("start", first_info)


add_all()
