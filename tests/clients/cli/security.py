"""Logins, permissions, TLS, limits with the `nats` command."""

import os
from pathlib import Path

from driver import cert, password, refused
from harness import ADMIN, LIMITED, Background, login, nats, quietly


def tries(fixture, subject, **table):
    return "; ".join(
        f"{what.replace('_', ' ')} {nats(fixture, 'pub', subject, 'x', *options)}"
        for what, options in table.items()
    )


def token(secret):
    return ["--token", secret]


def auth_token():
    right = token(password("token"))
    return tries("token", "a", right=right, missing=[], wrong=token("open-barley"))


def auth_bcrypt_token():
    return tries(
        "hashtoken",
        "a",
        right=token(password("hashtoken")),
        missing=[],
        wrong=token(password("token")),
    )


def auth_user():
    return tries(
        "user",
        "a",
        right=login("alice"),
        missing=[],
        wrong_password=login("alice", "x"),
        wrong_user=login("bob", password("alice")),
    )


def auth_several_users():
    return tries(
        "users",
        "public.a",
        plain=ADMIN,
        hashed=login("hashed"),
        hashed_wrong=login("hashed", "x"),
        unknown=login("nobody", password("admin")),
    )


def auth_nkey():
    for name in ("NKEY_SEED", "NKEY_OTHER_SEED"):
        Path(name).write_text(os.environ[name])
    return tries(
        "nkey",
        "a",
        right=["--nkey", "NKEY_SEED"],
        other_key=["--nkey", "NKEY_OTHER_SEED"],
        missing=[],
    )


def auth_no_auth_user():
    return tries("noauth", "guest.cli", guest=[], admin=ADMIN, wrong=login("admin", "x"))


def permission_publish():
    return "; ".join(
        nats("users", "pub", subject, "x", *LIMITED)
        for subject in ("orders.new", "orders.secret", "stock.cli")
    )


def permission_subscribe():
    with Background(
        "users", "sub", "orders.>", "--raw", "--count", "1", *LIMITED, ready="orders.>"
    ) as allowed:
        quietly("users", "pub", "orders.new", "x", *ADMIN)
        return f"{allowed.text()}; {nats('users', 'sub', 'stock.cli', '--wait', '300ms', *LIMITED)}"


def permission_queue():
    with Background(
        "users",
        "sub",
        "jobs",
        "--queue",
        "workers",
        "--raw",
        "--count",
        "1",
        *LIMITED,
        ready="jobs",
    ) as worker:
        quietly("users", "pub", "jobs", "x", *ADMIN)
        thief = nats("users", "sub", "jobs", "--queue", "thieves", "--wait", "300ms", *LIMITED)
        return f"{worker.text()}; {thief}"


def permission_deny():
    with Background(
        "users", "sub", "orders.*", "--raw", "--count", "2", *LIMITED, ready="orders.*"
    ) as sub:
        for subject in ("orders.open", "orders.hidden", "orders.closed"):
            quietly("users", "pub", subject, subject, *ADMIN)
        return sub.text()


def permission_request():
    out = [nats("users", "request", "stock.cli", "x", "--timeout", "500ms", *LIMITED)]
    out.append(
        nats(
            "users",
            "request",
            "orders.new",
            "x",
            "--timeout",
            "500ms",
            "--inbox-prefix",
            "private",
            *LIMITED,
        )
    )
    return "; ".join(out)


def client(name):
    return ["--tlsca", cert("ca"), "--tlscert", cert(name), "--tlskey", cert(name + "-key")]


def tls():
    return tries(
        "tls",
        "a",
        trusted=["--tlsca", cert("ca")],
        unknown=["--tlsca", cert("other-ca")],
        no_option=[],
    )


def nats_or_refused(*args):
    text = nats(*args)
    return refused(text, accepted=" status " not in text)


def tls_verify():
    return "; ".join(
        [
            nats("tlsverify", "pub", "a", "x", *client("client")),
            nats_or_refused("tlsverify", "pub", "a", "x", "--tlsca", cert("ca")),
            nats_or_refused("tlsverify", "pub", "a", "x", *client("foreign")),
        ]
    )


def tls_map():
    out = [
        nats("tlsmap", "pub", subject, "x", *client("client"))
        for subject in ("app.cli", "other.cli")
    ]
    out.append(nats("tlsmap", "pub", "app.cli", "x", *client("stranger")))
    return "; ".join(out)


def tls_first():
    return nats("tlsfirst", "pub", "a", "x", "--tlsca", cert("ca"), "--tlsfirst")


def small_max_payload():
    return "; ".join(
        nats("limits", "pub", "limit.cli", "--force-stdin", "--no-templates", stdin=b"x" * size)
        for size in (1024, 1025)
    )


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
    permission_request,
    tls,
    tls_verify,
    tls_map,
    tls_first,
    small_max_payload,
]
