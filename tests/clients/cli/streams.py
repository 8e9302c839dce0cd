"""Streams and buckets with the `nats` command."""

import json
import re
from contextlib import contextmanager
from pathlib import Path

from harness import even, nats, quietly

JS = "jetstream"


def scrub(text):
    """Without dates, ages and what depends on the width of either."""
    text = re.sub(r"\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?( \+0000 UTC|Z)?", "DATE", text)
    text = re.sub(r"\bN[A-Z0-9]{55}\b", "ID", text)
    text = re.sub(r"─+", "─", text)
    text = re.sub(r"(Client ID|Connected (URL|Address)): \S+", r"\1", text)
    text = re.sub(r"\b[\d.,]+ ([KM]iB|B)/sec", r"RATE \1", text)
    # Two compressors find different lengths for the same bytes, and times have few digits or many.
    text = re.sub(r"[\d.]+ (B|KiB) (compressed data|uncompressed)", r"SIZE \2", text)
    return text


def js(*args, stdin=None):
    return scrub(nats(JS, *args, stdin=stdin))


def told(*commands):
    """What several commands said; each is a list of words."""
    return "; ".join(js(*words) for words in commands)


@contextmanager
def stream(name, *subjects, options=()):
    words = [w for s in subjects for w in ("--subjects", s)]
    quietly(JS, "stream", "add", name, *words, *options, "--defaults")
    try:
        yield name
    finally:
        nats(JS, "stream", "rm", name, "-f")


def publish(subject, *bodies):
    for body in bodies:
        quietly(JS, "pub", subject, body, "--jetstream")


MANY = """
--description wide --storage file --retention limits --discard new --discard-per-subject
--max-age 1h --max-bytes 1MB --max-consumers 7 --max-msg-size 4KB --max-msgs 1000
--max-msgs-per-subject 10 --dupe-window 90s --allow-batch --allow-fast --allow-rollup
--deny-delete --no-deny-purge --allow-direct --allow-msg-ttl --subject-del-markers-ttl 1m
--first-sequence 1000 --transform-source f.* --transform-destination h.{{wildcard(1)}}
--metadata owner:cli --metadata colour:red --republish-source > --republish-destination again.>
--republish-headers --limit-consumer-inactive 1m --limit-consumer-max-pending 50 --replicas 1
--compression s2
""".split()


def stream_add():
    Path("given.json").write_text(
        json.dumps({"name": "GIVEN", "subjects": ["given"], "storage": "memory", "max_msgs": 5})
    )
    many = ["--subjects", "f.*", "--subjects", "g.>", *MANY, "--defaults"]
    defaults = ["--defaults", "--subjects"]
    return told(
        ["stream", "add", "FULL", *many],
        ["stream", "add", "PLAIN", *defaults, "plain.*"],
        ["stream", "add", "--config", "given.json", "GIVEN"],
        ["stream", "add", "PLAIN", *defaults, "plain.*"],
        ["stream", "add", "PLAIN", *defaults, "other"],
        ["stream", "add", "TWICE", *defaults, "plain.one"],
        ["stream", "add", "a.b", *defaults, "x"],
        ["stream", "add", "BAD", "--max-age", "1ms", *defaults, "x"],
        ["stream", "add", "BAD", "--allow-counter", "--discard", "new", *defaults, "x"],
        ["stream", "copy", "PLAIN", "COPY", "--subjects", "copy.*"],
        ["stream", "info", "FULL", "--json"],
        *(["stream", "rm", name, "-f"] for name in ("FULL", "PLAIN", "GIVEN", "COPY", "COPY")),
    )


def stream_edit():
    with stream("EDIT", "edit.a"):
        publish("edit.a", "1", "2", "3")
        return told(
            ["stream", "edit", "EDIT", "-f", "--max-msgs", "2", "--description", "less"],
            ["stream", "edit", "EDIT", "-f", "--subjects", "edit.a", "--subjects", "edit.b"],
            ["stream", "edit", "EDIT", "-f", "--max-msgs", "2"],
            ["stream", "edit", "EDIT", "-f", "--allow-counter"],
            ["stream", "edit", "NONE", "-f", "--max-msgs", "2"],
            ["stream", "seal", "EDIT", "-f"],
            ["pub", "edit.a", "x", "--jetstream"],
            ["stream", "edit", "EDIT", "-f", "--max-msgs", "7"],
        )


