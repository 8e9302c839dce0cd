"""What figures there are, and the statistics over pairs of them."""
import math
import statistics
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    key: str
    text: str
    better: str  # "less" or "more"
    digits: int = 0
    worst: bool = False  # over the runs: the greatest instead of the median


# In the order of the table: CPU first, since it moves least with a machine's noise.
FIGURES = (
    Figure("cpu", "server CPU s/M", "less", 3),
    Figure("rate", "rate /s", "more"),
    Figure("p50", "p50 us", "less", 1),
    Figure("p99", "p99 us", "less", 1),
    Figure("p999", "p99.9 us", "less", 1),
    Figure("pair_p50", "uninvolved pair p50 us", "less", 1),
    Figure("pair_p99", "uninvolved pair p99 us", "less", 1),
    Figure("cpu_rise_pct", "CPU rise %", "less", 1),
    Figure("sub_pong_p50", "SUB to PONG p50 us", "less", 1),
    Figure("sub_pong_p99", "SUB to PONG p99 us", "less", 1),
    Figure("sync_us", "fdatasync p50 us", "less", 1),
    Figure("over_sync", "p50 less fdatasync us", "less", 1),
    Figure("cpu_m1", "CPU s/M at 1M messages", "less", 3),
    Figure("cpu_m2", "CPU s/M at 10M messages", "less", 3),
    Figure("cpu_m3", "CPU s/M at 50M messages", "less", 3),
    Figure("cpu_s1", "CPU s/M with 1k subjects", "less", 3),
    Figure("cpu_s2", "CPU s/M with 100k subjects", "less", 3),
    Figure("cpu_s3", "CPU s/M with 1M subjects", "less", 3),
    Figure("growth_pct", "growth %", "less", 1),
    Figure("op_ms", "work ms", "less", 1),
    Figure("quiet_p99", "neighbour p99 us before", "less", 1),
    Figure("near_p99", "neighbour p99 us", "less", 1),
    Figure("near_max", "neighbour max us", "less", 1, worst=True),
    Figure("slow_turns", "turns over 5 ms", "less", worst=True),
    Figure("fill_slow_turns", "turns over 5 ms while filling", "less", worst=True),
    Figure("turn_max_ms", "longest turn ms", "less", 1, worst=True),
    Figure("term_info_ms", "SIGTERM: ms to STREAM.INFO", "less", 1),
    Figure("term_get_ms", "SIGTERM: ms to last of a subject", "less", 1),
    Figure("kill_info_ms", "kill -9: ms to STREAM.INFO", "less", 1),
    Figure("kill_get_ms", "kill -9: ms to last of a subject", "less", 1),
    Figure("log_mib", "MiB of log at the kill", "more"),
    Figure("bytes_each", "bytes each", "less"),
    Figure("start_ms", "ms to INFO", "less", 1),
    Figure("binary_mb", "MB", "less", 1),
    Figure("rss_mib", "RSS MiB", "less", 1),
    Figure("rss_peak_mib", "RSS MiB at most", "less", 1),
    Figure("rss_restart_mib", "RSS MiB after a restart", "less", 1),
)


@dataclass(frozen=True)
class Compared:
    """Medians of both sides, and of the ratios within each pair (not the ratio of medians: what
    slowed the machine for one pair touched both of its runs)."""

    peer: float
    ours: float
    ratio: float
    least: float
    most: float


WORST = {figure.key for figure in FIGURES if figure.worst}


def median(values):
    return statistics.median(values) if values else math.nan


def summary(key, values):
    """What stands for several runs; NaN if no run has the figure."""
    values = [v for v in values if not math.isnan(v)]
    return max(values, default=math.nan) if key in WORST else median(values)


def compare(pairs, key):
    """Over `pairs` of (peer, ours) results; None if the scenario has no such figure. A side that
    has none of its own is NaN."""
    both = [
        (p.get(key, math.nan), o.get(key, math.nan)) for p, o in pairs if key in p or key in o
    ]
    if not both:
        return None
    ratios = [ours / peer for peer, ours in both if peer > 0 and ours > 0]
    return Compared(
        peer=summary(key, [p for p, _ in both]),
        ours=summary(key, [o for _, o in both]),
        ratio=median(ratios),
        least=min(ratios, default=math.nan),
        most=max(ratios, default=math.nan),
    )


def bound(pairs):
    """Whose CPU the load is made of, by the server's share of it in the peer's runs. Where it
    is the client's, the rate says little about the server."""
    share = median([peer["server_share"] for peer, _ in pairs if "server_share" in peer])
    if math.isnan(share):
        return ""
    side = "server" if share >= 0.6 else "client" if share <= 0.4 else "both"
    return f"{side} {share:.0%}"


def number(value, digits=0):
    if math.isnan(value):
        return "-"
    if digits and abs(value) >= 100:
        digits = 0
    return f"{value:,.{digits}f}"
