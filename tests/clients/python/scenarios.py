"""Drives a NATS server through nats.py and prints `name: outcome` per scenario."""
import asyncio
import logging

import lifecycle
import messaging
import security

SCENARIO_TIMEOUT_S = 40


async def guarded(run):
    try:
        return await asyncio.wait_for(run(), SCENARIO_TIMEOUT_S)
    except Exception as error:
        return f"FAIL {type(error).__name__} {error}"


async def main():
    for run in messaging.SCENARIOS + lifecycle.SCENARIOS + security.SCENARIOS:
        outcome = await guarded(run)
        print(f"{run.__name__.replace('_', '-')}: {' '.join(outcome.split())}", flush=True)


# The client logs what it also hands to the callbacks.
logging.disable(logging.CRITICAL)
asyncio.run(main())
