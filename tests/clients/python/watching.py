"""Buckets as those see them who watch, and object stores."""

import io

import nats
from driver import digest
from harness import QUIET_S, pattern
from keyvalue import bucket, entry
from nats.js import api
from nats.js.kv import KeyValue
from nats.js.object_store import ObjectStore
from streams import SHOWN, said, streams


def entries(found):
    return "".join(entry(one) if isinstance(one, KeyValue.Entry) else f" {one}" for one in found)


async def shown(call):
    """As `said`, for lists of entries or keys."""
    try:
        return entries(await call)
    except nats.errors.Error as error:
        return await said(failed(error))


async def failed(error):
    raise error


async def filled(s, name, history=4):
    kv = await bucket(s, name, history=history)
    for key in ("a.one", "a.two", "b", "a.one", "a.one.deep"):
        await kv.put(key, b"v " + key.encode())
    await kv.delete("b")
    return kv


async def seen(watcher):
    """What a watcher tells until it is quiet."""
    out = ""
    while True:
        try:
            update = await watcher.updates(timeout=QUIET_S)
        except nats.errors.TimeoutError:
            return out
        if isinstance(update, KeyValue.Entry):
            out += f"({update.key} {update.value} {update.revision} {update.operation})"
        else:
            out += "|" if update is None else SHOWN[type(update)](update)


async def kv_history():
    async with streams() as s:
        kv = await filled(s, "HIST")
        out = [await shown(kv.history(key)) for key in ("a.one", "b", "none")]
        for i in range(6):
            await kv.put("many", b"%d" % i)
        out.append(await shown(kv.history("many")))
        await kv.purge("many")
        out += [await shown(kv.history("many")), await said(kv.purge_deletes(olderthan=-1))]
        return "; ".join([*out, await shown(kv.history("many")), await said(kv.status())])


async def kv_watch():
    async with streams() as s:
        kv = await filled(s, "WATCH", 40)
        out = []
        for keys, options in (
            ("a.*", {}),
            (">", {}),
            ("a.>", dict(include_history=True)),
            ("a.*", dict(ignore_deletes=True)),
            (">", dict(meta_only=True)),
            ("none.*", {}),
        ):
            watcher = await kv.watch(keys, **options)
            await kv.put("a.new", b"new")
            await kv.put("z", b"z")
            await kv.delete("a.new")
            out.append(await seen(watcher))
            await watcher.stop()
        return "; ".join(out)


async def kv_keys():
    async with streams() as s:
        kv, empty = await filled(s, "LISTKEYS"), await bucket(s, "NOKEYS")
        calls = [kv.keys(), empty.keys(), kv.keys(filters=["a.*"]), kv.keys(filters=["none"])]
        return "; ".join([await shown(call) for call in calls])


async def kv_markers():
    async with streams() as s:
        kv = await bucket(s, "MARKED", ttl=1, history=2, limit_marker_ttl=3600)
        watcher = await kv.watchall()
        await kv.put("aged", b"x")
        await kv.create("short", b"y", msg_ttl=1)
        got = []
        while len(got) < 4:
            update = await watcher.updates()
            if update is not None:
                got.append(f"({update.key} {update.value} {update.operation})")
        return " ".join(sorted(got))


def information(i):
    link = (i.options.link.bucket, i.options.link.name) if i.options and i.options.link else None
    return (
        f"({i.bucket}/{i.name} {i.description} {i.headers} {i.size} {i.chunks} {i.digest} "
        f"{i.deleted} {link})"
    )


def status(o):
    return f"({o.bucket} {o.description} {o.ttl} {o.storage_type} {o.sealed} {o.size > 0})"


SHOWN[api.ObjectInfo] = information
SHOWN[ObjectStore.ObjectResult] = lambda r: f"{information(r.info)} {r.data}"
SHOWN[ObjectStore.ObjectStoreStatus] = status


async def store(s, name, **config):
    made = await s.js.create_object_store(name, config=api.ObjectStoreConfig(**config))
    s.made.append("OBJ_" + name)
    return made


async def object_life():
    async with streams() as s:
        one = await store(s, "FILES", description="files", ttl=3600, max_bytes=1 << 20)
        meta = api.ObjectMeta(
            description="described",
            headers={"H": "1"},
            options=api.ObjectMetaOptions(max_chunk_size=10),
        )
        out = [await said(one.status())]
        for call in (
            lambda: s.js.object_store("NONE"),
            lambda: s.js.create_object_store("a.b"),
            lambda: one.put("a file/with *", b"0123456789abcdefghijklmno", meta=meta),
            lambda: one.put("small", b"x"),
            lambda: one.put("empty", b""),
            lambda: one.get("a file/with *"),
            lambda: one.get_info("small"),
            lambda: one.get("none"),
            lambda: one.put("small", b"replaced"),
            lambda: one.update_meta("small", api.ObjectMeta(name="renamed")),
            lambda: one.delete("empty"),
            lambda: one.delete("none"),
            lambda: one.get_info("empty"),
            lambda: one.get_info("empty", show_deleted=True),
            lambda: one.seal(),
            lambda: one.status(),
            lambda: one.put("late", b"x"),
        ):
            out.append(await said(call()))
        listed = await one.list()
        out += [information(i) for i in sorted(listed, key=lambda i: i.name)]
        for _ in range(2):
            out.append(await said(s.js.delete_object_store("FILES")))
        return "; ".join(out)


async def object_large():
    async with streams() as s:
        one = await store(s, "LARGE")
        out = [await said(one.put("large", pattern(4 << 20)))]
        into = io.BytesIO()
        result = await one.get("large", writeinto=into)
        content = into.getvalue()
        out += [information(result.info), str(len(content)), digest(content)]
        # Consumers that the client made for itself may still be there.
        out += [held(await s.state("OBJ_LARGE")), await said(one.delete("large"))]
        return "; ".join([*out, held(await s.state("OBJ_LARGE"))])


def held(state):
    return state.partition(" consumers")[0]


async def object_watch():
    async with streams() as s:
        one = await store(s, "WATCHED")
        await one.put("before", b"1")
        watcher = await one.watch()
        await one.put("after", b"2")
        await one.delete("before")
        return await seen(watcher)


SCENARIOS = [kv_history, kv_watch, kv_keys, kv_markers, object_life, object_large, object_watch]