def stream_list():
    with stream("ONE", "one.*"), stream("TWO", "two.>", options=["--storage", "memory"]):
        publish("one.a", "1", "2")
        publish("two.a", "x" * 100)
        return told(
            ["stream", "ls"],
            ["stream", "ls", "-n"],
            ["stream", "ls", "--subject", "one.a", "--names"],
            ["stream", "report"],
            ["stream", "report", "--messages", "--raw"],
            ["stream", "find", "--subject", "two.b", "--names"],
            ["stream", "find", "--empty", "--names"],
        )


def stream_info():
    with stream("INFO", "i.>"):
        for subject in ("i.a", "i.b", "i.a", "i.c.d"):
            publish(subject, subject)
        quietly(JS, "stream", "rmm", "INFO", "2", "-f")
        return told(
            ["stream", "info", "INFO"],
            ["stream", "state", "INFO"],
            ["stream", "subjects", "INFO"],
            ["stream", "subjects", "INFO", "i.*", "--names"],
            ["stream", "subjects", "INFO", "none", "--json"],
            ["stream", "info", "NONE"],
            ["stream", "state", "NONE"],
        )


def stream_get():
    out = []
    for how in ("--allow-direct", "--no-allow-direct"):
        with stream("GET", "g.*", options=[how]):
            publish("g.a", "first", "second")
            quietly(JS, "pub", "g.b", "third", "--jetstream", "-H", "Colour:red")
            out.append(
                told(
                    ["stream", "get", "GET", "2"],
                    ["stream", "get", "GET", "3", "--json"],
                    ["stream", "get", "GET", "-S", "g.a"],
                    ["stream", "get", "GET", "-S", "g.none"],
                    ["stream", "get", "GET", "9"],
                )
            )
    return re.sub(r'"time": ?"[^"]*"', "TIME", "; ".join(out))


def stream_publish():
    with stream("PUB", "p.*", options=["--max-msg-size", "100"]):
        pub = ["pub", "--jetstream"]
        return told(
            [*pub, "p.a", "message {{Count}}", "--count", "3"],
            [*pub, "p.a", "x", "-H", "Nats-Msg-Id:one"],
            [*pub, "p.a", "x", "-H", "Nats-Msg-Id:one"],
            [*pub, "p.a", "x", "-H", "Nats-Expected-Last-Sequence:77"],
            [*pub, "p.a", "x", "-H", "Nats-Expected-Stream:OTHER"],
            [*pub, "p.a", "x" * 200],
            [*pub, "nobody.listens", "x"],
            ["stream", "state", "PUB"],
        )


def stream_purge():
    with stream("PURGE", "p.*"):
        out = []
        for how in (
            ["--subject", "p.a", "--keep", "1"],
            ["--seq", "5"],
            ["--keep", "2"],
            ["--subject", "p.none"],
            [],
        ):
            publish("p.a", "1", "2")
            publish("p.b", "3")
            out.append(js("stream", "purge", "PURGE", "-f", *how))
        publish("p.a", "1", "2")
        return "; ".join(out) + told(
            ["stream", "rmm", "PURGE", "17", "-f"],
            ["stream", "rmm", "PURGE", "17", "-f"],
            ["stream", "purge", "NONE", "-f"],
            ["stream", "state", "PURGE"],
        )


def stream_backup():
    options = ["--metadata", "a:b", "--max-msgs", "100", "--compression", "s2"]
    with stream("SAVE", "s.*", options=options):
        publish("s.a", "1", "2", "x" * 3000)
        quietly(JS, "pub", "s.b", "headed", "--jetstream", "-H", "Colour:red")
        quietly(JS, "stream", "rmm", "SAVE", "2", "-f")
        return told(
            ["stream", "backup", "SAVE", "saved", "--no-progress"],
            ["stream", "restore", "saved", "--no-progress"],
            ["stream", "rm", "SAVE", "-f"],
            ["stream", "restore", "saved", "--no-progress"],
            ["stream", "info", "SAVE"],
            ["stream", "subjects", "SAVE"],
            ["stream", "get", "SAVE", "3"],
            ["stream", "get", "SAVE", "-S", "s.b"],
            ["pub", "s.a", "on", "--jetstream"],
            ["stream", "backup", "NONE", "none", "--no-progress"],
            ["stream", "restore", "none", "--no-progress"],
        )


