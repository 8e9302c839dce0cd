"""Draining, reconnecting, lame duck mode."""

import asyncio

import nats

from harness import attempt, first, order, publish, session, settle, take, told


async def linger():
    """Makes a callback slow, so that a drain finds messages waiting."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + 0.001
    while clock() < deadline:
        await asyncio.sleep(0)


async def drain_subscription():
    async with await session("plain") as s, await session("plain") as peer:
        got = []

        async def slow(message):
            await linger()
            got.append(message)

        sub = await s.nc.subscribe("drain.py", cb=slow)
        await settle(s.nc)
        await publish(peer.nc, *["drain.py"] * 20)
        await settle(peer.nc)
        await settle(s.nc)
        await sub.drain()
        await publish(peer.nc, "drain.py")
        await settle(s.nc)
        return f"delivered={len(got)}"


async def drain_connection():
    async with await session("plain") as peer:
        s = await session("plain")
        answers = await peer.nc.subscribe("drained.py")

        async def slow(message):
            await linger()
            await s.nc.publish("drained.py", message.data)

        await s.nc.subscribe("drain.conn.py", queue="group", cb=slow)
        await settle(s.nc)
        await publish(peer.nc, *["drain.conn.py"] * 20)
        await settle(peer.nc)
        await settle(s.nc)
        await s.nc.drain()
        closed = [await first(s.events), await first(s.events)]
        try:
            await s.nc.publish("x")
            after = "published"
        except nats.errors.Error as error:
            after = told(error)
        return f"{closed} answers={len(await take(answers, 20))} then {after}"


async def reconnect():
    async with await session("plain", max_reconnect_attempts=200) as s:
        sub, crew = await s.nc.subscribe("again.*"), await s.nc.subscribe("again.py", queue="crew")
        await publish(s.nc, "again.py")
        before = len(await take(sub, 1))
        await order("restart", "plain")
        events = [await first(s.events), await first(s.events)]
        await publish(s.nc, *["again.py"] * 5)
        return (
            f"{events} before={before} after={len(await take(sub, 5))} "
            f"queue={len(await take(crew, 6))} "
            f"reconnects={s.nc.stats['reconnects']}"
        )


async def lame_duck():
    async with await session("ldm") as s:
        sub = await s.nc.subscribe("duck.py")
        await settle(s.nc)
        await order("ldm", "ldm")
        event = await first(s.events)
        await publish(s.nc, "duck.py")
        return f"{event}; still delivers {len(await take(sub, 1))}; newcomer {await attempt('ldm')}"


SCENARIOS = [drain_subscription, drain_connection, reconnect, lame_duck]
