"""The tests of nats.js' modules, from a checkout of its repository: no package has them."""
import json
import re
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
DENO = "deno==2.9.8"
MODULES = ["core", "jetstream", "kv", "obj", "services"]
CHECKOUT_MODULES = {
    "nst": "nst/src/mod.ts",
    "@nats-io/nats-core": "core/src/mod.ts",
    "@nats-io/nats-core/internal": "core/src/internal_mod.ts",
    "@nats-io/transport-deno": "transport-deno/src/mod.ts",
    "@nats-io/jetstream": "jetstream/src/mod.ts",
    "@nats-io/jetstream/internal": "jetstream/src/internal_mod.ts",
    "@nats-io/kv": "kv/src/mod.ts",
    "@nats-io/kv/internal": "kv/src/internal_mod.ts",
    "@nats-io/obj": "obj/src/mod.ts",
    "@nats-io/obj/internal": "obj/src/internal_mod.ts",
    "@nats-io/services": "services/src/mod.ts",
    "@nats-io/services/internal": "services/src/internal_mod.ts",
}
OTHER_MODULES = {
    "@nats-io/nkeys": "npm:@nats-io/nkeys@2.0.3",
    "@nats-io/nuid": "npm:@nats-io/nuid@3.0.0",
    "@nats-io/jwt": "npm:@nats-io/jwt@0.0.11",
    "@std/path": "node:path",
    "ajv": "npm:ajv@8.17.1",
    "js-sha256": "npm:js-sha256@0.11.1",
}


class NatsJs:
    """A test is named `FILE::NAME` in the core module, `MODULE/FILE::NAME` in the others."""

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
        files = {name_of(file): file for file in self.files()}
        chosen = {name.partition("::")[0] for name in wanted} or files.keys()
        return sorted({f"{name}::{title}" for name, file in files.items() if name in chosen
                       for title in self.titles(file)})

    def command(self, name):
        path, _, title = name.partition("::")
        module, _, file = path.rpartition("/")
        exact = f"--filter=/^{re.escape(title).replace('/', chr(92) + '/')}$/"
        # Its connect.ts tells the tests' own library which transport to use.
        more = ["--cached-only", "--preload=./core/tests/connect.ts", exact]
        return self.deno_command("test", *more, f"{module or 'core'}/tests/{file}"), self.checkout

    def verdict(self, code, output):
        return code == 0 and re.search(r"ok \| [1-9]\d* passed", output) is not None

    def install(self):
        self.cache.mkdir(parents=True, exist_ok=True)
        modules = {name: str(self.checkout / path) for name, path in CHECKOUT_MODULES.items()}
        ours = {"@std/assert": str(self.lists / "assertions.ts"),
                "@std/bytes": str(self.lists / "bytes.ts"),
                "@std/io": str(self.lists / "io.ts")}
        imports = {**modules, **ours, **OTHER_MODULES}
        # The same name is another file for the tests of each module.
        scopes = {f"{self.checkout}/{module}/tests/":
                  {"nst": f"{self.checkout}/{module}/tests/nst.ts"} for module in MODULES}
        self.modules.write_text(json.dumps({"imports": imports, "scopes": scopes}))
        if not self.deno.exists():
            python = self.deno.parent / "python"
            subprocess.run([self.own_python, "-m", "venv", "--clear", self.cache / "python"],
                           check=True)
            subprocess.run([python, "-m", "pip", "install", "-q", DENO], check=True)
        stamp = self.cache / "cached"
        if not stamp.exists() or stamp.read_text() != self.modules.read_text():
            files = [str(file) for file in self.files()]
            subprocess.run(self.deno_command("cache", *files), cwd=self.checkout, check=True)
            stamp.write_text(self.modules.read_text())

    def files(self):
        return sorted(file for module in MODULES
                      for file in self.checkout.glob(f"{module}/tests/*_test.ts"))

    def deno_command(self, verb, *more):
        rights = ["-A"] if verb == "test" else []
        return ["env", "DENO_NO_PACKAGE_JSON=1", "NO_COLOR=1", str(self.deno), verb, *rights,
                "--quiet", "--no-config", "--no-check", f"--import-map={self.modules}", *more]

    def titles(self, file):
        preload = f"--preload={self.lists / 'collect.ts'}"
        done = subprocess.run(self.deno_command("run", "-A", preload, str(file)),
                              cwd=self.checkout, text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE)
        return re.findall(r"(?m)^test: (.*)$", done.stdout)


def name_of(file):
    module = file.parent.parent.name
    return file.name if module == "core" else f"{module}/{file.name}"
