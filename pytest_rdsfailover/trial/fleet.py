"""Puts the load of a plan into functions of AWS Lambda."""

from pytest_rdsfailover.aws.bucket import Bucket
from pytest_rdsfailover.aws.functions import LambdaFunction
from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.load.alignment import aligned
from pytest_rdsfailover.load.function_messages import FunctionOrder, SentEndpoint
from pytest_rdsfailover.load.functions import LEAD, ROOM, FunctionLoad
from pytest_rdsfailover.load.processes import LoadOrder
from pytest_rdsfailover.load.workload import Workload
from pytest_rdsfailover.load.workloads import Choice
from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.model.target import Target
from pytest_rdsfailover.trial.plan import Plan

PREFIX = "rdsfailover"  # of all objects of ours in a bucket
OURS_ONLY = "functions: they run our own steps; your own code is tested where it runs"


def function_load(
    target: Target, plan: Plan, order: LoadOrder, workload: Workload, journal: Journal
) -> FunctionLoad:
    """Return the load, which has not begun.

    Raises:
        SettingError: for a workload of the user's own.
    """
    choice = order.make
    if not isinstance(choice, Choice) or not choice.is_ours:
        raise SettingError(OURS_ONLY)
    told = FunctionOrder(
        run=order.run,
        function=0,
        functions=plan.functions,
        writers=order.writers,
        rate=order.rate,
        start=0,
        seconds=plan.seconds,
        place=SentEndpoint.of(choice.endpoint),
        engine=order.engine,
        policy=order.policy,
        workload=choice.workload,
        reader=None if choice.reader is None else SentEndpoint.of(choice.reader),
        retries=plan.retries,
        think=plan.think,
    )
    client = target.functions(patience=LEAD + plan.seconds + ROOM, at_once=plan.functions)
    return FunctionLoad(
        LambdaFunction(client, plan.function),
        told,
        lambda: aligned(choice.endpoint),
        journal,
        stored=lambda: workload.stored(target.audit_endpoint()) or (),
        bucket=_bucket(target, plan, order.run),
    )


def _bucket(target: Target, plan: Plan, run: str) -> Bucket | None:
    if not plan.functions_bucket:
        return None
    return Bucket(target.storage(), plan.functions_bucket, f"{PREFIX}/{run}")
