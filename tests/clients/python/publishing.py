"""Publishing into streams, what becomes of it, and reading it back."""

import asyncio
import datetime

from driver import digest
from harness import PATIENCE_S, QUIET_S, first, pattern, take
from nats.js import api
from streams import said, streams, until


async def publish_ack():
    async with streams() as s:
        await s.make("ACK", "ack.>")
        await s.make("ACKMEM", "mem.>", storage=api.StorageType.MEMORY)
        out = [await s.put("ack.a", "first"), await s.put("ack.b"), await s.put("mem.a", "third")]
        body = pattern(s.nc.max_payload)
        out.append(await said(s.js.publish("ack.large", body)))
        large = await s.js.get_msg("ACK", 3)
        out.append(f"same={digest(large.data) == digest(body)}")
        out += [await s.put("ack.c", "with", Colour="red", lower="x"), await s.get("ACK", 4)]
        await s.nc.publish("ack.plain", b"no reply")
        out += [await s.put("ack.a", "after"), await s.put("nobody.listens")]
        out += [await s.state("ACK"), await s.state("ACKMEM")]
        return "; ".join(out)


async def publish_async():
    async with streams() as s:
        await s.make("MANY", "async.*")
        count = 2000
        futures = [
            await s.js.publish_async(f"async.{i % 7}", b"%d" % i, wait_stall=PATIENCE_S)
            for i in range(count)
        ]
        acks = await asyncio.wait_for(asyncio.gather(*futures), 6 * PATIENCE_S)
        in_order = sum(ack.seq == i + 1 for i, ack in enumerate(acks))
        kept = [(await s.js.get_msg("MANY", seq)).data for seq in (1, 2, 999, count)]
        headers = {"Nats-Expected-Last-Sequence": "1"}
        # The future of a refused publish never ends in this client; its callback for errors hears.
        await s.js.publish_async("async.0", b"", headers=headers)
        return f"in order {in_order} {kept} {await first(s.errors)} {await s.state('MANY')}"


async def publish_duplicates():
    async with streams() as s:
        await s.make("DUP", "dup.*")
        await s.make("SHORT", "short", duplicate_window=1)
        out = []
        for subject, body, key in (
            ("dup.a", "1", "a"),
            ("dup.a", "1", "a"),
            ("dup.b", "other", "a"),
            ("dup.a", "2", "b"),
            ("short", "1", "a"),
            ("short", "1", "a"),
        ):
            out.append(await s.put(subject, body, Nats_Msg_Id=key))
        await s.js.delete_msg("DUP", 2)
        out.append(await s.put("dup.a", "2", Nats_Msg_Id="b"))
        await s.js.purge_stream("DUP")
        out.append(await s.put("dup.a", "2", Nats_Msg_Id="b"))
        later = lambda: s.put("short", "1", Nats_Msg_Id="a")
        out.append(await until(later, lambda ack: "duplicate" not in ack))
        return "; ".join(out + [await s.state("DUP"), await s.state("SHORT")])


EXPECTATIONS = [
    ("e.a", {"Stream": "EXP"}),
    ("e.a", {"Stream": "OTHER"}),
    ("e.a", {"Last-Sequence": "1"}),
    ("e.a", {"Last-Sequence": "1"}),
    ("e.a", {"Last-Sequence": "0"}),
    ("e.a", {"Last-Sequence": "seven"}),
    ("e.b", {"Last-Subject-Sequence": "0"}),
    ("e.b", {"Last-Subject-Sequence": "3"}),
    ("e.b", {"Last-Subject-Sequence": "3"}),
    ("e.b", {"Last-Subject-Sequence": "many"}),
    ("e.c", {"Last-Subject-Sequence": "4", "Last-Subject-Sequence-Subject": "e.b"}),
    ("e.c", {"Last-Subject-Sequence": "1", "Last-Subject-Sequence-Subject": "e.*"}),
    ("e.c", {"Last-Subject-Sequence-Subject": "e.b"}),
    ("e.a", {"Last-Msg-Id": "none"}),
]


async def publish_expectations():
    async with streams() as s:
        await s.make("EXP", "e.>")
        out = []
        for subject, expected in EXPECTATIONS:
            headers = {f"Nats-Expected-{k}": v for k, v in expected.items()}
            out.append(await s.put(subject, "x", **headers))
        out.append(await s.put("e.a", "x", Nats_Msg_Id="one"))
        for key in ("one", "one"):
            headers = {"Nats-Expected-Last-Msg-Id": key, "Nats-Msg-Id": "two"}
            out.append(await s.put("e.a", "x", **headers))
        out.append(await said(s.js.publish("e.a", b"", stream="EXP")))
        out.append(await said(s.js.publish("e.a", b"", stream="NOT")))
        return "; ".join(out + [await s.state("EXP")])


