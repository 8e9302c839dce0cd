"""Consumers, what needs them of buckets, and object stores with the `nats` command."""

import json
import re
from pathlib import Path

from harness import nats, quietly
from streams import JS, publish, scrub, stream, told

FIELDS = """
--ack explicit --backoff none --deliver 2 --description wide --filter many.a --filter many.b
--headers-only --max-deliver 5 --max-pending 9 --max-waiting 7 --max-pull-batch 10
--max-pull-expire 1m --max-pull-bytes 1000 --pull --replay original --sample 50 --wait 5s
--inactive-threshold 1h --memory --replicas 1 --metadata owner:cli
""".split()
PULL = ["--pull", "--defaults"]


def settled(text):
    """Without random names, and without how long ago something was."""
    text = re.sub(r"(Ephemeral|Consumer) \b[A-Za-z0-9]{8}\b", r"\1 NAME", text)
    text = re.sub(r"\b(never|now|less than a second|\d+ (milli)?seconds?)\b", "AGO", text)
    text = re.sub(r"\[\d\d:\d\d:\d\d\]", "[TIME]", text)
    return re.sub(r"\b\d+[dh]\d+[hm](\d+m)?(\d+s)?\b", "LEFT", text)


def said(*commands):
    return settled(told(*commands))


def consumer_add():
    Path("consumer.json").write_text(
        json.dumps({"durable_name": "GIVEN", "ack_policy": "explicit", "max_ack_pending": 5})
    )
    with stream("MANY", "many.*"):
        publish("many.a", "1", "2", "3")
        push = ["--target", "to.here", "--heartbeat", "5s", "--flow-control", "--defaults"]
        return said(
            ["consumer", "add", "MANY", "FULL", *FIELDS, "--defaults"],
            ["consumer", "add", "MANY", "PLAIN", *PULL],
            ["consumer", "add", "MANY", "PUSH", *push],
            ["consumer", "add", "MANY", "--config", "consumer.json"],
            ["consumer", "add", "MANY", "LAST", "--deliver", "last", *PULL],
            ["consumer", "add", "MANY", "NEW", "--deliver", "new", *PULL],
            ["consumer", "add", "MANY", "EACH", "--deliver", "subject", *PULL],
            ["consumer", "add", "MANY", "BACK", "--backoff", "linear", "--backoff-steps", "3",
             "--backoff-min", "1s", "--backoff-max", "9s", "--max-deliver", "5", *PULL],
            ["consumer", "add", "MANY", "PINNED", "--pinned-groups", "g", *PULL],
            ["consumer", "add", "MANY", "OVER", "--overflow-groups", "g", *PULL],
            ["consumer", "add", "MANY", "PLAIN", "--filter", "other", *PULL],
            ["consumer", "add", "MANY", "a.b", *PULL],
            ["consumer", "add", "NONE", "PLAIN", *PULL],
            ["consumer", "copy", "MANY", "PLAIN", "COPY", "--description", "copied"],
            ["consumer", "info", "MANY", "FULL", "--json"],
            ["consumer", "ls", "MANY"],
            ["consumer", "ls", "MANY", "--names"],
        )


def consumer_edit():
    with stream("EDITS", "edits"):
        publish("edits", "1", "2")
        quietly(JS, "consumer", "add", "EDITS", "C", *PULL)
        return said(
            ["consumer", "edit", "EDITS", "C", "-f", "--description", "changed", "--wait", "9s"],
            ["consumer", "edit", "EDITS", "C", "-f", "--max-deliver", "7"],
            ["consumer", "edit", "EDITS", "C", "-f", "--max-deliver", "7"],
            ["consumer", "edit", "EDITS", "NONE", "-f", "--max-deliver", "7"],
            ["consumer", "pause", "EDITS", "C", "2199-01-01 00:00:00", "-f"],
            ["consumer", "info", "EDITS", "C"],
            ["consumer", "resume", "EDITS", "C", "-f"],
            ["consumer", "state", "EDITS", "C"],
            ["consumer", "reset", "EDITS", "C", "-f"],
            ["consumer", "rm", "EDITS", "C", "-f"],
            ["consumer", "rm", "EDITS", "C", "-f"],
        )


def consumer_next():
    with stream("NEXT", "next.*"):
        publish("next.a", "1", "2", "3", "4", "5", "6")
        quietly(JS, "consumer", "add", "NEXT", "C", "--ack", "explicit", *PULL)
        return said(
            ["consumer", "next", "NEXT", "C"],
            ["consumer", "next", "NEXT", "C", "--count", "2", "--raw"],
            ["consumer", "next", "NEXT", "C", "--nak"],
            ["consumer", "next", "NEXT", "C", "--term"],
            ["consumer", "next", "NEXT", "C", "--no-ack"],
            ["consumer", "info", "NEXT", "C"],
            ["consumer", "next", "NEXT", "C", "--raw"],
            ["consumer", "next", "NEXT", "NONE", "--timeout", "1s"],
        )


def consumer_report():
    with stream("REPORT", "report"):
        publish("report", "1", "2", "3")
        for name in ("A", "B"):
            quietly(JS, "consumer", "add", "REPORT", name, "--ack", "explicit", *PULL)
        quietly(JS, "consumer", "next", "REPORT", "A", "--no-ack")
        return said(
            ["consumer", "report", "REPORT"],
            ["consumer", "find", "REPORT", "--pull"],
            ["consumer", "find", "REPORT", "--ack-pending", "1"],
            ["consumer", "find", "REPORT", "--push"],
            ["stream", "info", "REPORT", "--state"],
        )


