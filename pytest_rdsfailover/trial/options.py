"""The options of a load and of a trial, as a test writes them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Literal, Protocol, TypedDict

from pytest_rdsfailover.load.attempts import Attempt
from pytest_rdsfailover.load.http import HttpWorkload
from pytest_rdsfailover.load.invocations import LambdaWorkload
from pytest_rdsfailover.load.programs import ProcessWorkload
from pytest_rdsfailover.load.writer import ReconnectPolicy
from pytest_rdsfailover.model.endpoints import Endpoint


class BeginAttempt(Protocol):
    """What a workload's parameter `attempt` is: `with attempt():` around each try."""

    def __call__(self) -> Attempt:
        """Return the next try, begun now; leaving its block means that the database did it."""


class Reporting(Protocol):
    """A function that reports its tries, without what `setup` returned."""

    def __call__(self, key: str, /, *, attempt: BeginAttempt) -> object:
        """Write the key."""


class ReportingWithState(Protocol):
    """A function that reports its tries, with what `setup` returned."""

    def __call__(self, key: str, state: Any, /, *, attempt: BeginAttempt) -> object:
        """Write the key."""


# Each shape by itself: of `Callable[..., object]` no checker takes the type of a lambda's key.
WritingCode = (
    Callable[[str], object] | Callable[[str, Any], object] | Reporting | ReportingWithState
)
ReadingCode = Callable[[], object] | Callable[[Any], object]
StoredCode = Callable[[], Iterable[object]] | Callable[[], Awaitable[Iterable[object]]]


class LoadOptions(TypedDict, total=False):
    """What `rds_load` takes after the endpoint; what is left out, the run's settings say.

    Durations are texts with a unit, such as `"2s"`, or seconds.

    Attributes:
        writers: how many write at the same time.
        rate: writes per second that all writers intend together.
        load: `open`, on the schedule of *rate*; `precise`, 1,000 writes per second; `closed`, each
            writer again as soon as it has its answer. The last two take no *rate*.
        engine: `threads`, a thread with PyMySQL for each writer; `fast`, one event loop with our own
            protocol code, for our own insert only.
        processes: how many processes the writers are shared out to.
        functions: how many functions of AWS Lambda write instead of this machine, with *writers* writers
            each; they write for *warmup*, *bound* and *cooldown* together.
        function: the name of that function, whose package `rdsfailover lambda build` has made.
        policy: how a writer gets its connection back.
        warmup: the load before the trigger.
        cooldown: the load after all writers are back, without an error.
        bound: how long after the last trigger a trial waits for writers and for the end of errors.
        calm_errors: which share of the operations may fail before the trigger, as `"5%"`; beyond
            that nothing is triggered, and the trial is invalid.
        calm_not_issued: which share of the slots may find no free writer before the trigger, as
            `"20%"`; beyond that the trial is unreliable.
        think: how long a writer waits after an answer, on average; only with `load="closed"`.
        retries: how often our own write is tried again within its operation.
        workload: your own function, called with the key to write; an `HttpWorkload`, a
            `LambdaWorkload` or a `ProcessWorkload`, which writes outside of this process; several functions with their weights; or names of our own steps with theirs: `write`, `transaction`,
            `read_your_write` and `read`. Our own insert if left out.
        reader: where our own step `read` reads.
        reads: your own functions that store nothing, with their weights; called without a key.
        stored: returns every key that is in the database afterwards; without it nothing can be
            said about lost writes of your own functions.
        rows: how many rows one call of your functions stores, each with its key; a write of which
            `stored` returns some is torn.
        setup: called once per writer; what it returns is passed to your functions.
        teardown: called with what *setup* returned.
        renew: `never`: what *setup* made is yours, and must heal itself; `on_error`: it is made
            anew after an error that shows a connection to be of no more use.
        loop: your application's own event loop, for coroutines; it runs in another thread.
        loops: `one` event loop for the coroutines of all writers, or one `per writer`.
    """

    writers: int
    rate: float
    load: Literal["open", "precise", "closed"]
    engine: Literal["threads", "fast"]
    processes: int
    functions: int
    function: str
    policy: ReconnectPolicy
    warmup: str | float
    cooldown: str | float
    bound: str | float
    calm_errors: str
    calm_not_issued: str
    think: str | float
    retries: int
    workload: (
        WritingCode | HttpWorkload | LambdaWorkload | ProcessWorkload | Mapping[Any, int] | None
    )
    reader: Endpoint | None
    reads: ReadingCode | Mapping[Any, int] | None
    stored: StoredCode | None
    rows: int
    setup: Callable[[], object] | None
    teardown: Callable[[Any], object] | None
    renew: Literal["never", "on_error"]
    loop: asyncio.AbstractEventLoop | None
    loops: Literal["one", "per writer"]


class TrialOptions(LoadOptions, total=False):
    """What `rds_trial` takes after the endpoint: the options of a load and of its failover.

    Attributes:
        target: id of the instance to promote; the first reader, or whom a real cluster chooses, if
            left out.
        profile: the failover profile to play; the marker's or the run's if left out.
    """

    target: str | None
    profile: str | None
