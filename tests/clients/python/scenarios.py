"""Drives a NATS server through nats.py and prints `name: outcome` per scenario."""
import asyncio
import logging

import consumers
import keyvalue
import lifecycle
import messaging
import publishing
import security
import streams
import watching
from driver import failure, report

SCENARIO_TIMEOUT_S = 40


async def guarded(run):
    try:
        return await asyncio.wait_for(run(), SCENARIO_TIMEOUT_S)
    except Exception as error:
        return failure(error)


async def main():
    stored = (streams, publishing, keyvalue, consumers, watching)
    for part in (messaging, lifecycle, security, *stored):
        for run in part.SCENARIOS:
            report(run, await guarded(run))


# The client logs what it also hands to the callbacks.
logging.disable(logging.CRITICAL)
asyncio.run(main())