def stream_view():
    """Reading a stream by consumers that the command makes for itself."""
    with stream("VIEW", "view.*"):
        publish("view.a", "1", "2", "3")
        publish("view.b", "4")
        sub = ["sub", "--stream", "VIEW", "--wait", "1s", "--count"]
        return said(
            [*sub, "4", "view.>", "--all", "--raw"],
            [*sub, "1", "view.>", "--last", "--raw"],
            [*sub, "2", "view.>", "--last-per-subject", "--raw"],
            [*sub, "2", "view.a", "--start-sequence", "2", "--raw"],
            ["stream", "get", "VIEW", "2"],
        )


def kv_watching():
    quietly(JS, "kv", "add", "SEEN", "--history", "3")
    try:
        for verb, *more in (["put", "a", "1"], ["put", "a", "2"], ["put", "c", "3"]):
            quietly(JS, "kv", verb, "SEEN", *more)
        quietly(JS, "kv", "del", "SEEN", "c", "-f")
        out = said(
            ["kv", "history", "SEEN", "a"],
            ["kv", "history", "SEEN", "none"],
            ["kv", "ls", "SEEN"],
            ["kv", "ls", "SEEN", "-v"],
            ["kv", "ls", "NONE"],
            ["kv", "info", "SEEN"],
            ["kv", "revert", "SEEN", "a", "1", "--force"],
            ["kv", "compact", "SEEN", "-f"],
            ["kv", "history", "SEEN", "c"],
            ["kv", "history", "SEEN", "a"],
        )
        return out
    finally:
        nats(JS, "kv", "del", "SEEN", "-f")


def object_store():
    Path("small.txt").write_text("small content")
    Path("large.bin").write_bytes(bytes((i * 7 + i // 251) & 255 for i in range(1 << 20)))
    try:
        out = said(
            ["object", "add", "THINGS", "--description", "things", "--ttl", "1h"],
            ["object", "add", "THINGS"],
            ["object", "put", "THINGS", "small.txt", "--no-progress", "--description", "one"],
            ["object", "put", "THINGS", "large.bin", "--no-progress", "--name", "large"],
            ["object", "put", "THINGS", "small.txt", "--no-progress", "--force"],
            ["object", "ls"],
            ["object", "ls", "THINGS"],
            ["object", "info", "THINGS"],
            ["object", "info", "THINGS", "small.txt"],
            ["object", "get", "THINGS", "large", "-O", "back.bin", "--no-progress", "--force"],
            ["object", "get", "THINGS", "none"],
            ["object", "del", "THINGS", "small.txt", "-f"],
            ["object", "ls", "THINGS"],
            ["object", "seal", "THINGS", "-f"],
            ["object", "put", "THINGS", "small.txt", "--no-progress"],
            ["object", "info", "NONE"],
            ["object", "del", "THINGS", "-f"],
            ["object", "del", "THINGS", "-f"],
        )
        same = Path("back.bin").read_bytes() == Path("large.bin").read_bytes()
        return re.sub(r"\d[\d.]* ?(B|KiB|MiB)/s", "RATE", out) + f" same={same}"
    finally:
        nats(JS, "object", "del", "THINGS", "-f")


def bench_consumers():
    """What was done and how many of it, without how fast."""
    with stream("BENCHED", "benched.>"):
        many = ["--msgs", "300", "--size", "64", "--no-progress"]
        of = ["--stream", "BENCHED", *many]
        out = []
        quietly(JS, "kv", "add", "BENCHKV")
        for name, acks in (("EACH", "explicit"), ("ALL", "all"), ("NONE", "none")):
            quietly(JS, "consumer", "add", "BENCHED", name, "--ack", acks, *PULL)
        for words in (
            ["js", "pub", "async", "benched.cli", *of],
            ["js", "ordered", *of],
            ["js", "consume", *of, "--consumer", "EACH"],
            ["js", "consume", *of, "--consumer", "ALL", "--acks", "all"],
            ["js", "fetch", *of, "--consumer", "NONE", "--acks", "none", "--batch", "50"],
            ["js", "fetch", *of, "--batch", "50", "--doubleack"],
            ["kv", "put", "--bucket", "BENCHKV", *many],
            ["kv", "get", "--bucket", "BENCHKV", *many],
        ):
            told = scrub(nats(JS, "bench", *words))
            out.append(re.sub(r"(min|avg|max|P[\d.]+): TIME", r"\1", told))
        nats(JS, "kv", "del", "BENCHKV", "-f")
        return settled("; ".join(out))


def check_consumer():
    with stream("CHECKED", "checked"):
        publish("checked", "1", "2")
        quietly(JS, "consumer", "add", "CHECKED", "C", "--ack", "explicit", *PULL)
        quietly(JS, "consumer", "next", "CHECKED", "C", "--no-ack")
        check = ["server", "check", "consumer", "--stream", "CHECKED", "--consumer"]
        return said(
            [*check, "C"],
            [*check, "C", "--outstanding-ack-critical", "0", "--unprocessed-critical", "0"],
            [*check, "C", "--waiting-critical", "5", "--redelivery-critical", "2"],
            [*check, "NONE"],
        )


SCENARIOS = [
    consumer_add,
    consumer_edit,
    consumer_next,
    consumer_report,
    stream_view,
    kv_watching,
    object_store,
    bench_consumers,
    check_consumer,
]
