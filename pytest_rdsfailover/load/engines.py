"""The engines of one process, by the names that users give them."""

from typing import Any

from pytest_rdsfailover.journal import Journal
from pytest_rdsfailover.load.attempts import Classify
from pytest_rdsfailover.load.engine import Engine
from pytest_rdsfailover.load.fast import FastLoad
from pytest_rdsfailover.load.threads import Load
from pytest_rdsfailover.load.workload import Workload
from pytest_rdsfailover.load.writer import ReconnectPolicy

ENGINES: dict[str, type[Load] | type[FastLoad]] = {"threads": Load, "fast": FastLoad}


def engine(
    name: str,
    workload: Workload,
    journal: Journal,
    *,
    rate: float,
    policy: ReconnectPolicy,
    classify: Classify | None,
    think: float,
    share: tuple[int, int] = (0, 1),
) -> Engine:
    """Return a load that has not begun; see `threads.Load` for its arguments.

    Only the threads think, and run code that can raise what a project classifies.
    """
    options: dict[str, Any] = {"rate": rate, "policy": policy, "share": share}
    if ENGINES[name] is Load:
        options |= {"classify": classify, "think": think}
    return ENGINES[name](workload, journal, **options)
