"""Buckets of keys and values, without watchers."""

from nats.js import api
from nats.js.kv import KeyValue
from streams import SHOWN, config, said, streams, until


def entry(e):
    return f"({e.key} {e.value} {e.revision} {e.operation} {e.delta} {e.created is not None})"


def status(s):
    return (
        f"{s.bucket} values={s.values} history={s.history} ttl={s.ttl} marker={s.marker_ttl} "
        f"bytes={s.stream_info.state.bytes}"
    )


SHOWN[KeyValue.Entry] = entry
SHOWN[KeyValue.BucketStatus] = status


async def bucket(s, name, **config):
    kv = await s.js.create_key_value(bucket=name, **config)
    s.made.append("KV_" + name)
    return kv


async def kv_buckets():
    async with streams() as s:
        given = dict(
            description="all of it",
            max_value_size=1000,
            history=5,
            ttl=3600,
            max_bytes=1 << 20,
            limit_marker_ttl=60,
            direct=True,
        )
        full = await bucket(s, "FULL", **given)
        plain = await bucket(s, "PLAIN", storage=api.StorageType.MEMORY)
        out = [await said(kv.status()) for kv in (full, plain)]
        out += [config(await s.js.stream_info(f"KV_{name}")) for name in ("FULL", "PLAIN")]
        again = await s.js.create_key_value(bucket="FULL", **given)
        out.append(await said(again.status()))
        given["history"] = 3
        for call in (
            s.js.create_key_value(bucket="FULL", **given),
            s.js.create_key_value(bucket="a.b"),
            s.js.create_key_value(bucket="L", history=65),
            s.js.key_value("NONE"),
            s.js.delete_key_value("FULL"),
            s.js.delete_key_value("FULL"),
        ):
            out.append(await said(call))
        return "; ".join(out)


async def kv_entries():
    async with streams() as s:
        kv = await bucket(s, "ENTRIES", history=4)
        direct = await bucket(s, "DIRECTLY", history=4, direct=True)
        out = []
        for b in (kv, direct):
            for call in (
                lambda: b.get("none"),
                lambda: b.put("a", b"one"),
                lambda: b.put("b.c/d=e_f-g", b"two"),
                lambda: b.put("a", b""),
                lambda: b.get("a"),
                lambda: b.get("a", revision=1),
                lambda: b.get("a", revision=2),
                lambda: b.get("a", revision=9),
                lambda: b.delete("a"),
                lambda: b.get("a"),
                lambda: b.status(),
                lambda: b.purge("a"),
                lambda: b.get("a"),
                lambda: b.get("a", revision=1),
                lambda: b.status(),
                lambda: b.get("b.c/d=e_f-g"),
                lambda: b.put(".a", b""),
                lambda: b.put("a b", b""),
                lambda: b.delete("never"),
            ):
                out.append(await said(call()))
        return "; ".join(out)


async def kv_revisions():
    async with streams() as s:
        kv = await bucket(s, "REVS")
        out = []
        for call in (
            lambda: kv.create("k", b"1"),
            lambda: kv.create("k", b"2"),
            lambda: kv.update("k", b"2", last=1),
            lambda: kv.update("k", b"3", last=1),
            lambda: kv.update("new", b"", last=0),
            lambda: kv.delete("k", last=1),
            lambda: kv.delete("k", last=2),
            lambda: kv.create("k", b"anew"),
            lambda: kv.get("k"),
            lambda: kv.purge("k"),
            lambda: kv.create("k", b"again"),
            lambda: kv.status(),
        ):
            out.append(await said(call()))
        return "; ".join(out)


async def kv_limits():
    async with streams() as s:
        kv = await bucket(s, "SMALL", max_value_size=100, max_bytes=500)
        out = [await said(kv.put("a", b"x" * 60)), await said(kv.put("a", b"x" * 200))]
        out += [await said(kv.put(f"k{i}", b"x" * 50)) for i in range(6)]
        return "; ".join(out + [await said(kv.status()), await said(kv.get("k0"))])


async def kv_expiry():
    async with streams() as s:
        kv = await bucket(s, "EXPIRE", limit_marker_ttl=3600)
        aged = await bucket(s, "AGED", ttl=0.5)
        out = [
            await said(kv.create("a", b"x", msg_ttl=1)),
            await said(kv.put("b", b"x")),
            await said(kv.purge("b", msg_ttl=1)),
            await said(aged.put("a", b"x")),
        ]
        for seq in (1, 3):
            await until(lambda: s.get("KV_EXPIRE", seq), lambda got: got.startswith("["))
        out.append(await until(lambda: said(aged.get("a")), lambda got: got.startswith("[")))
        out += [await said(kv.get("a")), await said(kv.get("b")), await s.state("KV_EXPIRE", ">")]
        return "; ".join(out)


SCENARIOS = [kv_buckets, kv_entries, kv_revisions, kv_limits, kv_expiry]
