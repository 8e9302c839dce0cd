"""Publishing, subscribing, requesting."""

import asyncio

import nats
from driver import digest
from harness import (
    PATIENCE_S,
    QUIET_S,
    pattern,
    publish,
    session,
    settle,
    subjects,
    take,
    told,
)

# Of the build, of JetStream and of the auth callout: not of what is compared here.
UNCOMPARED = {"git_commit", "api_lvl", "xkey"}


async def connection_info():
    async with await session("plain") as s:
        info = s.nc
        return (
            f"max_payload={info.max_payload} version={info.connected_server_version} "
            f"client_id={info.client_id > 0} ip={info.client_ip} "
            f"discovered={info.discovered_servers} "
            f"fields={' '.join(sorted(set(info._server_info) - UNCOMPARED))}"
        )


async def publish_subscribe():
    async with await session("plain") as s, await session("plain") as peer:
        sub = await s.nc.subscribe("news.py")
        await settle(s.nc)
        for i in range(100):
            await peer.nc.publish("news.py", b"message %d\n" % i)
        await settle(peer.nc)
        got = await take(sub, 100)
        return f"count={len(got)} hash={digest(*(m.data for m in got))}"


async def wildcards():
    async with await session("plain") as s:
        patterns = ["w.a.b", "w.*.b", "w.a.*", "w.>", "*.a.b", "w.*.*.c"]
        subs = [(p, await s.nc.subscribe(p)) for p in patterns]
        await publish(s.nc, "w.a.b", "w.x.b", "w.a", "w.a.b.c", "w", "other.a.b")
        return "; ".join([f"{p}: {subjects(await take(sub, 1))}" for p, sub in subs])


async def queue_group():
    async with await session("plain") as s:
        plain = await s.nc.subscribe("work.*")
        members = [await s.nc.subscribe(p, queue="crew") for p in ("work.*", "work.py", "work.>")]
        for _ in range(300):
            await s.nc.publish("work.py")
        await settle(s.nc)
        seen = len(await take(plain, 300))
        counts = [len(await take(m, 1)) for m in members]
        return f"plain={seen} members={sum(counts)} idle={counts.count(0)}"


async def two_queue_groups():
    async with await session("plain") as s:
        red = [await s.nc.subscribe("two.py", queue="red") for _ in range(2)]
        blue = await s.nc.subscribe("two.*", queue="blue")
        for _ in range(50):
            await s.nc.publish("two.py")
        await settle(s.nc)
        return f"red={sum([len(await take(r, 1)) for r in red])} blue={len(await take(blue, 50))}"


async def request_reply():
    async with await session("plain") as s:

        async def upper(message):
            await message.respond(message.data.upper())

        await s.nc.subscribe("svc.upper", cb=upper)
        answer = await s.nc.request("svc.upper", b"hello", timeout=PATIENCE_S)
        second = await s.nc.request("svc.upper", b"again", timeout=PATIENCE_S, old_style=True)
        return f"{answer.data.decode()} {second.data.decode()}"


async def request_many():
    async with await session("plain") as s:
        for i in range(3):

            async def answer(message, i=i):
                await message.respond(b"answer %d" % i)

            await s.nc.subscribe("svc.many", cb=answer)
        inbox = s.nc.new_inbox()
        sub = await s.nc.subscribe(inbox)
        await s.nc.publish("svc.many", b"all", reply=inbox)
        return " ".join(sorted(m.data.decode() for m in await take(sub, 3)))


async def failing_request(nc, subject, timeout):
    try:
        return f"answered {await nc.request(subject, b'x', timeout=timeout)}"
    except nats.errors.Error as error:
        return told(error)


async def no_responders():
    async with await session("plain") as s:
        error = await failing_request(s.nc, "svc.nobody", PATIENCE_S)
        inbox = s.nc.new_inbox()
        sub = await s.nc.subscribe(inbox)
        await s.nc.publish("svc.nobody", b"", reply=inbox)
        raw = await take(sub, 1)
        return f"{error}; {raw[0].headers} {raw[0].data}"


async def request_timeout():
    async with await session("plain") as s:
        await s.nc.subscribe("svc.silent")
        return await failing_request(s.nc, "svc.silent", QUIET_S)


async def headers():
    async with await session("plain") as s:
        sub = await s.nc.subscribe("headers.py")
        sent = {
            "Colour": "red",
            "lower-case": "kept",
            "Sentence": "words, commas: and colons",
            "Number": "7",
        }
        await s.nc.publish("headers.py", b"body", headers=sent)
        # This client keeps one value a key: the block on the wire is written by hand instead.
        block = b"NATS/1.0\r\nColour: red\r\nColour: blue\r\nEmpty: \r\n\r\n"
        await s.nc._send_command(
            b"HPUB headers.py %d %d\r\n%b%b\r\n" % (len(block), len(block) + 4, block, b"more")
        )
        await settle(s.nc)
        got = await take(sub, 2)
        return "; ".join(f"{m.headers} {m.data}" for m in got)


async def empty_payload():
    async with await session("plain") as s:
        sub = await s.nc.subscribe("empty.py")
        await s.nc.publish("empty.py")
        await s.nc.publish("empty.py", b"")
        return f"sizes={[len(m.data) for m in await take(sub, 2)]}"


async def large_payload():
    async with await session("plain") as s:
        sub = await s.nc.subscribe("large.py")
        body = pattern(s.nc.max_payload)
        await s.nc.publish("large.py", body)
        got = (await take(sub, 1))[0].data
        return f"size={len(got)} hash={digest(got)} same={got == body}"


async def over_max_payload():
    async with await session("plain") as s:
        try:
            await s.nc.publish("large.py", bytes(s.nc.max_payload + 1))
            return "FAIL accepted"
        except nats.errors.Error as error:
            return told(error)


async def unsubscribe_after():
    async with await session("plain") as s:
        got = []

        async def keep(message):
            got.append(message)

        sub = await s.nc.subscribe("auto.py", cb=keep)
        await sub.unsubscribe(5)
        for _ in range(10):
            await s.nc.publish("auto.py")
        await settle(s.nc)
        clock = asyncio.get_running_loop().time
        deadline = clock() + QUIET_S
        while clock() < deadline and len(got) <= 5:
            await asyncio.sleep(0.01)
        return f"count={len(got)}"


async def no_echo():
    async with await session("plain", no_echo=True) as s, await session("plain") as other:
        own, foreign = await s.nc.subscribe("echo.py"), await other.nc.subscribe("echo.py")
        await settle(other.nc)
        await publish(s.nc, "echo.py")
        return f"other={len(await take(foreign, 1))} own={len(await take(own, 0))}"


async def flush_rtt():
    async with await session("plain") as s:
        await s.nc.flush()
        rtt = await s.nc.rtt()
        return f"positive={rtt > 0} small={rtt < PATIENCE_S}"


SCENARIOS = [
    connection_info,
    publish_subscribe,
    wildcards,
    queue_group,
    two_queue_groups,
    request_reply,
    request_many,
    no_responders,
    request_timeout,
    headers,
    empty_payload,
    large_payload,
    over_max_payload,
    unsubscribe_after,
    no_echo,
    flush_rtt,
]
