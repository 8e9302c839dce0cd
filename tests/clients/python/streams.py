"""Streams: their lives, configurations and errors, purges and deletes."""

import asyncio
import json
from contextlib import asynccontextmanager

import nats
from harness import PATIENCE_S, order, session, told
from nats.js import api


class Streams:
    """Streams on a connection of their own, and those to be deleted at the end."""

    def __init__(self, opened):
        self.nc, self.errors, self.made = opened.nc, opened.errors, []
        self.js = self.nc.jetstream(timeout=PATIENCE_S, publish_async_max_pending=5000)

    async def make(self, name, *subjects, **config):
        info = await self.js.add_stream(name=name, subjects=list(subjects), **config)
        self.made.append(name)
        return info

    async def put(self, subject, body="", **headers):
        """Publishes with headers named like Nats_Msg_Id."""
        named = {k.replace("_", "-"): v for k, v in headers.items()}
        return await said(self.js.publish(subject, body.encode(), headers=named or None))

    async def fill(self, *subjects):
        for i, subject in enumerate(subjects):
            await self.js.publish(subject, b"%d" % (i + 1))

    async def get(self, stream, seq=None, **options):
        return await said(self.js.get_msg(stream, seq, **options))

    async def state(self, stream, subjects=None):
        return await said(self.js.stream_info(stream, subjects_filter=subjects))


@asynccontextmanager
async def streams():
    async with await session("jetstream", max_reconnect_attempts=200) as s:
        one = Streams(s)
        yield one
        for name in one.made:
            await said(one.js.delete_stream(name))


def raw(message):
    headers = {
        k: v for k, v in sorted((message.headers or {}).items()) if k != "Nats-Time-Stamp"
    }
    return f"({message.seq} {message.subject} {message.data} {headers} {message.time is not None})"


def state(info):
    s = info.state
    return (
        f"messages={s.messages} bytes={s.bytes} first={s.first_seq} last={s.last_seq} "
        f"consumers={s.consumer_count} deleted={s.num_deleted} {s.deleted} {s.subjects}"
    )


def config(info):
    return json.dumps(info.config.as_dict(), sort_keys=True)


SHOWN = {
    api.PubAck: lambda a: json.dumps({k: v for k, v in a.as_dict().items() if v is not None}),
    api.RawStreamMsg: raw,
    api.StreamInfo: state,
}


async def said(call):
    """What a call came to, in one way for every kind of answer and error."""
    try:
        answer = await call
    except (nats.errors.Error, asyncio.TimeoutError, ValueError) as error:
        return f"[{told(error)}]"
    return SHOWN.get(type(answer), str)(answer)


