"""Consumers: their lives, what they deliver, and what is left of them."""

import asyncio
import datetime
from collections import defaultdict

from harness import PATIENCE_S, first, order, take, told
from nats.js import api
from streams import SHOWN, said, streams, until


def counts(i):
    at = [i.delivered.consumer_seq, i.delivered.stream_seq]
    floor = [i.ack_floor.consumer_seq, i.ack_floor.stream_seq]
    return (
        f"<{i.name} {at} {floor} unacked={i.num_ack_pending} again={i.num_redelivered} "
        f"pending={i.num_pending} waiting={i.num_waiting} bound={i.push_bound} {i.paused}>"
    )


def delivered(m):
    try:
        d = m.metadata
    except Exception as error:
        return f"[{told(error)}]"
    return (
        f"({m.subject} {m.data} {d.sequence.stream}/{d.sequence.consumer} x{d.num_delivered} "
        f"left={d.num_pending} {m.headers} {d.timestamp is not None})"
    )


def several(messages):
    return "".join(delivered(m) for m in messages)


SHOWN[api.ConsumerInfo] = counts
SHOWN[list] = several


async def orders(s, name, rounds, *subjects, **config):
    await s.make(name, f"{name}.>", **config)
    for _ in range(rounds):
        await s.fill(*(f"{name}.{subject}" for subject in subjects))


async def add(s, stream, durable="C", **config):
    return await s.js.add_consumer(stream, durable_name=durable, **config)


async def info(s, stream, name="C"):
    return await said(s.js.consumer_info(stream, name))


async def bound(s, stream, name="C"):
    return await s.js.pull_subscribe_bind(stream=stream, consumer=name)


async def consumer_life():
    async with streams() as s:
        await orders(s, "LIVES", 2, "a", "b")
        every = dict(
            description="every field",
            deliver_policy=api.DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=2,
            ack_policy=api.AckPolicy.EXPLICIT,
            ack_wait=60,
            max_deliver=5,
            backoff=[1, 60],
            filter_subject="LIVES.a",
            replay_policy=api.ReplayPolicy.ORIGINAL,
            sample_freq="50%",
            max_waiting=7,
            max_ack_pending=9,
            headers_only=True,
            inactive_threshold=3600,
            num_replicas=1,
            mem_storage=True,
            metadata={"a": "b"},
        )
        made = await add(s, "LIVES", "ALL", **every)
        out = [str(made.config.as_dict()), counts(made)]
        every["max_ack_pending"] = 8
        out.append(await said(add(s, "LIVES", "ALL", **every)))
        out.append(str((await s.js.consumer_info("LIVES", "ALL")).config.max_ack_pending))
        for call in (
            lambda: add(s, "LIVES", "ALL", ack_policy=api.AckPolicy.NONE),
            lambda: s.js.consumer_info("LIVES", "NONE"),
            lambda: s.js.consumer_info("NONE", "ALL"),
            lambda: add(s, "NONE"),
            lambda: add(s, "LIVES", "a.b"),
            lambda: add(s, "LIVES", "F", filter_subjects=["LIVES.a", "LIVES.>"]),
            lambda: add(s, "LIVES", "T", deliver_policy=api.DeliverPolicy.LAST_PER_SUBJECT),
            lambda: s.js.delete_consumer("LIVES", "ALL"),
            lambda: s.js.delete_consumer("LIVES", "ALL"),
        ):
            out.append(await said(call()))
        short = await s.js.add_consumer("LIVES", api.ConsumerConfig())
        out.append(f"{len(short.name)} {short.config.inactive_threshold}")
        return "; ".join(out)


async def consumer_list():
    async with streams() as s:
        await orders(s, "LISTED", 0)
        for i in range(260):
            await add(s, "LISTED", f"C{i:03}")
        names = []
        for offset in (0, 256, 300):
            names.append([i.name for i in await s.js.consumers_info("LISTED", offset)])
        return f"{[(len(page), page[:1], page[-1:]) for page in names]} {await s.state('LISTED')}"


async def consumer_pull():
    async with streams() as s:
        await orders(s, "PULLED", 6, "a", "b")
        await add(s, "PULLED")
        sub = await bound(s, "PULLED")
        out = [await said(sub.fetch(1)), await said(sub.fetch(4)), await info(s, "PULLED")]
        out.append(await said(sub.fetch(20, timeout=0.5)))
        out.append(await said(sub.fetch(1, timeout=0.3)))
        out.append(await said(sub.fetch(2, timeout=0.5, heartbeat=0.1)))
        await add(s, "PULLED", "BOUNDED", ack_policy=api.AckPolicy.NONE)
        none = await bound(s, "PULLED", "BOUNDED")
        out += [await said(none.fetch(12)), await info(s, "PULLED", "BOUNDED")]
        made = await s.js.pull_subscribe("PULLED.b", "MADE", stream="PULLED")
        out.append(await said(made.fetch(6)))
        return "; ".join(out)


