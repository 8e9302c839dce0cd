"""nats.py's own tests, from a checkout of its repository: no package has them."""
import re
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
PACKAGES = ["nats", "nats-core", "nats-server", "nats-jetstream", "nats-key-value"]
# Their files name others from the top of the checkout.
AT_TOP = ["nats"]
# Not what a test costs, but what the slowest ones wait for.
TIMEOUT_S = 120


class NatsPy:
    """A test is named `PACKAGE/tests/FILE::NAME`, as pytest does in the checkout."""

    lists = HERE / "nats.py"
    timeout_s = TIMEOUT_S

    def __init__(self, cache, options):
        if not options.checkout:
            raise SystemExit("nats.py needs --checkout DIR, a checkout of its repository")
        self.checkout = Path(options.checkout).resolve()
        self.own_python = options.python
        self.environment = cache / "suites" / "nats.py"
        self.sources = [str(self.checkout / package / "src") for package in PACKAGES]

    def prepare(self, wanted):
        """Installs what the tests import; returns the tests of the packages of `wanted`."""
        self.install()
        packages = sorted({name.partition("/")[0] for name in wanted}) or PACKAGES
        return [name for package in packages for name in self.tests_of(package)]

    def command(self, name):
        package, _, path = name.partition("/")
        if package in AT_TOP:
            return self.pytest("-q", name), self.checkout
        return self.pytest("-q", path), self.checkout / package

    def verdict(self, code, output):
        """Whether the test ran and passed: one that is skipped proves nothing."""
        return code == 0 and re.search(r"^1 passed", output, re.M) is not None

    def install(self):
        stamp, wanted = self.environment / "installed", (self.lists / "requirements.txt")
        if stamp.exists() and stamp.read_text() == wanted.read_text():
            return
        subprocess.run([self.own_python, "-m", "venv", "--clear", self.environment], check=True)
        subprocess.run([self.python(), "-m", "pip", "install", "-q", "-r", wanted], check=True)
        stamp.write_text(wanted.read_text())

    def python(self):
        return str(self.environment / "bin" / "python")

    def pytest(self, *more):
        # The packages share one namespace, and are found where they lie.
        path = ":".join(self.sources)
        # Without being told of a version, tests for newer servers leave themselves out.
        return ["env", f"PYTHONPATH={path}", "PYTHONDONTWRITEBYTECODE=1",
                "NATS_SERVER_VERSION=main", self.python(),
                "-m", "pytest", "--rootdir=.", "-p", "no:cacheprovider", "--tb=short", *more]

    def tests_of(self, package):
        done = subprocess.run(self.pytest("-q", "--collect-only", "tests"), text=True,
                              cwd=self.checkout / package, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE)
        if done.returncode:
            raise SystemExit(f"pytest cannot collect {package}:\n{done.stdout[-3000:]}")
        return [f"{package}/{line}" for line in done.stdout.splitlines() if "::" in line]
