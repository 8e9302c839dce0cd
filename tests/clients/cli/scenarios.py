"""Drives a NATS server through the `nats` command and nats-top: `name: outcome` per scenario.

The argument is the directory that holds both.
"""
import consumers
import measuring
import messaging
import security
import streams
from driver import failure, report


def guarded(run):
    try:
        return run()
    except Exception as error:
        return failure(error)


for part in (messaging, measuring, security, streams, consumers):
    for scenario in part.SCENARIOS:
        report(scenario, guarded(scenario))
