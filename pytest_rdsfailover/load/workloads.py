"""Which workload a test's options mean."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import partial
from typing import Any

from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.load.attempts import Classify
from pytest_rdsfailover.load.event_loops import choose_loops
from pytest_rdsfailover.load.inserts import InsertWorkload
from pytest_rdsfailover.load.mix import OURS, READ, MixStep, spread
from pytest_rdsfailover.load.mixed import RowsWorkload
from pytest_rdsfailover.load.options import OwnCodeOptions, WorkloadOptions
from pytest_rdsfailover.load.outside import OutsideWorkload
from pytest_rdsfailover.load.retrying import RetryingWorkload
from pytest_rdsfailover.load.signatures import check_function
from pytest_rdsfailover.load.user_code import CallWorkload
from pytest_rdsfailover.load.workload import Workload
from pytest_rdsfailover.load.writer import ReconnectPolicy
from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.model.errors import SettingError, did_you_mean

OPTIONS = WorkloadOptions.__optional_keys__
ANSWERED = ("setup", "teardown", "reads", "renew", "loop", "loops")  # by an outside workload itself
MakeWorkload = Callable[[Journal], Workload]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A chosen workload, which can be sent to another process; calling it makes the workload.

    Attributes:
        endpoint: where to write.
        reader: where our own reads read; None without such reads.
        workload: None, names of our steps and their weights, or the user's own functions.
        users: the other options of the user's own code.
        retries: how often a write of ours is tried again.
        policy: how long to wait before each retry.
        classify: tells outcome and fault of a failed write.
    """

    endpoint: Endpoint
    reader: Endpoint | None
    workload: Any
    users: OwnCodeOptions
    retries: int
    policy: ReconnectPolicy
    classify: Classify | None

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle all but `stored`: only the process that judges the trial reads writes back."""
        kept = {field.name: getattr(self, field.name) for field in fields(self)}
        users = self.users.copy()
        users.pop("stored", None)
        kept["users"] = users
        return partial(Choice, **kept), ()

    @property
    def is_ours(self) -> bool:
        """Tell whether the workload is of our own steps."""
        return not is_own(self.workload)

    def __call__(self, journal: Journal) -> Workload:
        """Return the workload, which notes its keys and attempts in *journal*."""
        if not self.is_ours:
            return self._users_workload(journal)
        workload: Workload = InsertWorkload(self.endpoint, journal.run)
        if self.workload is not None:
            weights = _weights(self.workload, self.reader)
            workload = RowsWorkload(self.endpoint, journal.run, weights, self.reader)
        if not self.retries:
            return workload
        return RetryingWorkload(workload, journal, self.retries, self.policy, self.classify)

    def _users_workload(self, journal: Journal) -> CallWorkload:
        users = self.users
        return CallWorkload(
            journal,
            self.workload,
            classify=self.classify,
            event_loops=choose_loops(users.get("loop"), users.get("loops", "one")),
            stored=users.get("stored"),
            setup=users.get("setup"),
            teardown=users.get("teardown"),
            reads=users.get("reads"),
            renew=users.get("renew", "never"),
            rows=users.get("rows", 1),
        )


def is_own(workload: Any) -> bool:
    """Tell whether a workload is the user's own code, not steps of ours by their names."""
    if isinstance(workload, Mapping):
        return not any(isinstance(name, str) for name in workload)
    return workload is not None


def choose(
    options: WorkloadOptions,
    endpoint: Endpoint,
    *,
    retries: int,
    policy: ReconnectPolicy,
    classify: Classify | None,
) -> Choice:
    """Return the chosen workload; a journal, which names the keys, is needed to make it.

    Args:
        options: what a test says of it.
        endpoint: where to write.
        retries: how often a write of ours is tried again.
        policy: how long to wait before each retry.
        classify: tells outcome and fault of a failed write.

    Raises:
        SettingError: if options contradict each other, or a step is unknown.
    """
    if options.get("workload", ...) is None:
        check_function("workload", None)
    options = _with_functions(options)
    chosen = Choice(
        endpoint=endpoint,
        reader=options.get("reader"),
        workload=options.get("workload"),
        users=_users(options),
        retries=retries,
        policy=policy,
        classify=classify,
    )
    if chosen.is_ours and chosen.users:
        names = ", ".join(sorted(chosen.users))
        raise SettingError(f"{names}: only with a workload of your own")
    if not chosen.is_ours and retries:
        raise SettingError(
            "retries: only with our own writes; a workload of your own retries by itself and"
            " reports it with a parameter named attempt"
        )
    if not chosen.is_ours and chosen.reader is not None:
        raise SettingError("reader: only with our own reads; yours know where to read")
    if chosen.workload is None and chosen.reader is not None:
        raise SettingError('reader: only with a workload that has a "read"')
    chosen(Journal("", 1))  # made once, so that a wrong workload is refused before the load begins
    return chosen


def _with_functions(options: WorkloadOptions) -> WorkloadOptions:
    """Return options with the functions of an outside workload in its place.

    Raises:
        SettingError: if an option beside it is one that it answers itself.
    """
    workload = options.get("workload")
    if not isinstance(workload, OutsideWorkload):
        return options
    taken = [name for name in ANSWERED if name in options]
    if taken:
        raise SettingError(f"{', '.join(taken)}: not with {type(workload).__name__}")
    return {
        **options,
        "workload": workload.write,
        "setup": workload.open,
        "teardown": workload.close,
    }


def _users(options: WorkloadOptions) -> OwnCodeOptions:
    """Return the options of the user's own code alone."""
    users = options.copy()
    users.pop("workload", None)
    users.pop("reader", None)
    return users


def check_steps(workload: Any) -> None:
    """Refuse steps of ours that there are not, and weights that are none; what is the user's passes.

    Raises:
        SettingError: with the name that is nearest to an unknown one.
    """
    if isinstance(workload, Mapping) and not is_own(workload):
        for name in workload:
            if name not in OURS:
                raise SettingError(
                    f"no step of ours is called {name!r}{did_you_mean(name, OURS)} (known:"
                    f" {', '.join(OURS)}; functions of your own cannot stand beside them)"
                )
        spread({OURS[name]: weight for name, weight in workload.items()})


def _weights(workload: Mapping[Any, int], reader: Endpoint | None) -> dict[MixStep, int]:
    """Return the weights of our own steps by their names."""
    check_steps(workload)
    weights = {OURS[name]: weight for name, weight in workload.items()}
    if (READ in weights) != (reader is not None):
        raise SettingError(
            'a "read" needs to know where: give reader=rds_cluster.reader_endpoint, and no reader'
            ' without a "read"'
        )
    return weights