async def publish_rollup():
    async with streams() as s:
        await s.make("ROLL", "r.*", allow_rollup_hdrs=True)
        await s.make("NOROLL", "n")
        await s.fill("r.a", "r.b", "r.a", "r.c")
        out = []
        for subject, value in (("r.a", "sub"), ("r.d", "all"), ("r.a", "some"), ("n", "sub")):
            out += [await s.put(subject, value, Nats_Rollup=value), await s.state("ROLL", ">")]
        return "; ".join(out)


async def publish_ttl():
    async with streams() as s:
        marked = dict(subject_delete_marker_ttl=3600, allow_rollup_hdrs=True)
        await s.make("TTL", "t.*", allow_msg_ttl=True, max_msgs_per_subject=1, **marked)
        await s.make("RAISED", "raised", allow_msg_ttl=True, **marked)
        await s.make("NOTTL", "n")
        out = [
            await said(s.js.publish(subject, b"x", msg_ttl=ttl))
            for subject, ttl in (("t.a", 1), ("t.b", 3600), ("raised", 1), ("n", 1))
        ]
        for value in ("never", "soon", "0", "-1s", "1ms", "60"):
            out.append(await s.put("t.c", value, Nats_TTL=value))
        await until(lambda: s.get("TTL", 1), lambda got: got.startswith("["))
        out += [await s.get("TTL", subject="t.a"), await s.get("TTL", 2), await s.get("RAISED", 1)]
        return "; ".join(out + [await s.state("TTL", ">")])


async def publish_limits():
    async with streams() as s:
        old, new = api.DiscardPolicy.OLD, api.DiscardPolicy.NEW
        out = []
        for i, limits in enumerate(
            [
                dict(max_msgs=2, discard=old),
                dict(max_msgs=2, discard=new),
                dict(max_bytes=400, discard=old),
                dict(max_bytes=400, discard=new),
                dict(max_msgs_per_subject=1, discard=old),
                dict(max_msgs_per_subject=1, discard=new),
                dict(max_msgs_per_subject=1, max_msgs=3, discard=new, discard_new_per_subject=True),
                dict(max_msg_size=100),
                dict(max_msg_size=99),
                dict(max_bytes=400, storage=api.StorageType.MEMORY),
            ]
        ):
            # nats-server may find what a stream deleted a moment ago under the same name held.
            name = f"LIMIT{i}"
            await s.make(name, "l.*", **limits)
            for subject in ("l.a", "l.b", "l.a", "l.a"):
                out.append(await s.put(subject, "x" * 100))
            out.append(await s.state(name, ">"))
            await s.js.delete_stream(name)
        return "; ".join(out)


async def publish_max_age():
    async with streams() as s:
        await s.make("AGE", "age.*", max_age=0.5, duplicate_window=0.1)
        await s.make("AGEMEM", "mem", max_age=0.5, storage=api.StorageType.MEMORY)
        await s.fill("age.a", "age.b", "mem", "age.a")
        empty = lambda state: "messages=0" in state
        out = [await until(lambda n=n: s.state(n), empty) for n in ("AGE", "AGEMEM")]
        return "; ".join(out + [await s.get("AGE", 1), await s.put("age.a", "x")])


async def publish_no_ack():
    async with streams() as s:
        await s.make("NOACK", "quiet", no_ack=True)
        out = await said(s.js.publish("quiet", b"x", timeout=QUIET_S))
        return f"{out} {await s.state('NOACK')}"


async def publish_batch():
    """By its headers: this client has no call for batches."""
    async with streams() as s:
        await s.make("BATCH", "b.*", allow_atomic=True)
        await s.make("NOBATCH", "n")
        out = []

        async def send(key, seq, subject, **more):
            headers = {"Nats-Batch-Id": key, "Nats-Batch-Sequence": seq}
            headers.update({k.replace("_", "-"): v for k, v in more.items()})
            body = (key + seq).encode()
            answer = await s.nc.request(subject, body, timeout=PATIENCE_S, headers=headers)
            out.append(answer.data.decode())

        commit = dict(Nats_Batch_Commit="1")
        await send("one", "1", "b.a")
        await send("one", "2", "b.b")
        out.append(await s.state("BATCH"))
        await send("one", "3", "b.a", **commit)
        await send("alone", "1", "b.a", **commit)
        await send("gap", "1", "b.a")
        await send("gap", "3", "b.a")
        await send("late", "2", "b.a")
        await send("n", "1", "n", **commit)
        await send("x" * 65, "1", "b.a", **commit)
        await send("exp", "1", "b.a", Nats_Expected_Last_Sequence="77", **commit)
        return "; ".join(out + [await s.state("BATCH"), await s.get("BATCH", 3)])


