"""Publishing, subscribing, requesting with the `nats` command."""

import subprocess
from pathlib import Path

from driver import digest, order
from harness import ENV, Background, nats, quietly, words


def publish_subscribe():
    with Background("plain", "sub", "news.cli", "--count", "5", ready="news.cli") as sub:
        said = nats("plain", "pub", "news.cli", "message {{Count}}", "--count", "5")
        return f"{said}; {sub.text()}"


def wildcards():
    patterns = ["w.a.b", "w.*.b", "w.>"]
    subs = [
        Background("plain", "sub", p, "--subjects-only", "--count", str(n), ready=p)
        for p, n in zip(patterns, (1, 2, 4))
    ]
    for subject in ("w.a.b", "w.x.b", "w.a", "w.a.b.c", "w"):
        quietly("plain", "pub", subject, "x")
    return "; ".join(sub.text() for sub in subs)


def queue_group():
    members = [
        Background("plain", "sub", "work.cli", "--queue", "crew", "--raw", ready="work.cli")
        for _ in range(2)
    ]
    quietly("plain", "pub", "work.cli", "x", "--count", "100")
    # Both were asked to leave only after a request answered behind the last message.
    with Background("plain", "reply", "work.end", "end", ready="work.end"):
        quietly("plain", "request", "work.end", "x")
    counts = []
    for member in members:
        member.child.terminate()
        counts.append(len(member.wait()[0].split()))
    return f"total={sum(counts)} idle={counts.count(0)}"


def request_reply():
    with Background("plain", "reply", "svc.cli", "pong {{Request}}", ready="svc.cli"):
        return nats("plain", "request", "svc.cli", "hello", "--raw")


def request_many():
    services = [
        Background("plain", "reply", "many.cli", "yes", "--queue", f"q{i}", ready="many.cli")
        for i in range(3)
    ]
    try:
        return nats("plain", "request", "many.cli", "all", "--replies", "3", "--raw")
    finally:
        for service in services:
            service.stop()


def no_responders():
    return nats("plain", "request", "svc.nobody", "x")


def request_timeout():
    with Background("plain", "sub", "svc.silent.cli", ready="svc.silent.cli"):
        return nats("plain", "request", "svc.silent.cli", "x", "--timeout", "300ms")


def headers():
    with Background("plain", "sub", "headers.cli", "--count", "1", ready="headers.cli") as sub:
        quietly(
            "plain",
            "pub",
            "headers.cli",
            "body",
            "-H",
            "Colour:red",
            "-H",
            "Colour:blue",
            "-H",
            "lower:kept",
        )
        out, _ = sub.wait()
        return " / ".join(sorted(line for line in out.decode().splitlines() if line.strip()))


def empty_payload():
    with Background("plain", "sub", "empty.cli", "--count", "1", ready="empty.cli") as sub:
        quietly("plain", "pub", "empty.cli", "")
        return sub.text()


def piped(size):
    body = (b"0123456789abcdef" * (size // 16 + 1))[:size]
    return nats(
        "plain", "pub", "large.cli", "--force-stdin", "--quiet", "--no-templates", stdin=body
    )


def large_payload():
    with Background("plain", "sub", "large.cli", "--count", "1", "--raw", ready="large.cli") as sub:
        said = piped(1 << 20)
        out, _ = sub.wait()
        return f"{said} size={len(out)} hash={digest(out)}"


def over_max_payload():
    return piped((1 << 20) + 1)


def dump():
    with Background(
        "plain", "sub", "dump.cli", "--count", "2", "--dump", "dumped", ready="dump.cli"
    ) as sub:
        quietly("plain", "pub", "dump.cli", "kept {{Count}}", "--count", "2", "-H", "A:1")
        sub.wait()
        return " ".join(
            f"{p.name}={p.stat().st_size > 0}" for p in sorted(Path("dumped").iterdir())
        )


def reconnect():
    with Background("plain", "sub", "again.cli", "--raw", "--count", "2", ready="again.cli") as sub:
        quietly("plain", "pub", "again.cli", "before")
        order("restart", "plain")
        # The subscriber comes back in its own time: publish until it has ended.
        for _ in range(200):
            if sub.child.poll() is not None:
                break
            subprocess.run(
                words("plain", "pub", "again.cli", "after"), capture_output=True, env=ENV
            )
        return sub.wait()[0].decode().split()


SCENARIOS = [
    publish_subscribe,
    wildcards,
    queue_group,
    request_reply,
    request_many,
    no_responders,
    request_timeout,
    headers,
    empty_payload,
    large_payload,
    over_max_payload,
    dump,
    reconnect,
]
