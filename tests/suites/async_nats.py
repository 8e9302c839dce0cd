"""async-nats' own tests: they come inside its Cargo package, all but the crate `nats-server`
that starts servers for them, which is ours (async-nats/nats-server)."""
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
VERSION = "0.51.0"

# Without what compiles longest: the benchmarks' crate, and TLS for tests that fetch from the
# internet. What a target needs is listed in its own package and pinned by its own Cargo.lock.
DEV_DEPENDENCIES = """
[dev-dependencies]
nats-server = {{ path = "{helper}" }}
chrono = "0.4.44"
futures = {{ version = "0.3.28", default-features = false, features = ["std", "async-await"] }}
jsonschema = {{ version = "0.17.1", default-features = false }}
rand = "0.10.1"
reqwest = {{ version = "0.11.18", default-features = false, features = ["json"] }}
ring = "0.17"
tokio = {{ version = "1.25.0", features = ["rt-multi-thread"] }}
tracing-subscriber = "0.3"
"""
FINDER = """
[package]
name = "finder"
version = "0.0.0"
edition = "2024"

[lib]
path = "lib.rs"

[dependencies]
async-nats = {{ version = "={version}", default-features = false }}

[workspace]
"""
BUILD_ENVIRONMENT = {
    "CARGO_INCREMENTAL": "0",
    "CARGO_PROFILE_DEV_DEBUG": "0",
    "CARGO_PROFILE_TEST_DEBUG": "0",
}


class AsyncNats:
    """A test is named `TARGET PATH`, as `client_tests client::basic_reconnect`."""

    lists = HERE / "async-nats"
    # One test of watching a bucket lasts 110 s.
    timeout_s = 180

    def __init__(self, cache, _options):
        self.cache = cache / "suites" / f"async-nats-{VERSION}"
        self.package = self.cache / "package"
        self.target = self.cache / "target"
        self.programs = {}

    def prepare(self, wanted):
        """Builds the targets of the tests `wanted`, or all without; returns all their tests."""
        source = self.source()
        self.copy(source)
        targets = sorted({name.split()[0] for name in wanted}) if wanted else None
        self.build(targets)
        return [name for target in sorted(self.programs) for name in self.tests_of(target)]

    def command(self, name):
        target, path = name.split()
        return [str(self.programs[target]), "--exact", path, "--test-threads=1"], self.package

    def verdict(self, code, output):
        """Whether the test ran and passed."""
        return code == 0 and "test result: ok. 1 passed" in output

    def source(self):
        """Where cargo keeps the package, which it downloads first if need be."""
        finder = self.cache / "finder"
        finder.mkdir(parents=True, exist_ok=True)
        (finder / "Cargo.toml").write_text(FINDER.format(version=VERSION))
        (finder / "lib.rs").write_text("")
        said = output_of("cargo", "metadata", "--format-version=1", cwd=finder)
        packages = json.loads(said)["packages"]
        return next(Path(p["manifest_path"]).parent for p in packages if p["name"] == "async-nats")

    def copy(self, source):
        helper = self.lists / "nats-server"
        manifest = without_dev_dependencies((source / "Cargo.toml").read_text())
        manifest += DEV_DEPENDENCIES.format(helper=helper) + "\n[workspace]\n"
        ours = self.package / "Cargo.toml"
        if ours.exists() and ours.read_text() == manifest:
            return
        shutil.rmtree(self.package, ignore_errors=True)
        shutil.copytree(source, self.package)
        ours.write_text(manifest)

    def build(self, targets):
        chosen = [f"--test={target}" for target in targets] if targets else ["--tests"]
        said = output_of("cargo", "test", "--no-run", "--message-format=json", *chosen,
                         "--target-dir", self.target, cwd=self.package, env=BUILD_ENVIRONMENT)
        for line in said.splitlines():
            message = json.loads(line) if line.startswith("{") else {}
            if message.get("executable") and message["target"]["kind"] == ["test"]:
                self.programs[message["target"]["name"]] = Path(message["executable"])

    def tests_of(self, target):
        said = output_of(self.programs[target], "--list", "--format=terse", cwd=self.package)
        return [f"{target} {path}" for path in re.findall(r"^(\S+): test$", said, re.M)]


def without_dev_dependencies(manifest):
    """The manifest without its development dependencies and without its benchmarks."""
    sections = re.split(r"(?m)^(?=\[)", manifest)
    dropped = ("[dev-dependencies", "[[bench]]", "[[example]]")
    return "".join(section for section in sections if not section.startswith(dropped))


def output_of(*words, cwd, env=None):
    done = subprocess.run([str(word) for word in words], cwd=cwd, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          env={**os.environ, **(env or {})})
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, words))}: exit code {done.returncode}")
    return done.stdout
