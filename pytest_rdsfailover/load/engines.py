"""The engines, by the names that users give them, in this process or in several."""

from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.load.engine import Engine
from pytest_rdsfailover.load.fast import FastLoad
from pytest_rdsfailover.load.processes import LoadOrder, ProcessLoad
from pytest_rdsfailover.load.threads import ThreadLoad
from pytest_rdsfailover.load.workload import Workload

ENGINES: dict[str, type[ThreadLoad] | type[FastLoad]] = {"threads": ThreadLoad, "fast": FastLoad}


def load(order: LoadOrder, workload: Workload, journal: Journal) -> Engine:
    """Return the writers of all processes, which have not begun. See `engine`."""
    if order.processes > 1:
        return ProcessLoad(order, journal)
    return engine(order, workload, journal)


def engine(order: LoadOrder, workload: Workload, journal: Journal) -> Engine:
    """Return the writers of one process, which have not begun.

    Only the writers of the engine `threads` run code of the project, whose errors the project may
    classify, and only they wait to think.

    Args:
        order: what the process is to do.
        workload: what its writers do.
        journal: where the writers note it; has one column set per writer of all processes.
    """
    share = (order.process, order.processes)
    if ENGINES[order.engine] is FastLoad:
        return FastLoad(workload, journal, rate=order.rate, policy=order.policy, share=share)
    return ThreadLoad(
        workload,
        journal,
        rate=order.rate,
        policy=order.policy,
        share=share,
        classify=order.classify,
        think=order.think,
        secrets=order.secrets,
    )
