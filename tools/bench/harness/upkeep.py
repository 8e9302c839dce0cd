"""Scenarios of streams beside their load: recovery, memory, and what long work costs others."""
import contextlib
import json
import os
import time

from client import Client
from scenarios import add
from server import Failed
from stores import FILL, make, settings

NEIGHBOUR = {"name": "NEIGHBOUR", "subjects": ["neighbour"], "storage": "file",
             "max_bytes": 256 << 20}
RATE = 2000
TURN_LIMIT = "0.005"  # seconds, a bound of the histogram
PAGE = 100_000  # subjects of a page of STREAM.INFO
PATIENCE = 300
NEARLY = 0.97


def fill(run, msgs, subjects, **more):
    return run.measured("store", msgs=msgs, subjects=subjects, **{**FILL, **more})


def opened(run, subject, at_least):
    """Milliseconds from the start of the process to the first STREAM.INFO, and to the last message
    of a subject."""
    with Client(run.server.port) as client:
        info = client.api_patiently("STREAM.INFO.BENCH0")
        informed = time.monotonic()
        client.api("STREAM.MSG.GET.BENCH0", {"last_by_subj": subject})
        got = time.monotonic()
    if info["state"]["messages"] < at_least:
        raise Failed(f"{info['state']['messages']} messages are left of {at_least}")
    return [(moment - run.server.begun) * 1e3 for moment in (informed, got)]


def log_used(run):
    return run.server.metrics().get("anabranch_wal_used_bytes")


def kill_at_its_worst(run, subjects):
    """Publishes on, and kills the server when its log is about as full as it was at most within
    some seconds, or after them where there is none. Gives how full that was, in bytes."""
    words = run.load_words("store", msgs=1 << 40, subjects=subjects, **FILL)
    child = run.spawn(*words)
    begin, most = time.monotonic(), 0
    learning = run.lasting(10)
    while (took := time.monotonic() - begin) < 3 * learning:
        used = log_used(run)
        if used is None and took > learning / 2:
            break
        most = max(most, used or 0)
        if took > learning and used >= NEARLY * most:
            break
        if child.poll() is not None:
            raise Failed(f"the load ended: {os.pread(child.out.fileno(), 1000, 0)}")
        time.sleep(0.002)
    run.server.kill()
    child.kill()
    child.wait()
    return used


def recovery(subjects):
    """10M messages, the end by SIGTERM, a start; then kill -9 under load, and a start."""

    def function(run):
        make(run)
        msgs, names = run.scaled(10e6), run.scaled(subjects)
        fill(run, msgs, names)
        run.settle(2)
        subject = "bench.0.7.7"
        run.server.stop()
        run.server.start()
        term = opened(run, subject, msgs)
        used = kill_at_its_worst(run, names)
        run.server.start()
        kill = opened(run, subject, msgs)
        figures = {
            "term_info_ms": term[0], "term_get_ms": term[1],
            "kill_info_ms": kill[0], "kill_get_ms": kill[1],
        }
        return figures if used is None else {**figures, "log_mib": used / 2**20}

    return function


def memory(subjects):
    """Resident memory of a stream with one message for each of so many subjects."""

    def function(run):
        make(run)
        names = run.scaled(subjects)
        figures = fill(run, names, names)
        run.settle(5)
        published, peak = run.server.memory_kib(), run.server.memory_kib("VmHWM")
        run.server.stop()
        run.server.start()
        opened(run, "bench.0.7.7", names)
        run.settle(5)
        return {
            "cpu": figures["cpu"],
            "rate": figures["rate"],
            "rss_mib": published / 1024,
            "rss_peak_mib": peak / 1024,
            "rss_restart_mib": run.server.memory_kib() / 1024,
        }

    return function


# -- long work beside a neighbour


def slow_turns(metrics):
    """Turns of the shard that took longer than they may; None if the server counts none."""
    name = "anabranch_shard_turn_seconds"
    if f"{name}_count" not in metrics:
        return None
    return metrics[f"{name}_count"] - metrics[f'{name}_bucket{{le="{TURN_LIMIT}"}}']


@contextlib.contextmanager
def watched(run, seconds):
    """A neighbour's acknowledgements for as long as the block lasts, and `seconds` at least."""
    with run.beside("neighbour", rate=RATE) as figures:
        end = time.monotonic() + max(0.05, run.lasting(seconds))
        yield figures
        time.sleep(max(0.0, end - time.monotonic()))


