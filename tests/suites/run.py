#!/usr/bin/env python3
"""Runs a client's own test suite against our server, found by it as `nats-server`.

    run.py async-nats                           the counted tests; those left to later: skipped
    run.py async-nats --later                   these too: names those that pass by now
    run.py async-nats --only REGEX --verbose    some tests, and what they say
    run.py nats.py --checkout DIR               a suite that is in no package: a checkout of it
    run.py async-nats --baseline                on nats-server and without a server; sorts each
                                                test into one of the suite's lists

The server is ANABRANCH_BIN (or target/{test-bin,release,debug}/anabranch), for the baseline
NATS_SERVER_BIN; --server PATH names another. lists.py says what the lists are. The last line is
`N passed, N failed, N skipped`.
"""
import argparse
import os
import re
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import isolation
from async_nats import AsyncNats
from lists import Lists
from nats_js import NatsJs
from nats_py import NatsPy

ROOT = Path(__file__).resolve().parent.parent.parent
SUITES = {"async-nats": AsyncNats, "nats.js": NatsJs, "nats.py": NatsPy}
SHOWN_LINES = 40
DEAD = "#!/bin/sh\nexit 1\n"


class Runner:
    """Runs tests of one suite with one program as `nats-server`."""

    def __init__(self, suite, server, work, jobs):
        self.suite, self.work, self.jobs = suite, work, jobs
        self.prefix = isolation.prefix()
        if self.prefix is None:
            print("note: no namespaces here: one test after the other, on this machine's ports")
            self.jobs = 1
        programs = work / "bin"
        programs.mkdir(parents=True)
        (programs / "nats-server").symlink_to(server)
        self.environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}

    def outcomes(self, names):
        """{name: (passed, output)}"""
        with ThreadPoolExecutor(self.jobs) as pool:
            return dict(zip(names, pool.map(self.outcome, names)))

    def outcome(self, name):
        with tempfile.TemporaryDirectory(dir=self.work, ignore_cleanup_errors=True) as own:
            words, where = self.suite.command(name)
            environment = {**self.environment, "TMPDIR": own}
            code, output = isolation.run([*(self.prefix or []), *words], where, environment,
                                         self.suite.timeout_s)
        if code is None:
            output += f"\nended after {self.suite.timeout_s} s"
        return self.suite.verdict(code, output), output

    def passes(self, names, verbose):
        """{name: passed}. A test that fails has a second try alone: these tests wait for fixed
        times, and a busy machine is no fault of the server."""
        results = {}
        for name, (passed, output) in self.outcomes(names).items():
            if not passed:
                passed, again = self.outcome(name)
                print(f"{'second try: ' if passed else 'FAILED: '}{name}")
                output = output if passed else again
            if verbose or not results.setdefault(name, passed):
                print("".join(f"    {line}\n" for line in output.splitlines()[-SHOWN_LINES:]))
        return results


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suite", choices=SUITES)
    parser.add_argument("--server", metavar="PATH", help="the program to run as nats-server")
    parser.add_argument("--checkout", metavar="DIR", help="where the suite's sources are")
    parser.add_argument("--python", metavar="PATH", default=sys.executable,
                        help="the Python that runs the suite, where this one is too old")
    parser.add_argument("--only", metavar="REGEX", help="only tests whose name matches")
    parser.add_argument("--later", action="store_true", help="run those left to later, too")
    parser.add_argument("--baseline", action="store_true", help="renew the lists")
    parser.add_argument("--runs", type=int, default=2, help="runs on nats-server per baseline")
    parser.add_argument("--jobs", type=int, default=2 * (os.cpu_count() or 1))
    parser.add_argument("--verbose", action="store_true", help="show what the tests say")
    return parser.parse_args()


def cache_dir():
    named = os.environ.get("ANABRANCH_CACHE")
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(named).resolve() if named else base.resolve() / "anabranch"


def server(options):
    variable = "NATS_SERVER_BIN" if options.baseline else "ANABRANCH_BIN"
    named = options.server or os.environ.get(variable)
    built = [ROOT / "target" / kind / "anabranch" for kind in ("test-bin", "release", "debug")]
    places = [Path(named)] if named else [] if options.baseline else built
    for place in places:
        if place.exists():
            return place.resolve()
    raise SystemExit(f"no server: set {variable} or give --server PATH")


def matching(names, options):
    return sorted(name for name in names if re.search(options.only or "", name))


def baseline(suite, _lists, options, work):
    names = matching(suite.prepare([]), options)
    dead = work / "dead"
    dead.write_text(DEAD)
    dead.chmod(0o755)
    without = Runner(suite, dead, work / "without", options.jobs).outcomes(names)
    peer = Runner(suite, server(options), work / "peer", options.jobs)
    runs = [peer.outcomes(names) for _ in range(options.runs)]
    # Read again: somebody may have sorted other tests meanwhile.
    lists = Lists(suite.lists)
    for name in names:
        real = [outcomes[name] for outcomes in runs]
        lists.sort_in(name, [passed for passed, _ in real], without[name][0])
        if options.verbose and not all(passed for passed, _ in real):
            print(f"FAILED: {name}\n{real[0][1]}\n{real[-1][1]}")
    lists.write()
    good = sum(all(outcomes[name][0] for outcomes in runs) for name in names)
    print(f"without a server {sum(passed for passed, _ in without.values())} pass")
    return good, len(names) - good, 0


def check(suite, lists, options, work):
    """Runs the counted tests on our server."""
    wanted = matching(lists.counted, options)
    left = matching(lists.later, options)
    existing = suite.prepare(wanted + (left if options.later else []))
    problems = lists.problems(existing)
    for problem in problems:
        print(f"FAILED: {suite.lists.name}: {problem}")
    runner = Runner(suite, server(options), work / "ours", options.jobs)
    results = runner.passes([name for name in wanted if name in set(existing)], options.verbose)
    if options.later:
        problems += ready(runner, [name for name in left if name in set(existing)])
    failed = list(results.values()).count(False) + len(problems)
    return list(results.values()).count(True), failed, len(left)


def ready(runner, names):
    """Tests left to later that pass: the list has to shrink."""
    passing = [name for name, (passed, _) in runner.outcomes(names).items() if passed]
    for name in passing:
        print(f"FAILED: in later.txt, but passes: {name}")
    return passing


def main():
    options = arguments()
    suite = SUITES[options.suite](cache_dir(), options)
    lists = Lists(suite.lists)
    act = baseline if options.baseline else check
    with tempfile.TemporaryDirectory(prefix="suites-", ignore_cleanup_errors=True) as work:
        passed, failed, skipped = act(suite, lists, options, Path(work))
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