async def until(look, ready, patience=PATIENCE_S):
    """Asks again until what is answered will do."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + patience
    while True:
        answer = await look()
        if ready(answer) or clock() > deadline:
            return answer
        await asyncio.sleep(0.02)


async def jetstream_disabled():
    async with await session("plain") as s:
        js = s.nc.jetstream(timeout=PATIENCE_S)
        calls = [
            js.account_info(),
            js.stream_info("S"),
            js.add_stream(name="S", subjects=["s"]),
            js.publish("s", b""),
            js.key_value("B"),
            js.streams_info(),
            js.delete_stream("S"),
            js.get_msg("S", 1),
        ]
        return " ".join([await said(call) for call in calls])


async def jetstream_account():
    async with streams() as s:
        before = await s.js.account_info()
        await s.make("FILE", "file")
        await s.make("MEM", "mem", storage=api.StorageType.MEMORY, max_bytes=1 << 20)
        await s.fill("file", "file", "mem")
        refused = await s.state("NONE")
        after = await s.js.account_info()
        calls = after.api.total - before.api.total, after.api.errors - before.api.errors
        before.api = after.api = None
        return f"{before}; {refused}; {after} {calls}"


async def stream_life():
    async with streams() as s:
        first = await s.make("LIFE", "life.>")
        again = await s.js.add_stream(name="LIFE", subjects=["life.>"])
        await s.fill("life.a", "life.b", "life.a")
        changed = api.StreamConfig(
            name="LIFE", subjects=["life.>"], max_msgs=2, description="shorter"
        )
        updated = await s.js.update_stream(changed)
        out = [config(first), state(again), updated.config.description, await s.state("LIFE")]
        out.append(str(updated.created == first.created))
        for call in (
            lambda: s.js.delete_stream("LIFE"),
            lambda: s.js.delete_stream("LIFE"),
            lambda: s.js.stream_info("LIFE"),
            lambda: s.js.update_stream(changed),
            lambda: s.js.purge_stream("LIFE"),
            lambda: s.js.publish("life.a", b"x"),
        ):
            out.append(await said(call()))
        return "; ".join(out)


def every_field():
    """A configuration that sets whatever fits together."""
    return dict(
        description="all of them",
        retention=api.RetentionPolicy.LIMITS,
        max_consumers=7,
        max_msgs=1000,
        max_bytes=1 << 20,
        discard=api.DiscardPolicy.NEW,
        discard_new_per_subject=True,
        max_age=3600,
        max_msgs_per_subject=10,
        max_msg_size=4096,
        storage=api.StorageType.FILE,
        num_replicas=1,
        duplicate_window=90,
        deny_delete=True,
        allow_rollup_hdrs=True,
        first_seq=1000,
        republish=api.RePublish(src=">", dest="again.>", headers_only=True),
        subject_transform=api.SubjectTransform(src="f.*", dest="h.{{wildcard(1)}}"),
        allow_direct=True,
        mirror_direct=False,
        compression=api.StoreCompression.S2,
        allow_msg_ttl=True,
        allow_atomic=True,
        allow_batched=True,
        metadata={"owner": "py", "colour": "red"},
        consumer_limits=api.StreamConsumerLimits(inactive_threshold=60, max_ack_pending=50),
        subject_delete_marker_ttl=60,
    )


async def stream_fields():
    async with streams() as s:
        full = await s.make("FIELDS", "f.*", "g.>", **every_field())
        put = await s.put("f.a", "x")
        memory = await s.make("SIMPLE", storage=api.StorageType.MEMORY)
        counter = await s.make("COUNT", "c", allow_msg_counter=True)
        plans = await s.make("PLAN", "p", allow_msg_schedules=True)
        return "; ".join([put, *map(config, (full, memory, counter, plans))])


WRONG = [
    dict(name="TAKEN", subjects=["other"]),
    dict(subjects=["taken.one"]),
    dict(subjects=[">"]),
    dict(subjects=["x.*", "x.a"]),
    dict(subjects=["$JS.API.>"]),
    dict(subjects=["x..y"]),
    dict(name="n" * 300),
    dict(num_replicas=3),
    dict(max_age=0.001),
    dict(max_age=-1),
    dict(max_age=60, duplicate_window=3600),
    dict(discard_new_per_subject=True),
    dict(deny_purge=True, allow_rollup_hdrs=True),
    dict(sealed=True),
    dict(subject_delete_marker_ttl=0.001),
    dict(allow_msg_counter=True, discard=api.DiscardPolicy.NEW),
    dict(republish=api.RePublish(src=">", dest="x")),
    dict(subject_transform=api.SubjectTransform(src="*", dest="y.{{wildcard(2)}}")),
    dict(storage=api.StorageType.MEMORY, persist_mode=api.PersistMode.ASYNC),
    dict(placement=api.Placement(cluster="east", tags=["a"])),
    dict(max_msgs=-7, max_bytes=-7),
]


async def stream_errors():
    async with streams() as s:
        await s.make("TAKEN", "taken.*")
        out = []
        for wrong in WRONG:
            given = {"name": "X", "subjects": ["x"], **wrong}
            out.append(await said(s.js.add_stream(**given)))
            if not out[-1].startswith("["):
                await s.js.delete_stream("X")
        for name in ("NONE", "a.b", "", "a*", "a b"):
            out.append(await s.state(name))
        out.append(await said(s.js.find_stream_name_by_subject("nowhere")))
        return " ".join(out)


async def stream_update():
    async with streams() as s:
        await s.make("UP", "up.a", max_consumers=5)
        await s.fill("up.a", "up.a", "up.a")
        out = []
        for change in (
            dict(storage=api.StorageType.MEMORY),
            dict(max_consumers=6),
            dict(num_replicas=3),
            dict(first_seq=9),
            dict(allow_msg_counter=True),
            dict(subjects=["up.a", "up.b"]),
            dict(max_msgs=2, max_age=3600),
            dict(metadata={"a": "b"}),
            dict(deny_delete=True),
            dict(allow_msg_ttl=True),
        ):
            given = {"name": "UP", "subjects": ["up.a"], "max_consumers": 5, **change}
            out.append(await said(s.js.update_stream(**given)))
        out.append(config(await s.js.stream_info("UP")))
        return "; ".join(out)


async def stream_list():
    async with streams() as s:
        for name in ("C", "A", "B"):
            await s.make(name, "list." + name)
        await s.fill("list.A", "list.A")
        infos = await s.js.streams_info()
        later = await s.js.streams_info_iterator(offset=2)
        return " ".join(
            [f"{i.config.name}={i.state.messages}" for i in infos]
            + [i.config.name for i in later]
            + [await said(s.js.find_stream_name_by_subject("list.C"))]
            + [str(len(await s.js.streams_info(offset=9)))]
        )


async def stream_subjects():
    async with streams() as s:
        await s.make("SUBJ", "s.>")
        await s.fill("s.a", "s.b", "s.a", "s.c.d", "s.b", "s.a")
        for seq in (2, 4):
            await s.js.delete_msg("SUBJ", seq)
        filters = [">", "s.*", "s.a", "s.none", "other", None]
        return "; ".join([f"{f} {await s.state('SUBJ', f)}" for f in filters])


async def stream_restart():
    async with streams() as s:
        before = await s.make("KEPT", "kept.>", metadata={"a": "b"})
        await s.make("LOST", "lost", storage=api.StorageType.MEMORY)
        await s.fill("kept.a", "kept.b", "kept.a", "lost", "kept.c")
        out = [await s.put("kept.a", "once", Nats_Msg_Id="id-1")]
        await s.js.delete_msg("KEPT", 2)
        await order("restart", "jetstream")
        await until(lambda: said(s.js.account_info()), lambda said: not said.startswith("["))
        after = await s.js.stream_info("KEPT")
        out += [f"{config(before) == config(after)} {before.created == after.created}"]
        out += [await s.state("KEPT", ">"), await s.state("LOST")]
        out.append(await s.put("kept.a", "once", Nats_Msg_Id="id-1"))
        out.append(await s.put("kept.a", "more", Nats_Msg_Id="id-2"))
        out += [await s.get("KEPT", seq) for seq in (1, 2, 5, 6)]
        return "; ".join(out)


async def stream_purge():
    async with streams() as s:
        await s.make("PURGE", "p.*")
        subjects = ["p.a", "p.b", "p.a", "p.c", "p.a", "p.b"]
        out = []
        for how in (
            dict(subject="p.a", keep=1),
            dict(subject="p.b"),
            dict(seq=5),
            dict(keep=2),
            dict(subject="p.none"),
            dict(subject="p.a", seq=10),
            dict(seq=10, keep=1),
            dict(subject="*.*", keep=1),
            dict(),
            dict(),
        ):
            if len(out) in (0, 3, 5):
                await s.fill(*subjects)
            out.append(f"{await said(s.js.purge_stream('PURGE', **how))} {await s.state('PURGE')}")
        return "; ".join(out)


async def stream_delete_message():
    async with streams() as s:
        await s.make("DEL", "d")
        await s.fill("d", "d", "d", "d", "d")
        # This client has no call that erases: the request is written by hand.
        erase = b'{"seq":3,"no_erase":false}'
        erased = await s.nc.request("$JS.API.STREAM.MSG.DELETE.DEL", erase, timeout=PATIENCE_S)
        out = [erased.data.decode()]
        for seq in (2, 2, 0, 99, 3, 1, 5):
            out.append(f"{await said(s.js.delete_msg('DEL', seq))} {await s.state('DEL')}")
        out += [await s.get("DEL", 3), await s.put("d", "6"), await s.state("DEL")]
        return "; ".join(out)


async def stream_sealed():
    async with streams() as s:
        await s.make("SEAL", "seal")
        await s.fill("seal", "seal")
        given = dict(name="SEAL", subjects=["seal"], deny_delete=True, deny_purge=True)
        out = []
        for sealed in (False, True, False):
            out.append(await said(s.js.update_stream(**given, sealed=sealed)))
            out.append(await said(s.js.delete_msg("SEAL", 1)))
            out.append(await said(s.js.purge_stream("SEAL")))
            out.append(await s.put("seal", "x"))
        return "; ".join(out + [config(await s.js.stream_info("SEAL"))])


async def stream_mirror():
    async with streams() as s:
        await s.make("ORIGIN", "o.*")
        await s.fill("o.a", "o.b", "o.a")
        origin = api.StreamSource(name="ORIGIN")
        mirrored = await s.js.add_stream(name="MIRROR", mirror=origin)
        s.made.append("MIRROR")
        filtered = api.StreamSource(name="ORIGIN", filter_subject="o.a")
        sourced = await s.make("SOURCED", "own", sources=[filtered])
        for name, want in (("MIRROR", 3), ("SOURCED", 2)):
            await until(lambda: s.state(name), lambda got: got.startswith(f"messages={want}"))
        out = [await s.put("own", "x"), await s.state("MIRROR", ">"), await s.state("SOURCED", ">")]
        out += [await s.get("MIRROR", 2), await s.get("SOURCED", 1)]
        out += [config(mirrored), config(sourced)]
        out.append(await said(s.js.update_stream(name="MIRROR", subjects=["promoted"])))
        out.append(await s.put("promoted", "x"))
        for wrong in (
            dict(subjects=["x"], mirror=origin),
            dict(mirror=api.StreamSource(name="X")),
            dict(mirror=api.StreamSource(name="ORIGIN", filter_subject="a..b")),
            dict(mirror=origin, sources=[origin]),
            dict(sources=[origin, origin]),
        ):
            out.append(await said(s.js.add_stream(name="X", **wrong)))
        return "; ".join(out)


SCENARIOS = [
    jetstream_disabled,
    jetstream_account,
    stream_life,
    stream_fields,
    stream_errors,
    stream_update,
    stream_list,
    stream_subjects,
    stream_restart,
    stream_purge,
    stream_delete_message,
    stream_sealed,
    stream_mirror,
]
