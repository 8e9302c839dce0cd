"""Drives a NATS server through the `nats` command and nats-top: `name: outcome` per scenario.

The argument is the directory that holds both.
"""
import measuring
import messaging
import security


def guarded(run):
    try:
        return run()
    except Exception as error:
        return f"FAIL {type(error).__name__} {error}"


for scenario in messaging.SCENARIOS + measuring.SCENARIOS + security.SCENARIOS:
    outcome = " ".join(str(guarded(scenario)).split())
    print(f"{scenario.__name__.replace('_', '-')}: {outcome}", flush=True)
