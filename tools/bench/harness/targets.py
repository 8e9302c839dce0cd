"""What the project sets out to reach, and whether a result reaches it."""
import math
import re
from dataclasses import dataclass

import figures


@dataclass(frozen=True)
class Target:
    what: str
    scenarios: str  # a regular expression that matches the whole name
    figure: str
    limit: float
    of: str = "ratio"  # or "ours": a bound on our own figure
    when_server_bound: bool = False


SMALL = r"(pubsub\.(16|128)B\.\d:\d|queue\..*|subjects\..*|fan\.1:100)"
BIG_FAN = r"fan\.(1:1000|1:10000|1000:1)(\.tls)?"
MANY = r"store\.128B\.(1x500|4x1000)"
ALONE = r"store\.128B\.1x1"
SUBJECTS_1M, SUBJECTS_10M = r"mem\.subjects\.1M", r"mem\.subjects\.10M"
RECOVERY = r"store\.recovery\..*"
ANY_FAN = r"fan\.(1:1000|1:10000|1000:1)(\.paced)?(\.tls)?"

TARGETS = (
    Target("publish 16 B: CPU ≤ 1/4", r"pub\.16B\.\dc", "cpu", 1 / 4),
    Target("publish 128 B: CPU ≤ 1/3", r"pub\.128B\.\dc", "cpu", 1 / 3),
    Target("1:1, 1:N, N:N, queues ≤ 256 B: CPU ≤ 1/4", SMALL, "cpu", 1 / 4),
    Target("≤ 256 B: rate ≥ 3×", rf"(pub\.(16|128)B\.\dc|{SMALL})", "rate", 3, "ratio", True),
    Target("1 KiB: CPU ≤ 1/2", r"pub(sub)?\.1024B\..*", "cpu", 1 / 2),
    Target("1 KiB: rate ≥ 1.5×", r"pub(sub)?\.1024B\..*", "rate", 1.5, "ratio", True),
    Target("16 KiB: CPU ≤ 2/3", r"pubsub\.16384B\..*", "cpu", 2 / 3),
    Target("16 KiB: rate ≥ 1.2×", r"pubsub\.16384B\..*", "rate", 1.2, "ratio", True),
    Target("requests, 64 in flight: CPU ≤ 1/2", r"reqrep\.128B\.(64|4x4.*)", "cpu", 1 / 2),
    Target("requests, 1 in flight: CPU ≤ 2/3", r"reqrep\.128B\.1", "cpu", 2 / 3),
    Target("requests: p50 no worse", r"reqrep\.128B\.(1|64)", "p50", 1),
    Target("requests: p99 no worse", r"reqrep\.128B\.(1|64)", "p99", 1),
    Target("large fan-out: CPU ≤ 1/3", BIG_FAN, "cpu", 1 / 3),
    Target("large fan-out: neighbour's p99 no worse", ANY_FAN, "pair_p99", 1),
    Target("subscription churn: CPU rises < 20 %", r"churn\.1M", "cpu_rise_pct", 20, "ours"),
    Target("subscription churn: p99 to PONG ≤ 2 ms", r"churn.*", "sub_pong_p99", 2000, "ours"),
    Target("durable, 500 in flight: CPU ≤ 1/4", MANY, "cpu", 1 / 4),
    Target("durable, 500 in flight: rate ≥ 2× its unsynced", MANY, "rate", 2),
    Target("durable, 500 in flight: rate ≥ 50× its synced", rf"{MANY}\.always", "rate", 50),
    Target("256 synchronous: rate ≥ 1.4× its unsynced", r"store\.128B\.256x1", "rate", 1.4),
    Target("16 synchronous: rate ≥ 0.8× its unsynced", r"store\.128B\.16x1", "rate", 0.8),
    Target("1 synchronous: p50 ≤ fdatasync + 80 us", ALONE, "over_sync", 80, "ours"),
    Target("synchronous: rate above its synced", r"store\.128B\.\d+x1\.always", "rate", 1),
    Target("direct get: CPU ≤ 1/3", r"store\.get\.(64|last|batch)", "cpu", 1 / 3),
    Target("direct get: rate ≥ 2×", r"store\.get\.(64|last|batch)", "rate", 2, "ratio", True),
    Target("direct get one at a time: CPU ≤ 2/3", r"store\.get\.1", "cpu", 2 / 3),
    Target("cost of a message rises ≤ 25 %", r"store\.growth\..*", "growth_pct", 25, "ours"),
    Target("10M messages, kill -9: INFO ≤ 0.5 s", RECOVERY, "kill_info_ms", 500, "ours"),
    Target("10M messages, kill -9: last ≤ 0.5 s", RECOVERY, "kill_get_ms", 500, "ours"),
    Target("1M subjects ≤ 120 MiB", SUBJECTS_1M, "rss_mib", 120, "ours"),
    Target("the same after a restart", SUBJECTS_1M, "rss_restart_mib", 120, "ours"),
    Target("10M subjects ≤ 500 MiB", SUBJECTS_10M, "rss_mib", 500, "ours"),
    Target("the same after a restart", SUBJECTS_10M, "rss_restart_mib", 500, "ours"),
    Target("no turn over 5 ms", r"store\.turns\..*", "slow_turns", 0, "ours"),
    Target("no turn over 5 ms while filling", r"store\.turns\..*", "fill_slow_turns", 0, "ours"),
    Target("idle ≤ 6 MiB", r"mem\.idle", "rss_mib", 6, "ours"),
    Target("idle connection ≤ 8 KiB", r"mem\.conns\.\dk", "bytes_each", 8192, "ours"),
    Target("subscription ≤ 200 B", r"mem\.subs\.1M", "bytes_each", 200, "ours"),
    Target("binary ≤ 10 MB", r"binary", "binary_mb", 10, "ours"),
    Target("start ≤ 10 ms", r"start", "start_ms", 10, "ours"),
)

HEAD = (
    "| target | scenario | measured | verdict |\n"
    "| --- | --- | ---: | --- |"
)


def reached(target, value):
    better = next(f.better for f in figures.FIGURES if f.key == target.figure)
    return value <= target.limit if better == "less" else value >= target.limit


def verdict(target, pairs):
    """(measured value, what to say of it), or None if the target does not apply."""
    compared = figures.compare(pairs, target.figure)
    if compared is None:
        return None
    if target.when_server_bound and not figures.bound(pairs).startswith("server"):
        return None
    value = compared.ratio if target.of == "ratio" else compared.ours
    if math.isnan(value):
        return value, "not measurable"
    return value, "reached" if reached(target, value) else "**missed**"


def table(results):
    """Every target against every scenario that it speaks of; and how many are missed."""
    lines, missed = [HEAD], 0
    for target in TARGETS:
        for name, pairs in results.items():
            if not pairs or not re.fullmatch(target.scenarios, name):
                continue
            found = verdict(target, pairs)
            if found:
                value, text = found
                missed += "missed" in text
                measured = figures.number(value, 2)
                lines.append(f"| {target.what} | `{name}` | {measured} | {text} |")
    lines += ["", f"{missed} missed."]
    return "\n".join(lines)
