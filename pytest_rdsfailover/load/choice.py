"""Which workload a test's options mean."""

import difflib
from collections.abc import Callable, Mapping
from typing import Any

from pytest_rdsfailover.endpoints import Endpoint
from pytest_rdsfailover.errors import SettingError
from pytest_rdsfailover.journal import Journal
from pytest_rdsfailover.load.attempts import Classify
from pytest_rdsfailover.load.mix import OURS, READ, Step, spread
from pytest_rdsfailover.load.retrying import RetryingWorkload
from pytest_rdsfailover.load.rows import RowsWorkload
from pytest_rdsfailover.load.workload import CallWorkload, InsertWorkload, Workload
from pytest_rdsfailover.load.writer import ReconnectPolicy

USERS = ("stored", "setup", "teardown", "reads")  # options of a workload of the user's own
OPTIONS = frozenset({"workload", "reader", *USERS})
MakeWorkload = Callable[[Journal], Workload]


def choose(
    options: Mapping[str, Any],
    endpoint: Endpoint,
    *,
    retries: int,
    policy: ReconnectPolicy,
    classify: Classify | None,
) -> MakeWorkload:
    """Return what makes the workload, given the journal that names the keys.

    Args:
        options: those of a test that are among `OPTIONS`.
        endpoint: where to write.
        retries: how often a write of ours is tried again.
        policy: how long to wait before that.
        classify: tells outcome and fault of what failed.

    Raises:
        SettingError: if they contradict each other, or something is unknown.
    """
    workload: Any = options.get("workload")
    reader = options.get("reader")
    users = {name: options[name] for name in USERS if name in options}
    ours = workload is None or (
        isinstance(workload, Mapping) and any(isinstance(name, str) for name in workload)
    )
    if ours and users:
        raise SettingError(f"{', '.join(sorted(users))}: only with a workload of your own")
    if not ours:
        if retries:
            raise SettingError(
                "retries: only with our own writes; a workload of your own retries by itself and"
                " reports it with a parameter named attempt"
            )
        if reader is not None:
            raise SettingError("reader: only with our own reads; yours know where to read")
        CallWorkload(Journal("", 1), workload, **users)  # refused now, not when it is used
        return lambda journal: CallWorkload(journal, workload, classify=classify, **users)
    weights = None if workload is None else _ours(workload, reader)

    def make(journal: Journal) -> Workload:
        made: Workload
        if weights is None:
            made = InsertWorkload(endpoint, journal.run)
        else:
            made = RowsWorkload(endpoint, journal.run, weights, reader)
        return RetryingWorkload(made, journal, retries, policy, classify) if retries else made

    return make


def _ours(workload: Mapping[Any, int], reader: Endpoint | None) -> dict[Step, int]:
    """Return the weights of our own steps by their names."""
    for name in workload:
        if name not in OURS:
            near = difflib.get_close_matches(str(name), OURS, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise SettingError(
                f"no step of ours is called {name!r}{hint} (known: {', '.join(OURS)}; functions of"
                " your own cannot stand beside them)"
            )
    weights = {OURS[name]: weight for name, weight in workload.items()}
    spread(weights)
    if (READ in weights) != (reader is not None):
        raise SettingError(
            'a "read" needs to know where: give reader=rds_cluster.reader_endpoint, and no reader'
            ' without a "read"'
        )
    return weights