async def publish_counter():
    async with streams() as s:
        await s.make("SUMS", "c.*", allow_msg_counter=True, allow_direct=True)
        await s.make("NOSUMS", "n")
        out = []
        for by in ("1", "+41", "-50", "0", "99999999999999999999999", "many"):
            out.append(await s.put("c.a", Nats_Incr=by))
        out += [await s.put("c.a", "plain"), await s.put("c.b", "body", Nats_Incr="5")]
        out.append(await s.put("n", Nats_Incr="5"))
        return "; ".join(out + [await s.get("SUMS", subject=f"c.{k}") for k in "ab"])


async def publish_schedule():
    async with streams() as s:
        await s.make("SCHED", "at.*", "to.*", allow_msg_schedules=True, allow_msg_ttl=True)
        out = []
        soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=1)
        for subject, schedule, target in (
            ("at.a", f"@at {soon:%Y-%m-%dT%H:%M:%S.%fZ}", "to.a"),
            ("at.b", "@at 2120-01-01T00:00:00Z", "at.b"),
            ("at.b", "@every 1h", "elsewhere"),
            ("at.b", "@every 1h", "to.b"),
            ("at.c", "@hourly", "to.c"),
            ("at.c", "whenever", "to.c"),
        ):
            headers = {"Nats-Schedule": schedule, "Nats-Schedule-Target": target}
            out.append(await s.put(subject, "later", **headers))
        last = lambda: s.get("SCHED", subject="to.a")
        out.append(await until(last, lambda got: got.startswith("(")))
        return "; ".join(out + [await s.state("SCHED", ">")])


async def subject_transform():
    async with streams() as s:
        transform = api.SubjectTransform(src="in.*.*", dest="out.{{wildcard(2)}}.{{wildcard(1)}}")
        await s.make("TRANS", "in.*.*", "other", subject_transform=transform)
        out = [await s.put("in.a.b", "1"), await s.put("other", "2"), await s.put("in.x.y", "3")]
        out += [await s.get("TRANS", seq) for seq in (1, 2, 3)]
        return "; ".join(out + [await s.state("TRANS", ">")])


async def republish():
    async with streams() as s:
        again = api.RePublish(src="a.*", dest="again.{{wildcard(1)}}")
        tops = api.RePublish(src=">", dest="top.>", headers_only=True)
        await s.make("AGAIN", "a.*", "h.*", republish=again)
        await s.make("HEADS", "heads.*", republish=tops)
        subs = [await s.nc.subscribe("again.>"), await s.nc.subscribe("top.>")]
        await s.nc.flush()
        await s.fill("a.x", "h.x", "a.y", "a.x", "heads.x")
        out = [await s.put("a.x", "headed", Colour="red")]
        for m in await take(subs[0], 4) + await take(subs[1], 1):
            headers = {k: v for k, v in m.headers.items() if k != "Nats-Time-Stamp"}
            out.append(f"{m.subject} {m.data} {headers}")
        return "; ".join(out)


async def readable(s, name, **more):
    await s.make(name, "g.*", **more)
    await s.fill("g.a", "g.b", "g.c", "g.a")
    await s.put("g.h", "headed", Colour="red")
    await s.fill("g.b", "g.e")
    await s.js.delete_msg(name, 4)


async def reads(s, name, **how):
    out = [await s.get(name, seq, **how) for seq in (1, 3, 4, 5, 9)]
    for subject in ("g.a", "g.none", "g.*", ">"):
        out.append(await s.get(name, subject=subject, **how))
    for seq, subject in ((2, "g.a"), (1, "g.*"), (6, "g.b"), (7, "g.b")):
        out.append(await s.get(name, seq, subject=subject, next=True, **how))
    return "; ".join(out)


async def get_message():
    async with streams() as s:
        await readable(s, "GET")
        refused = await s.get("GET", 1, direct=True)
        return f"{await reads(s, 'GET')}; {refused}"


async def direct_get():
    async with streams() as s:
        await readable(s, "DIRECT", allow_direct=True)
        out = [await reads(s, "DIRECT", direct=True)]
        for request in (b'{"seq":1,"batch":3}', b'{"multi_last":["g.a","g.b"]}', b'{"batch":2}'):
            inbox = s.nc.new_inbox()
            sub = await s.nc.subscribe(inbox)
            await s.nc.publish("$JS.API.DIRECT.GET.DIRECT", request, reply=inbox)
            answer = None
            while answer is None or answer.data:
                answer = await sub.next_msg(timeout=PATIENCE_S)
                headers = {k: v for k, v in answer.headers.items() if k != "Nats-Time-Stamp"}
                out.append(f"{headers} {answer.data}")
            await sub.unsubscribe()
        return "; ".join(out)


SCENARIOS = [
    publish_ack,
    publish_async,
    publish_duplicates,
    publish_expectations,
    publish_rollup,
    publish_ttl,
    publish_limits,
    publish_max_age,
    publish_no_ack,
    publish_batch,
    publish_counter,
    publish_schedule,
    subject_transform,
    republish,
    get_message,
    direct_get,
]
