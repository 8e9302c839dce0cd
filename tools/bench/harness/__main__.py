"""Paired benchmark against nats-server: see tools/bench/README.md for how to read it.

Each scenario runs N pairs. Every run has a fresh server on fresh loopback ports; within a pair the
order alternates. Progress goes to stderr, the Markdown table to stdout.

--ours and --peer take a command; `{config}` in it is replaced by the path of a configuration file
in nats-server's syntax, and `-c FILE` is appended if it does not occur. `@peer` names nats-server
2.15.1 installed by package name, `@peer==VERSION` another one.
"""
import argparse
import json
import math
import os
import re
import resource
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import figures
import install
import machine
import nats_cli  # noqa: F401 (adds its scenarios)
import scenarios
import stores  # noqa: F401 (the same)
import table
import targets
import upkeep  # noqa: F401 (the same)
from run import Run
from server import Failed, Server


@dataclass
class Tools:
    """Programs that scenarios start."""

    load: Path
    cli: Path | None = None


def arguments():
    p = argparse.ArgumentParser(
        prog="bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("--only", default=".", metavar="REGEX", help="scenarios to run")
    p.add_argument("--skip", metavar="REGEX", help="scenarios to leave out")
    p.add_argument("--pairs", type=int, metavar="N", help="runs of each server (default 5)")
    p.add_argument("--quick", action="store_true", help="one pair of a fiftieth of the messages")
    p.add_argument("--scale", type=float, metavar="F", help="multiplies the number of messages")
    p.add_argument("--ours", metavar="CMD", help="default: the release binary of this workspace")
    p.add_argument("--peer", metavar="CMD", default="@peer", help="default: @peer")
    p.add_argument("--load", metavar="FILE", type=Path, help="load generator, instead of building")
    p.add_argument("--cli", action="store_true", help="also the scenarios with `nats bench`")
    p.add_argument("--json", metavar="FILE", type=Path, help="writes every run's figures")
    p.add_argument("--targets", action="store_true", help="also the verdict on each target")
    p.add_argument("--list", action="store_true", help="names the scenarios")
    o = p.parse_args()
    o.scale = o.scale or (0.02 if o.quick else 1.0)
    o.pairs = o.pairs or (1 if o.quick else 5)
    return o


def chosen(o):
    def wanted(s):
        return (o.cli or not s.cli) and re.search(o.only, s.name) and not (
            o.skip and re.search(o.skip, s.name)
        )

    return [s for s in scenarios.SCENARIOS if wanted(s)]


def version(command):
    """What the server says of itself."""
    words = shlex.split(command)[:1] + ["--version"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return command
    return (done.stdout or done.stderr).strip().split("\n")[0] or command


class Bench:
    def __init__(self, o, tools, sides, work):
        self.o, self.tools, self.sides, self.work = o, tools, sides, Path(work)
        self.results, self.failures, self.runs = {}, [], []
        self.certs = self.work / "certs"
        self.certs.mkdir()
        install.sh(tools.load, "certs", "--dir", self.certs)

    def once(self, scenario, side):
        """The figures of one run on a fresh server."""
        certs = self.certs if scenario.tls else None
        server = Server(
            self.sides[side], self.work, certs, scenario.streams, scenario.always
        )
        run = Run(server, self.tools, self.o.scale)
        try:
            if scenario.streams:
                run.sync_us = machine.fdatasync_us(server.dir)
            beside = {"sync_us": run.sync_us} if scenario.streams else {}
            return {**scenario.function(run), **beside}
        finally:
            run.end_children()
            server.clean()

    def pair(self, scenario, number):
        result = {}
        order = ("peer", "ours") if number % 2 == 0 else ("ours", "peer")
        for side in order:
            try:
                result[side] = self.once(scenario, side)
            except Failed as e:
                raise Failed(f"{side}: {e}") from e
            self.runs.append(
                {"scenario": scenario.name, "side": side, "pair": number,
                 "load1": os.getloadavg()[0], **result[side]}
            )
        return result["peer"], result["ours"]

    def scenario(self, scenario):
        pairs = self.results.setdefault(scenario.name, [])
        begin = time.monotonic()
        for number in range(self.o.pairs):
            try:
                pairs.append(self.pair(scenario, number))
            except Failed as e:
                self.failures.append((scenario.name, str(e)))
                break
        broken = [result["broken"] for pair in pairs for result in pair if "broken" in result]
        if broken:  # its figures stand all the same
            self.failures.append((scenario.name, "; ".join(broken)))
        self.progress(scenario, pairs, time.monotonic() - begin)

    def progress(self, scenario, pairs, took):
        parts = []
        for figure in figures.FIGURES:
            c = figures.compare(pairs, figure.key)
            if c and not math.isnan(c.ratio):
                parts.append(f"{figure.key} {figures.number(c.ratio, 2)}")
        failed = any(name == scenario.name for name, _ in self.failures)
        text = ("FAILED " if failed else "") + ", ".join(parts)
        install.say(f"{scenario.name:28} {took:6.1f} s  ours/peer: {text}")


def prepare(o, wanted):
    cache = install.cache_dir()
    load = o.load or install.release_binary("anabranch-load", "anabranch-load")
    tools = Tools(load)
    if any(s.cli for s in wanted):
        tools.cli = install.nats_cli(cache)
    ours = o.ours or shlex.quote(str(install.release_binary("anabranch", "anabranch")))
    sides = {
        "peer": install.server_command(cache, o.peer),
        "ours": install.server_command(cache, ours),
    }
    return tools, sides


def main():
    o = arguments()
    wanted = chosen(o)
    if o.list:
        print("\n".join(s.name for s in wanted))
        return 0
    if not wanted:
        sys.exit(f"no scenario matches {o.only!r}; --list names them")
    # so that servers and clients are ended on the way out
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    tools, sides = prepare(o, wanted)
    with tempfile.TemporaryDirectory(prefix="anabranch-bench") as work:
        bench = Bench(o, tools, sides, work)
        facts = machine.facts(work)
        heading = f"{version(sides['ours'])} against {version(sides['peer'])}; {o.pairs} pairs"
        install.say(heading, facts, sep="\n")
        for scenario in wanted:
            bench.scenario(scenario)
            if o.json:
                o.json.write_text(json.dumps(
                    {"machine": facts, "pairs": o.pairs, "scale": o.scale, "runs": bench.runs},
                    indent=1,
                ))
    print(f"{heading}.\n{facts}.\n\n{table.table(bench.results, bench.failures)}")
    if o.targets:
        print(f"\n{targets.table(bench.results)}")
    return 1 if bench.failures else 0


if __name__ == "__main__":
    sys.exit(main())
