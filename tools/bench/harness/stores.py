"""Scenarios of streams under load: durable publishing, reading by direct get, and what a message
costs as a stream grows."""
from client import Client
from scenarios import add, loaded

LOG = 4 * 64 << 20  # the write-ahead log's bound
# How often over the log is written, and for how long, so that checkpoints and the recycling of its
# files are part of what is measured.
TIMES, SECONDS = 20, 60
ENVELOPE = 64  # a message's bytes in the log beside its payload, at least
# What the streams of a run may keep together, and one stream at least; the oldest messages go.
KEPT, KEPT_LEAST = 2 << 30, 16 << 20
FILL = {"inflight": 1000, "size": 16, "made": True}


def durable(times=TIMES, size=128, streams=1, **options):
    """Publishing for a minute at least, and at least `times` over the log."""

    def function(run):
        kept = max(KEPT // streams, KEPT_LEAST)
        shape = {"size": size, "streams": streams, "max_bytes": kept, **options}
        least = run.scaled(times * LOG / (size + ENVELOPE))
        run.load("store", msgs=200, secs=run.lasting(3), **shape)
        figures = run.measured("store", msgs=least, secs=run.lasting(SECONDS), **shape)
        if options.get("inflight", 1) == 1 and options.get("pubs", 1) == 1:
            figures["over_sync"] = figures["p50"] - run.sync_us
        return figures

    return function


def add_durable():
    """Each message is acknowledged. `.always`: the peer syncs first too, and a minute is enough."""
    for pubs, inflight in ((1, 1), (16, 1), (256, 1), (1, 500), (4, 1000)):
        name, shape = f"store.128B.{pubs}x{inflight}", {"pubs": pubs, "inflight": inflight}
        # who waits for each message cannot write that much within minutes
        load = durable(0 if inflight == 1 else TIMES, **shape)
        add(name, load, streams=True)
        add(f"{name}.always", durable(0, **shape), streams=True, always=True)
    for size in (1024, 65536):
        add(f"store.{size}B.1x500", durable(inflight=500, size=size), streams=True)
    for streams in (100, 1000):
        load = durable(pubs=4, inflight=500, streams=streams)
        add(f"store.128B.4x500.{streams}streams", load, streams=True)
    # as many ids as a minute gives are gigabytes in nats-server's memory
    load = durable(inflight=500, ids=True, ids_kept=10)
    add("store.128B.1x500.ids", load, streams=True)
    load = loaded("store", 2e6, inflight=500, size=128, storage="memory")
    add("store.128B.1x500.memory", load, streams=True)


def make(run, number=0, **more):
    """Makes stream `BENCH{number}`, which takes `bench.{number}.>`."""
    with Client(run.server.port) as client:
        client.api(f"STREAM.CREATE.BENCH{number}", settings(number, **more))


def settings(number=0, **more):
    return {
        "name": f"BENCH{number}", "subjects": [f"bench.{number}.>"], "storage": "file",
        "allow_direct": True, **more,
    }


def get(msgs, batch=1, inflight=1, last=False):
    """Reading single messages of a million, none near the one before."""

    def function(run):
        stored, subjects = run.scaled(1e6, 2000), run.scaled(1e4)
        make(run)
        run.load("store", msgs=stored, inflight=1000, size=128, subjects=subjects, made=True)
        run.settle(1)
        shape = {"stored": stored, "batch": batch, "inflight": inflight, "subjects": subjects}
        if last:
            shape["last"] = True
        n = run.scaled(msgs)
        run.load("get", msgs=max(100, n // 10), **shape)
        return run.measured("get", msgs=n, **shape)

    return function


def growth_of_messages(run):
    """CPU of the two million messages around 1M, 10M and 50M stored ones, of 1,000 subjects."""
    make(run)
    stored, costs = 0, []
    for size in (1e6, 10e6, 50e6):
        million = run.scaled(1e6)
        before = run.scaled(size) - million - stored
        if before > 0:
            run.load("store", msgs=before, first=stored, subjects=1000, **FILL)
            stored += before
        costs.append(run.measured("store", msgs=2 * million, first=stored, subjects=1000, **FILL))
        stored += 2 * million
    return grown("cpu_m", costs)


def growth_of_subjects(run):
    """CPU of two million messages into a stream of 1k, 100k and 1M subjects, each of which has two
    messages or more already."""
    costs = []
    for number, subjects in enumerate((1e3, 1e5, 1e6)):
        make(run, number)
        subjects, msgs = run.scaled(subjects), run.scaled(2e6)
        shape = {"subjects": subjects, "stream": number, **FILL}
        run.load("store", msgs=msgs, **shape)
        costs.append(run.measured("store", msgs=msgs, first=msgs, **shape))
    return grown("cpu_s", costs)


def grown(key, costs):
    """The CPU at each size, and by how much the greatest exceeds the first."""
    cpu = [c["cpu"] for c in costs]
    figures = {f"{key}{n}": value for n, value in enumerate(cpu, 1)}
    if all(cpu):  # else one took no tick, and nothing was measurable
        figures["growth_pct"] = (max(cpu[1:]) / cpu[0] - 1) * 100
    return {**figures, "rate": costs[-1]["rate"], "rss_mib": costs[-1]["rss_mib"]}


def add_all():
    add_durable()
    add("store.get.1", get(5e4), streams=True)
    add("store.get.64", get(5e5, inflight=64), streams=True)
    add("store.get.last", get(5e5, inflight=64, last=True), streams=True)
    add("store.get.batch", get(5e6, batch=1000), streams=True)
    add("store.growth.messages", growth_of_messages, streams=True)
    add("store.growth.subjects", growth_of_subjects, streams=True)


add_all()