async def consumer_acks():
    async with streams() as s:
        await orders(s, "ACKED", 8, "a")
        await add(s, "ACKED")
        sub = await bound(s, "ACKED")
        got = await sub.fetch(6)
        out = []
        for at in (1, 0):
            await got[at].ack_sync()
            out.append(await info(s, "ACKED"))
        await got[2].in_progress()
        await got[2].nak()
        await got[3].term()
        await got[4].nak(delay=0.3)
        await got[5].ack_sync()
        out += [await info(s, "ACKED"), await said(sub.fetch(3)), await said(sub.fetch(1))]
        out.append(await info(s, "ACKED"))
        await add(s, "ACKED", "ALL", ack_policy=api.AckPolicy.ALL)
        got = await (await bound(s, "ACKED", "ALL")).fetch(8)
        await got[4].ack_sync()
        out.append(await info(s, "ACKED", "ALL"))
        return "; ".join(out)


async def consumer_redelivery():
    async with streams() as s:
        await orders(s, "AGAIN", 2, "a")
        advised = await s.nc.subscribe("$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.AGAIN.C")
        await add(s, "AGAIN", max_deliver=3, backoff=[0.2, 0.3])
        sub = await bound(s, "AGAIN")
        seen = defaultdict(list)
        for _ in range(6):
            d = (await sub.fetch(1, timeout=PATIENCE_S))[0].metadata
            seen[d.sequence.stream].append(d.num_delivered)
        late = await said(sub.fetch(1, timeout=1))
        return f"{dict(seen)} {late} {len(await take(advised, 2))} {await info(s, 'AGAIN')}"


async def consumer_push():
    async with streams() as s:
        await orders(s, "PUSHED", 3, "a")
        sub = await s.js.subscribe(
            "PUSHED.>", durable="P", manual_ack=True, flow_control=True, idle_heartbeat=0.5
        )
        out = []
        for _ in range(3):
            message = await sub.next_msg(timeout=PATIENCE_S)
            out.append(delivered(message))
            await message.ack_sync()
        out.append(await info(s, "PUSHED", "P"))
        out.append(await said(s.js.subscribe("PUSHED.>", durable="P")))
        await sub.unsubscribe()
        got = asyncio.Queue()

        async def callback(message):
            got.put_nowait(delivered(message))

        group = [
            await s.js.subscribe("PUSHED.>", queue="g", durable="g", cb=callback)
            for _ in range(2)
        ]
        out += [await first(got) for _ in range(3)]
        for one in group:
            await one.unsubscribe()
        return "; ".join(out)


async def consumer_ordered():
    async with streams() as s:
        await orders(s, "ORDERED", 5, "a", "b")
        sub = await s.js.subscribe("ORDERED.a", ordered_consumer=True)
        out = [delivered(await sub.next_msg(timeout=PATIENCE_S)) for _ in range(5)]
        await s.fill("ORDERED.b", "ORDERED.a")
        message = await sub.next_msg(timeout=PATIENCE_S)
        out.append(f"{message.metadata.sequence.stream}/{message.metadata.sequence.consumer}")
        last = await s.js.subscribe(
            "ORDERED.>",
            ordered_consumer=True,
            deliver_policy=api.DeliverPolicy.LAST_PER_SUBJECT,
        )
        out += [delivered(await last.next_msg(timeout=PATIENCE_S)) for _ in range(2)]
        return "; ".join(out)


