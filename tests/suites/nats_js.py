"""The tests of nats.js' core module, from a checkout of its repository: no package has them."""
import json
import re
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
DENO = "deno==2.9.8"
CHECKOUT_MODULES = {
    "nst": "nst/src/mod.ts",
    "@nats-io/nats-core": "core/src/mod.ts",
    "@nats-io/nats-core/internal": "core/src/internal_mod.ts",
    "@nats-io/transport-deno": "transport-deno/src/mod.ts",
}
OTHER_MODULES = {
    "@nats-io/nkeys": "npm:@nats-io/nkeys@2.0.3",
    "@nats-io/nuid": "npm:@nats-io/nuid@3.0.0",
    "@nats-io/jwt": "npm:@nats-io/jwt@0.0.11",
    "@std/path": "node:path",
}


class NatsJs:
    """A test is named `FILE::NAME`."""

    lists = HERE / "nats.js"
    timeout_s = 120

    def __init__(self, cache, options):
        if not options.checkout:
            raise SystemExit("nats.js needs --checkout DIR, a checkout of its repository")
        self.checkout = Path(options.checkout).resolve()
        self.own_python = options.python
        self.cache = cache / "suites" / "nats.js"
        self.deno = self.cache / "python" / "bin" / "deno"
        self.modules = self.cache / "modules.json"

    def prepare(self, wanted):
        """Installs Deno and what the tests import; returns the tests of the files of `wanted`."""
        self.install()
        files = sorted(self.checkout.glob("core/tests/*_test.ts"))
        chosen = {name.partition("::")[0] for name in wanted} or {file.name for file in files}
        return sorted({name for file in files if file.name in chosen
                       for name in self.tests_of(file)})

    def command(self, name):
        file, _, title = name.partition("::")
        exact = f"--filter=/^{re.escape(title).replace('/', chr(92) + '/')}$/"
        # Its connect.ts tells the tests' own library which transport to use.
        more = ["--cached-only", "--preload=./core/tests/connect.ts", exact]
        return self.deno_command("test", *more, f"core/tests/{file}"), self.checkout

    def verdict(self, code, output):
        return code == 0 and re.search(r"ok \| [1-9]\d* passed", output) is not None

    def install(self):
        self.cache.mkdir(parents=True, exist_ok=True)
        modules = {name: str(self.checkout / path) for name, path in CHECKOUT_MODULES.items()}
        ours = {"@std/assert": str(self.lists / "assertions.ts"),
                "@std/io": str(self.lists / "io.ts")}
        self.modules.write_text(json.dumps({"imports": {**modules, **ours, **OTHER_MODULES}}))
        if self.deno.exists():
            return
        python = self.deno.parent / "python"
        subprocess.run([self.own_python, "-m", "venv", "--clear", self.cache / "python"],
                       check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", DENO], check=True)
        files = [str(file) for file in self.checkout.glob("core/tests/*_test.ts")]
        subprocess.run(self.deno_command("cache", *files), cwd=self.checkout, check=True)

    def deno_command(self, verb, *more):
        rights = ["-A"] if verb == "test" else []
        return ["env", "DENO_NO_PACKAGE_JSON=1", "NO_COLOR=1", str(self.deno), verb, *rights,
                "--quiet", "--no-config", "--no-check", f"--import-map={self.modules}", *more]

    def tests_of(self, file):
        preload = f"--preload={self.lists / 'collect.ts'}"
        done = subprocess.run(self.deno_command("run", "-A", preload, str(file)),
                              cwd=self.checkout, text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE)
        return [f"{file.name}::{title}" for title in re.findall(r"(?m)^test: (.*)$", done.stdout)]
