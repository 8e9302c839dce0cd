"""What every scenario needs: connections, waiting, and the driver's ear."""

import asyncio
import ssl

import driver
import nats
from driver import cert, url

PATIENCE_S = 5
QUIET_S = 0.25


def told(error):
    """Class and text of an error, both as a user of the client sees them."""
    return f"{type(error).__name__}({error})"


class Session:
    """A connection together with the errors and events that its callbacks were given."""

    def __init__(self):
        self.errors = asyncio.Queue()
        self.events = asyncio.Queue()
        self.nc = None

    async def _error(self, error):
        self.errors.put_nowait(told(error))

    def _event(self, name):
        async def put():
            self.events.put_nowait(name)

        return put

    async def open(self, fixture, **options):
        self.nc = await nats.connect(
            url(fixture),
            error_cb=self._error,
            disconnected_cb=self._event("disconnected"),
            reconnected_cb=self._event("reconnected"),
            closed_cb=self._event("closed"),
            lame_duck_mode_cb=self._event("lame duck"),
            **{
                "connect_timeout": PATIENCE_S,
                "max_reconnect_attempts": 1,
                "reconnect_time_wait": 0.05,
                **options,
            },
        )
        return self

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        if not self.nc.is_closed:
            await self.nc.close()


async def session(fixture, **options):
    return await Session().open(fixture, **options)


async def attempt(fixture, **options):
    """Connects, flushes and tells how that went."""
    try:
        one = await Session().open(fixture, allow_reconnect=False, **options)
    except Exception as error:
        return f"[{told(error)}]"
    try:
        await one.nc.flush(PATIENCE_S)
        return "[connected]"
    except Exception as error:
        return f"[flush {told(error)}]"
    finally:
        await one.nc.close()


async def first(queue):
    try:
        return await asyncio.wait_for(queue.get(), PATIENCE_S)
    except asyncio.TimeoutError:
        return "nothing"


async def take(sub, want):
    """Up to `want` messages, and then a look whether more follow."""
    got = []
    while True:
        try:
            got.append(await sub.next_msg(timeout=PATIENCE_S if len(got) < want else QUIET_S))
        except nats.errors.Error:
            return got


def subjects(messages):
    return " ".join(m.subject for m in messages) or "none"


async def publish(nc, *names):
    for name in names:
        await nc.publish(name, name.encode())
    await nc.flush(PATIENCE_S)


async def settle(nc):
    """Returns when the server has done all that the connection asked before.

    flush() is no such barrier: its PING may overtake commands that still wait in the client.
    """
    subject = f"_INBOX.settle.{nc.client_id}"
    sub = await nc.subscribe(subject)
    await nc.publish(subject)
    await sub.next_msg(timeout=PATIENCE_S)
    await sub.unsubscribe()


def pattern(size):
    return bytes((i * 7 + i // 251) & 255 for i in range(size))


def tls_context(authority="ca", client=None):
    context = ssl.create_default_context(cafile=cert(authority) if authority else None)
    if client:
        context.load_cert_chain(cert(client), cert(client + "-key"))
    return context


async def order(verb, fixture):
    """As the driver's, while the client goes on."""
    await asyncio.get_running_loop().run_in_executor(None, driver.order, verb, fixture)