async def consumer_starts():
    async with streams() as s:
        await orders(s, "STARTS", 3, "a", "b", "c.d")
        by = api.DeliverPolicy
        third = (await s.js.get_msg("STARTS", 5)).time
        future = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
        out = []
        for i, config in enumerate(
            (
                dict(deliver_policy=by.ALL),
                dict(deliver_policy=by.LAST),
                dict(deliver_policy=by.NEW),
                dict(deliver_policy=by.LAST_PER_SUBJECT, filter_subject="STARTS.>"),
                dict(deliver_policy=by.BY_START_SEQUENCE, opt_start_seq=7),
                dict(deliver_policy=by.BY_START_SEQUENCE, opt_start_seq=70),
                dict(deliver_policy=by.BY_START_TIME, opt_start_time=third),
                dict(deliver_policy=by.BY_START_TIME, opt_start_time=future),
                dict(filter_subject="STARTS.*"),
                dict(filter_subjects=["STARTS.c.>", "STARTS.a"]),
                dict(filter_subject="STARTS.none"),
                dict(filter_subject="OTHER"),
                dict(deliver_policy=by.BY_START_SEQUENCE),
            )
        ):
            made = await said(add(s, "STARTS", f"C{i}", **config))
            out.append(made)
            if made.startswith("<"):
                sub = await bound(s, "STARTS", f"C{i}")
                out.append(await said(sub.fetch(20, timeout=0.2)))
                out.append(await info(s, "STARTS", f"C{i}"))
        return "; ".join(out)


async def consumer_restart():
    async with streams() as s:
        await orders(s, "STAYING", 6, "a")
        await add(s, "STAYING")
        await add(s, "STAYING", "MEM", mem_storage=True)
        sub = await bound(s, "STAYING")
        got = await sub.fetch(4)
        await got[0].ack_sync()
        await got[2].ack_sync()
        await order("restart", "jetstream")
        out = [
            await until(lambda: info(s, "STAYING"), lambda told: told.startswith("<")),
            await info(s, "STAYING", "MEM"),
        ]
        await got[1].ack_sync()
        out += [await said(sub.fetch(2, timeout=PATIENCE_S)), await info(s, "STAYING")]
        return "; ".join(out)


async def consumer_pause():
    async with streams() as s:
        await orders(s, "PAUSED", 2, "a")
        await add(s, "PAUSED")
        sub = await bound(s, "PAUSED")
        paused = await s.js.pause_consumer("PAUSED", "C", "2199-01-01T00:00:00Z")
        out = [f"{paused.paused} {paused.pause_until}", await info(s, "PAUSED")]
        out.append(await said(sub.fetch(1, timeout=0.3)))
        resumed = await s.js.resume_consumer("PAUSED", "C")
        out += [f"{resumed.paused}", await said(sub.fetch(2))]
        out.append(await said(s.js.pause_consumer("PAUSED", "NONE", "2199-01-01T00:00:00Z")))
        return "; ".join(out)


async def work_queue():
    async with streams() as s:
        await orders(s, "JOBS", 2, "a", "b", retention=api.RetentionPolicy.WORK_QUEUE)
        out = [await said(add(s, "JOBS", "A", filter_subject="JOBS.a"))]
        for name, config in (
            ("SAME", dict(filter_subject="JOBS.a")),
            ("ALL", {}),
            ("NONE", dict(filter_subject="JOBS.b", ack_policy=api.AckPolicy.NONE)),
            ("NEW", dict(filter_subject="JOBS.b", deliver_policy=api.DeliverPolicy.NEW)),
            ("B", dict(filter_subject="JOBS.b")),
        ):
            out.append(await said(add(s, "JOBS", name, **config)))
        got = await (await bound(s, "JOBS", "A")).fetch(2)
        for message in reversed(got):
            await message.ack_sync()
            out += [await s.state("JOBS"), await info(s, "JOBS", "A")]
        return "; ".join(out)


async def interest():
    async with streams() as s:
        await orders(s, "WANTED", 1, "a", retention=api.RetentionPolicy.INTEREST)
        out = [await s.state("WANTED")]
        await add(s, "WANTED", "ALL")
        await add(s, "WANTED", "SOME", filter_subject="WANTED.a")
        await s.fill("WANTED.a", "WANTED.b", "WANTED.a")
        out.append(await s.state("WANTED"))

        async def settled(messages):
            wanted = f"messages={messages} "
            return await until(lambda: s.state("WANTED"), lambda got: got.startswith(wanted))

        for message in await (await bound(s, "WANTED", "ALL")).fetch(3):
            await message.ack_sync()
        out.append(await settled(2))
        for message in await (await bound(s, "WANTED", "SOME")).fetch(1):
            await message.ack_sync()
        out.append(await settled(1))
        out += [await said(s.js.delete_consumer("WANTED", "SOME")), await settled(0)]
        return "; ".join(out)


SCENARIOS = [
    consumer_life,
    consumer_list,
    consumer_pull,
    consumer_acks,
    consumer_redelivery,
    consumer_push,
    consumer_ordered,
    consumer_starts,
    consumer_restart,
    consumer_pause,
    work_queue,
    interest,
]