def turns(work, rounds=1, prepare=None):
    """A stream of a million subjects with `rounds` messages each. `work(client, subjects)` is what
    the neighbour has to put up with."""

    def function(run):
        make(run)
        subjects = run.scaled(1e6)
        fill(run, subjects * rounds, subjects)
        with Client(run.server.port, PATIENCE) as client:
            client.api("STREAM.CREATE.NEIGHBOUR", NEIGHBOUR)
            if prepare:
                prepare(client, subjects)
            run.settle(2)
            before = slow_turns(run.server.metrics())
            with watched(run, 2) as quiet:
                pass
            with watched(run, 2) as near:
                begin = time.monotonic()
                work(client, subjects)
                took = time.monotonic() - begin
        figures = {
            "op_ms": took * 1e3,
            "quiet_p99": quiet["lat_us"]["p99"],
            "near_p99": near["lat_us"]["p99"],
            "near_max": near["lat_us"]["max"],
        }
        return {**figures, **of_turns(run, before)}

    return function


def of_turns(run, before):
    """What the histogram of turns says; at full length a slow one is a failure."""
    metrics = run.server.metrics()
    after = slow_turns(metrics)
    if after is None:
        return {}
    longest = metrics["anabranch_shard_turn_max_seconds"] * 1e3
    figures = {
        "slow_turns": after - before, "fill_slow_turns": before, "turn_max_ms": longest,
    }
    if after and run.scale >= 1:
        figures["broken"] = (
            f"{after:.0f} turns over 5 ms, {before:.0f} of them while filling; "
            f"the longest took {longest:.1f} ms"
        )
    return figures


def purge(client, question, expected):
    purged = client.api("STREAM.PURGE.BENCH0", question)["purged"]
    if purged != expected:
        raise Failed(f"{purged} purged instead of {expected}")


def left(client, messages):
    """Waits until a stream has so many messages."""
    end = time.monotonic() + PATIENCE
    while client.api("STREAM.INFO.BENCH0")["state"]["messages"] > messages:
        if time.monotonic() > end:
            raise Failed(f"the stream does not shrink to {messages} messages")
        time.sleep(0.02)


def tenth(subjects, digit):
    """Of the subjects 0 to `subjects`, those that end with a digit."""
    return (subjects - digit + 9) // 10


def purge_filters(client, subjects):
    first = tenth(subjects, 3)
    purge(client, {"filter": "bench.0.3.>"}, first)
    purge(client, {"filter": "bench.0.*.*"}, subjects - first)


def purge_up_to(client, subjects):
    purge(client, {"seq": subjects // 2 + 1}, subjects // 2)


def purge_but(client, subjects):
    purge(client, {"keep": 100}, subjects - 100)


def one_per_subject(client, subjects):
    client.api("STREAM.UPDATE.BENCH0", settings(max_msgs_per_subject=1))
    left(client, subjects)


def expire(client, _):
    client.api("STREAM.UPDATE.BENCH0", settings(max_age=1_000_000_000))
    left(client, 0)


def leave_gaps(client, subjects):
    purge(client, {"filter": "bench.0.3.>"}, tenth(subjects, 3))


def describe(client, subjects):
    """All pages of all subjects, with the sequences of what is deleted."""
    for offset in range(0, subjects - tenth(subjects, 3), PAGE):
        question = {"subjects_filter": ">", "deleted_details": True, "offset": offset}
        answer = client.request("$JS.API.STREAM.INFO.BENCH0", json.dumps(question).encode())
        # parsing megabytes would take the processor from the neighbour
        if b'"error"' in answer[:200] or b'"subjects":{' not in answer:
            raise Failed(f"no subjects in {answer[:300]!r}")


def add_all():
    add("store.recovery.10M", recovery(1e3), streams=True)
    add("store.recovery.10M.1Msubjects", recovery(1e6), streams=True)
    add("mem.subjects.1M", memory(1e6), streams=True)
    add("mem.subjects.10M", memory(10e6), streams=True)
    add("store.turns.purge.filter", turns(purge_filters), streams=True)
    add("store.turns.purge.seq", turns(purge_up_to), streams=True)
    add("store.turns.purge.keep", turns(purge_but), streams=True)
    add("store.turns.per_subject", turns(one_per_subject, rounds=2), streams=True)
    add("store.turns.info", turns(describe, prepare=leave_gaps), streams=True)
    add("store.turns.expiry", turns(expire), streams=True)


add_all()
