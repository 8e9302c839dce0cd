"""The lists of a suite: every test of it stands in exactly one.

    counted.txt     `NAME`: passes on nats-server, fails without a server, must pass on ours
    later.txt       `NAME | FEATURE`: would count, but needs a feature that we do not have yet
    uncounted.txt   `NAME | REASON`: proves nothing about a server
"""
SEPARATOR = " | "


class Lists:
    def __init__(self, where):
        self.where = where
        self.counted = set(read(where / "counted.txt"))
        self.later = read(where / "later.txt")
        self.uncounted = read(where / "uncounted.txt")

    def problems(self, existing):
        """What is wrong with the lists, given names of tests; only of those targets are known."""
        lists = [self.counted, self.later.keys(), self.uncounted.keys()]
        listed = [name for names in lists for name in names]
        twice = {name for name in listed if listed.count(name) > 1} if has_twice(listed) else set()
        existing = set(existing)
        targets = {target_of(name) for name in existing}
        gone = {name for name in listed if target_of(name) in targets} - existing
        return ([f"in two lists: {name}" for name in sorted(twice)]
                + [f"in no list: {name}" for name in sorted(existing - set(listed))]
                + [f"does not exist: {name}" for name in sorted(gone)])

    def sort_in(self, name, real, dead):
        """Puts a test where its outcomes belong: `real` is the list of runs on nats-server."""
        reason = None
        if dead:
            reason = "passes without a server"
        elif not all(real):
            reason = f"fails on nats-server {real.count(False)} times of {len(real)}"
        if reason is None:
            self.uncounted.pop(name, None)
            if name not in self.later:
                self.counted.add(name)
            return
        self.counted.discard(name)
        self.later.pop(name, None)
        self.uncounted.setdefault(name, reason)

    def write(self):
        write(self.where / "counted.txt", dict.fromkeys(self.counted, ""))
        write(self.where / "later.txt", self.later)
        write(self.where / "uncounted.txt", self.uncounted)


def target_of(name):
    """The file that a test is in, as its name says: up to a blank or to two colons."""
    return name.split()[0].partition("::")[0]


def has_twice(names):
    return len(names) != len(set(names))


def read(path):
    """{name: what stands behind it} of a list; lines that begin with # are for people."""
    rows = {}
    if path.exists():
        for line in path.read_text().splitlines():
            if line.strip() and not line.startswith("#"):
                name, _, why = line.partition(SEPARATOR)
                rows[name.strip()] = why.strip()
    return rows


def write(path, rows):
    """Keeps the lines for people at the top."""
    old = path.read_text().splitlines() if path.exists() else []
    lines = [line for line in old if line.startswith("#")]
    lines += [name + (SEPARATOR + rows[name] if rows[name] else "") for name in sorted(rows)]
    path.write_text("\n".join(lines) + "\n")
