"""Logins, permissions, TLS, limits."""

import os
import ssl

import nats
from driver import digest, password, refused
from harness import (
    PATIENCE_S,
    attempt,
    first,
    pattern,
    publish,
    session,
    settle,
    subjects,
    take,
    tls_context,
    told,
)

def login(user, secret=None):
    return {"user": user, "password": secret or password(user)}


ADMIN = login("admin")
LIMITED = login("limited")


async def tries(fixture, **table):
    outcomes = [
        f"{what.replace('_', ' ')} {await attempt(fixture, **options)}"
        for what, options in table.items()
    ]
    return " ".join(outcomes)


async def auth_token():
    right = {"token": password("token")}
    return await tries("token", right=right, missing={}, wrong={"token": "open-barley"})


async def auth_bcrypt_token():
    right, wrong = {"token": password("hashtoken")}, {"token": password("token")}
    return await tries("hashtoken", right=right, missing={}, wrong=wrong)


async def auth_user():
    return await tries(
        "user",
        right=login("alice"),
        missing={},
        wrong_password=login("alice", "x"),
        wrong_user=login("bob", password("alice")),
    )


async def auth_several_users():
    return await tries(
        "users",
        plain=ADMIN,
        hashed=login("hashed"),
        hashed_wrong=login("hashed", password("admin")),
        unknown=login("nobody", password("admin")),
    )


async def auth_nkey():
    return await tries(
        "nkey",
        right={"nkeys_seed_str": os.environ["NKEY_SEED"]},
        other_key={"nkeys_seed_str": os.environ["NKEY_OTHER_SEED"]},
        missing={},
    )


async def auth_no_auth_user():
    async with await session("noauth") as s:
        sub = await s.nc.subscribe("guest.py")
        await publish(s.nc, "guest.py", "other.py")
        return (
            f"own={len(await take(sub, 1))}; {await first(s.errors)}; "
            f"{await tries('noauth', admin=ADMIN, wrong=login('admin', 'x'))}"
        )


async def permission_publish():
    async with await session("users", **LIMITED) as s, await session("users", **ADMIN) as watcher:
        sub = await watcher.nc.subscribe("orders.>")
        await settle(watcher.nc)
        await publish(s.nc, "orders.new", "orders.secret", "orders.new.deep", "orders.last")
        return (
            f"seen {subjects(await take(sub, 2))}; {await first(s.errors)}; {await first(s.errors)}"
        )


async def permission_subscribe():
    async with await session("users", **LIMITED) as s:
        await s.nc.subscribe("stock.py")
        await s.nc.subscribe("orders.hidden")
        await settle(s.nc)
        return f"{await first(s.errors)}; {await first(s.errors)}; connected={s.nc.is_connected}"


async def permission_queue():
    async with await session("users", **LIMITED) as s, await session("users", **ADMIN) as sender:
        member = await s.nc.subscribe("jobs", queue="workers")
        await s.nc.subscribe("jobs", queue="thieves")
        await s.nc.subscribe("jobs")
        await settle(s.nc)
        await publish(sender.nc, "jobs", "jobs")
        return (
            f"{await first(s.errors)}; {await first(s.errors)}; member={len(await take(member, 2))}"
        )


async def permission_deny():
    async with await session("users", **LIMITED) as s, await session("users", **ADMIN) as sender:
        sub = await s.nc.subscribe("orders.*")
        await settle(s.nc)
        await publish(sender.nc, "orders.open", "orders.hidden", "orders.closed")
        return f"seen {subjects(await take(sub, 2))} errors={s.errors.qsize()}"


async def permission_responses():
    async with await session("users", **login("service")) as s:
        async with await session("users", **ADMIN) as client:

            async def thrice(message):
                for i in range(3):
                    await message.respond(b"%d" % i)

            await s.nc.subscribe("svc.echo", cb=thrice)
            await settle(s.nc)
            sub = await client.nc.subscribe("_INBOX.responses.py")
            await client.nc.publish("svc.echo", b"hi", reply="_INBOX.responses.py")
            answers = len(await take(sub, 2))
            await s.nc.publish("svc.own")
            return f"answers={answers}; {await first(s.errors)}; {await first(s.errors)}"


