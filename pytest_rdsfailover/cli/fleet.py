"""`rdsfailover trial --functions N`: the load function of the cluster's own Lambda."""

import argparse
import math
from collections.abc import Iterator
from contextlib import contextmanager

from pytest_rdsfailover.aws.functions import deployed
from pytest_rdsfailover.load.function import LAST_CALL, RESERVE
from pytest_rdsfailover.load.functions import LEAD
from pytest_rdsfailover.load.package import HANDLER, packed
from pytest_rdsfailover.local.standing.visitor import VisitedCluster
from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.model.settings import Settings
from pytest_rdsfailover.trial.options import LoadOptions
from pytest_rdsfailover.trial.plan import Plan

NAME = "rdsfailover-load"
CONNECTS = 10.0  # seconds that a function may take for its writers' connections, beside the load
LONGEST = 900  # seconds that Lambda lets a function run


def check(options: argparse.Namespace, settings: Settings) -> None:
    """Refuse what no fleet can do, before anything starts.

    Raises:
        SettingError: if options make no sense together.
    """
    if options.functions is None:
        if options.function is not None:
            raise SettingError("--function: only with --functions N")
        if options.functions_bucket is not None:
            raise SettingError("--functions-bucket: only with --functions N")
        return
    if options.http is not None or options.exec is not None:
        raise SettingError("--functions: they run our own insert; leave out --http and --exec")
    _plan(options, settings)


def _plan(options: argparse.Namespace, settings: Settings) -> Plan:
    return Plan(
        writers=settings.writers,
        rate=settings.rate,
        warmup=settings.warmup,
        bound=settings.bound,
        cooldown=settings.cooldown,
        functions=options.functions,
        function=NAME,
    )


@contextmanager
def fleet(
    options: argparse.Namespace, settings: Settings, cluster: VisitedCluster
) -> Iterator[LoadOptions]:
    """Give the options of a trial that its load is in functions; none if it is not.

    A function that is not named is made of our own package, and removed with the block.

    Raises:
        AwsError: if it cannot be made.
    """
    if options.functions is None:
        yield {}
        return
    usual: LoadOptions = {"functions": options.functions}
    if options.functions_bucket is not None:
        usual["functions_bucket"] = options.functions_bucket
    if options.function is not None:
        yield {**usual, "function": options.function}
    else:
        seconds = _plan(options, settings).seconds
        wanted = math.ceil(LEAD + seconds + LAST_CALL + RESERVE + CONNECTS)
        timeout = min(wanted, LONGEST)
        client = cluster.functions(patience=60.0, at_once=1)
        with deployed(client, NAME, packed(), handler=HANDLER, timeout=timeout):
            yield {**usual, "function": NAME}
