"""The driver, as the programs in Python see it: where its servers are, who they let in, what it
does on request, and how it is told of outcomes."""

import hashlib
import os
import sys

from fixtures import PASSWORDS


def url(fixture):
    return os.environ["URL_" + fixture.upper()]


def monitoring_port(fixture):
    return os.environ["MONITOR_" + fixture.upper()]


def cert(name):
    return f"{os.environ['CERTS']}/{name}.pem"


def password(user):
    """That of a user or, by the name of its fixture, a token."""
    return PASSWORDS[user]


def order(verb, fixture):
    """Asks for something to be done to a server; returns when it is done."""
    print(f"@{verb} {fixture}", flush=True)
    answer = sys.stdin.readline().strip()
    if answer != "@done":
        raise RuntimeError(f"the driver answered {answer}")


def report(scenario, outcome):
    """Tells how a scenario, a function, went."""
    name = scenario.__name__.replace("_", "-")
    print(f"{name}: {' '.join(str(outcome).split())}", flush=True)


def failure(error):
    """The outcome of a scenario that ended with an exception."""
    return f"FAIL {type(error).__name__} {error}"


def refused(outcome, accepted):
    """Without the reason of a refusal, where which of two races was lost decides about it: that
    depends on when the server's last words arrive."""
    return outcome if accepted else "refused"


def digest(*chunks):
    return hashlib.sha256(b"".join(chunks)).hexdigest()[:16]