async def permission_default():
    async with await session("users", **login("hashed")) as s:
        sub = await s.nc.subscribe("public.>")
        await publish(s.nc, "public.py", "private.py")
        await s.nc.subscribe("private.py")
        await settle(s.nc)
        return f"own={len(await take(sub, 1))}; {await first(s.errors)}; {await first(s.errors)}"


async def tls():
    async with await session("tls", tls=tls_context()) as s:
        sub = await s.nc.subscribe("tls.py")
        await s.nc.publish("tls.py", pattern(200_000))
        got = await take(sub, 1)
        version = s.nc._transport._io_writer.get_extra_info("ssl_object").version()
    older = tls_context()
    older.maximum_version = ssl.TLSVersion.TLSv1_2
    return f"{version} hash={digest(got[0].data)}; 1.2 {await attempt('tls', tls=older)}"


def scrub(outcome):
    """Without the line of OpenSSL's source in an error."""
    return outcome.partition(" (_ssl.c")[0]


async def tls_untrusted():
    return scrub(await attempt("tls", tls=tls_context("other-ca")))


async def tls_verify():
    return await attempt("tlsverify", tls=tls_context(client="client"))


async def attempt_or_refused(fixture, **options):
    outcome = await attempt(fixture, **options)
    return refused(outcome, accepted=outcome == "[connected]")


async def tls_verify_missing():
    return await attempt_or_refused("tlsverify", tls=tls_context())


async def tls_verify_unknown():
    return await attempt_or_refused("tlsverify", tls=tls_context(client="foreign"))


async def tls_map():
    async with await session("tlsmap", tls=tls_context(client="client")) as s:
        sub = await s.nc.subscribe("app.>")
        await publish(s.nc, "app.py", "other.py")
        return f"own={len(await take(sub, 1))}; {await first(s.errors)}"


async def tls_map_unknown():
    return await attempt("tlsmap", tls=tls_context(client="stranger"))


async def tls_first():
    first_mode = await attempt("tlsfirst", tls=tls_context(), tls_handshake_first=True)
    info_first = await attempt_or_refused("tlsfirst", tls=tls_context(), connect_timeout=0.5)
    return f"first {first_mode} not first {info_first}"


async def max_connections():
    async with await session("crowded"), await session("crowded"):
        return await attempt_or_refused("crowded")


async def max_subscriptions():
    async with await session("limits") as s:
        subs = [await s.nc.subscribe("limit.py") for _ in range(3)]
        await s.nc.flush()
        error = await first(s.errors)
        try:
            await publish(s.nc, "limit.py")
            counts = [len(await take(sub, 1 if i < 2 else 0)) for i, sub in enumerate(subs)]
        except nats.errors.Error as problem:
            counts = told(problem)
        return f"{error}; {counts}"


async def small_max_payload():
    async with await session("limits") as s:
        await s.nc.publish("limit.py", bytes(1024))
        try:
            await s.nc.publish("limit.py", bytes(1025))
            over = "FAIL accepted"
        except nats.errors.Error as error:
            over = told(error)
        await s.nc.flush(PATIENCE_S)
        return f"max={s.nc.max_payload} over {over}"


SCENARIOS = [
    auth_token,
    auth_bcrypt_token,
    auth_user,
    auth_several_users,
    auth_nkey,
    auth_no_auth_user,
    permission_publish,
    permission_subscribe,
    permission_queue,
    permission_deny,
    permission_responses,
    permission_default,
    tls,
    tls_untrusted,
    tls_verify,
    tls_verify_missing,
    tls_verify_unknown,
    tls_map,
    tls_map_unknown,
    tls_first,
    max_connections,
    max_subscriptions,
    small_max_payload,
]
