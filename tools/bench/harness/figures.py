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
    Figure("bytes_each", "bytes each", "less"),
    Figure("start_ms", "ms to INFO", "less", 1),
    Figure("binary_mb", "MB", "less", 1),
    Figure("rss_mib", "RSS MiB", "less", 1),
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


def median(values):
    return statistics.median(values) if values else math.nan


def compare(pairs, key):
    """Over `pairs` of (peer, ours) results; None if the scenario has no such figure."""
    both = [(p[key], o[key]) for p, o in pairs if key in p and key in o]
    if not both:
        return None
    ratios = [ours / peer for peer, ours in both if peer > 0 and ours > 0]
    return Compared(
        peer=median([p for p, _ in both]),
        ours=median([o for _, o in both]),
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
