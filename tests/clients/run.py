#!/usr/bin/env python3
"""Runs every client program against our server and against nats-server, and compares.

    run.py                     all programs, both servers
    run.py --only go,python    some of them
    run.py --peer-only         nats-server alone: do the programs themselves work?
    run.py --list              programs and scenarios

A scenario passes if the client saw the same on both servers and that was not a failure.
The last line is `N passed, N failed, N skipped`.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import fixtures
from servers import ServerSet
from toolchain import HERE, PROGRAMS, InstallError, Toolchain, cache_dir

PROGRAM_TIMEOUT_S = 150
ROOT = HERE.parent.parent


def scenario_table():
    """[(name, description, programs without it)] of scenarios.txt."""
    rows = []
    for line in (HERE / "scenarios.txt").read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            name, what, without = (part.strip() for part in line.split("|"))
            rows.append((name, what, {p for p in without.split(",") if p}))
    return rows


def left_to_later():
    """{(program, scenario): what it waits for} of later.txt."""
    rows = {}
    for line in (HERE / "later.txt").read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            name, _, why = line.partition("|")
            rows[tuple(name.split())] = why.strip()
    return rows


def expected_scenarios(program):
    own = HERE / program / "scenarios.txt"
    if own.exists():
        return [
            line.partition("|")[0].strip()
            for line in own.read_text().splitlines()
            if line.strip() and not line.startswith("#")
        ]
    return [name for name, _, without in scenario_table() if program not in without]


def our_binary():
    named = os.environ.get("ANABRANCH_BIN")
    places = (
        [Path(named)]
        if named
        else [ROOT / "target" / p / "anabranch" for p in ("test-bin", "release", "debug")]
    )
    for place in places:
        if place.exists():
            return place.resolve()
    print(f"no server to test: {' or '.join(map(str, places))} (cargo build, or --peer-only)")
    print("0 passed, 1 failed, 0 skipped")
    sys.exit(1)


def normalise(outcome, work):
    outcome = outcome.replace(str(work), "DIR")
    outcome = re.sub(
        r"(127\.0\.0\.1|localhost)(:|/127\.0\.0\.1:|', |\", )\d{4,5}", r"\1:PORT", outcome
    )
    outcome = re.sub(r"_INBOX\.[\w.]+", "_INBOX.ID", outcome)
    # The random name at the end of Nats-Stream-Source, where a stream takes from ORIGIN.
    outcome = re.sub(r"(ORIGIN \d+( \S+){3}) \w{8}\b", r"\1 ID", outcome)
    return outcome.rstrip()


def run_program(command, binary, work, secrets):
    """{scenario: outcome} of one program on one server."""
    servers = ServerSet(binary, work, secrets)
    outcomes = {}
    try:
        errors = open(work / "program.err", "wb")
        child = subprocess.Popen(
            [str(w) for w in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=servers.environment(),
            cwd=work,
        )
        watchdog = threading.Timer(PROGRAM_TIMEOUT_S, child.kill)
        watchdog.start()
        for line in child.stdout:
            if line.startswith("@"):
                servers.control(line.strip())
                child.stdin.write("@done\n")
                child.stdin.flush()
                continue
            name, colon, outcome = line.partition(": ")
            if colon:
                outcomes[name] = normalise(outcome, work)
        child.stdin.close()
        status = child.wait()
        watchdog.cancel()
        errors.close()
        tail = (work / "program.err").read_text(errors="replace").strip()[-1500:]
        outcomes["exit"] = "0" if status == 0 else f"FAIL status {status} {tail}"
    finally:
        servers.stop()
    return outcomes


def judge(program, sides):
    """[(scenario, None or why it failed)]; `sides` is {server: {scenario: outcome}}."""
    verdicts = []
    later = left_to_later() if len(sides) > 1 else {}
    names = expected_scenarios(program) + ["exit"]
    extra = {n for outcomes in sides.values() for n in outcomes} - set(names)
    for name in names + sorted(extra):
        seen = {
            server: outcomes.get(name, "FAIL not reported") for server, outcomes in sides.items()
        }
        wrong = len(set(seen.values())) > 1 or any(o.startswith("FAIL") for o in seen.values())
        if name in extra:
            wrong, seen = True, {"scenarios.txt": f"does not know {name}"}
        if (program, name) in later:
            listed = None if wrong else "\n      in later.txt, but the same on both servers"
            verdicts.append((name, listed))
            continue
        verdicts.append(
            (name, "".join(f"\n      {s:6} {o}" for s, o in seen.items()) if wrong else None)
        )
    return verdicts


def try_program(program, tools, binaries, work, secrets, options):
    started = time.monotonic()
    try:
        command = getattr(tools, program)()
    except (InstallError, OSError) as error:
        return [("install", f"\n      {error}")], f"{program}: not installed"
    installed = time.monotonic()
    with ThreadPoolExecutor(2) as pool:
        runs = {
            side: pool.submit(run_program, command, binary, work / program / side, secrets)
            for side, binary in binaries.items()
        }
        sides = {}
        for side, run in runs.items():
            try:
                sides[side] = run.result()
            except Exception as error:  # a server that does not start fails its program only
                sides[side] = {"exit": f"FAIL {error}"}
    if options.verbose:
        for side, outcomes in sides.items():
            print(
                "".join(f"{program} {side} {n}: {o}\n" for n, o in outcomes.items()),
                end="",
                flush=True,
            )
    times = f"install {installed - started:.0f} s, run {time.monotonic() - installed:.0f} s"
    return judge(program, sides), times


def report(program, verdicts, times):
    bad = [(name, why) for name, why in verdicts if why]
    print(f"{program}: {len(verdicts) - len(bad)} passed, {len(bad)} failed ({times})", flush=True)
    for name, why in bad:
        print(f"   {program} {name}:{why}", flush=True)
    return len(verdicts) - len(bad), len(bad)


def make_secrets(work):
    certs = work / "certs"
    fixtures.make_certificates(certs)
    seed, public_key = fixtures.make_nkey(certs, "user")
    other_seed, _ = fixtures.make_nkey(certs, "other-user")
    return SimpleNamespace(certs=certs, seed=seed, public_key=public_key, other_seed=other_seed)


def show_list():
    for program in PROGRAMS:
        print(f"{program}: {len(expected_scenarios(program))} scenarios")
    for name, what, without in scenario_table():
        print(f"  {name:24} {what}" + (f" (not {', '.join(sorted(without))})" if without else ""))


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", help="programs, separated by commas")
    parser.add_argument("--list", action="store_true", help="programs and scenarios")
    parser.add_argument("--peer-only", action="store_true", help="run against nats-server alone")
    parser.add_argument("--ours-only", action="store_true", help="run against our server alone")
    parser.add_argument("--verbose", action="store_true", help="print every outcome")
    parser.add_argument("--jobs", type=int, default=3, help="programs at once")
    return parser.parse_args()


def main():
    options = parse_arguments()
    if options.list:
        return show_list()
    chosen = options.only.split(",") if options.only else PROGRAMS
    unknown = set(chosen) - set(PROGRAMS)
    if unknown:
        sys.exit(f"unknown program {', '.join(sorted(unknown))}: there are {', '.join(PROGRAMS)}")
    tools = Toolchain(cache_dir())
    binaries = {}
    if not options.peer_only:
        binaries["ours"] = our_binary()
    if not options.ours_only:
        binaries["peer"] = tools.peer()
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix="clients-") as work, ThreadPoolExecutor(
        options.jobs
    ) as pool:
        work = Path(work)
        secrets = make_secrets(work)
        jobs = {
            p: pool.submit(try_program, p, tools, binaries, work, secrets, options)
            for p in PROGRAMS
            if p in chosen
        }
        for program, job in jobs.items():
            good, bad = report(program, *job.result())
            passed, failed = passed + good, failed + bad
    print(f"{passed} passed, {failed} failed, 0 skipped")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