def bench_js():
    """What was done and how many of it, without how fast."""
    with stream("BENCH", "bench.>", options=["--allow-batch"]):
        out = []
        for kind, more in (("sync", []), ("async", ["--batch", "100"]), ("batch", [])):
            words = ["--stream", "BENCH", "--msgs", "300", "--size", "64", "--no-progress", *more]
            said = js("bench", "js", "pub", kind, "bench.cli", *words)
            out.append(re.sub(r"(min|avg|max|P[\d.]+): TIME", r"\1", said))
        return "; ".join([*out, js("stream", "state", "BENCH")])


def account_info():
    with stream("ACCOUNT", "account"), stream("MEM", "mem", options=["--storage", "memory"]):
        publish("account", "1", "2")
        publish("mem", "3")
        # What stands before it is of the connection, and of the user by $SYS.REQ.USER.INFO: no
        # matter of streams.
        return js("account", "info").partition("JetStream Account Information")[2]


def kv_buckets():
    limits = "--history 5 --ttl 1h --max-value-size 1KB --max-bucket-size 1MB"
    full = [*limits.split(), "--marker-ttl", "1m", "--compress"]
    return told(
        ["kv", "ls"],
        ["kv", "add", "FULL", *full, "--description", "all of it", "--storage", "file"],
        ["kv", "add", "PLAIN", "--storage", "memory"],
        ["kv", "info", "FULL"],
        ["kv", "info", "NONE"],
        ["kv", "ls"],
        ["kv", "add", "FULL"],
        ["kv", "edit", "FULL", "--history", "3", "--description", "less"],
        ["kv", "add", "a.b"],
        ["kv", "add", "LONG", "--history", "65"],
        ["kv", "del", "PLAIN", "-f"],
        ["kv", "del", "PLAIN", "-f"],
        ["kv", "del", "FULL", "-f"],
    )


def kv_entries():
    quietly(JS, "kv", "add", "KEYS", "--history", "4")
    try:
        out = told(
            ["kv", "put", "KEYS", "a", "one"],
            ["kv", "get", "KEYS", "a", "--raw"],
            ["kv", "get", "KEYS", "a"],
            ["kv", "create", "KEYS", "a", "two"],
            ["kv", "create", "KEYS", "b", "two"],
            ["kv", "update", "KEYS", "a", "three", "1"],
            ["kv", "update", "KEYS", "a", "four", "1"],
            ["kv", "get", "KEYS", "a", "--revision", "1", "--raw"],
            ["kv", "get", "KEYS", "none"],
            ["kv", "del", "KEYS", "a", "-f"],
            ["kv", "get", "KEYS", "a"],
            ["kv", "purge", "KEYS", "a", "-f"],
            ["kv", "put", "KEYS", "a b", "x"],
            ["kv", "info", "KEYS"],
        )
        # From a pipe, which this command reads where no value is given.
        return out + js("kv", "put", "KEYS", "piped", stdin=b"piped in") + told(
            ["kv", "get", "KEYS", "piped", "--raw"]
        )
    finally:
        nats(JS, "kv", "del", "KEYS", "-f")


def check_jetstream():
    with stream("CHECK", "check"):
        publish("check", "1", "2")
        quietly(JS, "kv", "add", "HEALTH")
        quietly(JS, "kv", "put", "HEALTH", "a", "1")
        check = ["server", "check"]
        out = told(
            [*check, "jetstream"],
            [*check, "jetstream", "--streams-warn", "1", "--streams-critical", "5"],
            [*check, "stream", "--stream", "CHECK", "--msgs-warn", "1", "--msgs-critical", "0"],
            [*check, "stream", "--stream", "NONE"],
            [*check, "message", "--stream", "CHECK", "--subject", "check", "--age-critical", "1h"],
            [*check, "kv", "--bucket", "HEALTH", "--key", "a"],
            [*check, "kv", "--bucket", "NONE"],
            ["kv", "del", "HEALTH", "-f"],
        )
        return re.sub(r"\b\d+\.\d+s", "TIME", out)


def jetstream_disabled():
    return "; ".join(
        scrub(nats("plain", *words))
        for words in (
            ["stream", "ls"],
            ["stream", "info", "S"],
            ["stream", "add", "S", "--subjects", "s", "--defaults"],
            ["kv", "ls"],
            ["kv", "add", "B"],
            ["pub", "s", "x", "--jetstream"],
            ["server", "check", "jetstream"],
        )
    )


SCENARIOS = [
    stream_add,
    stream_edit,
    stream_list,
    stream_info,
    stream_get,
    stream_publish,
    stream_purge,
    stream_backup,
    bench_js,
    account_info,
    kv_buckets,
    kv_entries,
    check_jetstream,
    jetstream_disabled,
]
