"""`rdsfailover demo`: a failover and its report, for whoever has no project yet."""

import argparse

from pytest_rdsfailover.cli.output import say
from pytest_rdsfailover.cli.trial import trial

TUTORIAL = "https://pytest-rdsfailover.github.io/pytest-rdsfailover/tutorial.html"
BEFORE = """\
A local cluster of two instances starts. {writers} writers store 200 rows per second, then the writer
fails over as the profile {profile!r} says. That takes about half a minute.
"""
AFTER = f"""
Rows of the picture are what the writers met and what the cluster did, on one axis of time. The
writers were our own, and connected anew after each error. Put your application in their place:
{TUTORIAL}"""


def demo(options: argparse.Namespace) -> int:
    """Run one trial between two explanations; return the trial's status."""
    say(BEFORE.format(profile=options.profile, writers=options.writers))
    status = trial(options)
    say(AFTER)
    return status
