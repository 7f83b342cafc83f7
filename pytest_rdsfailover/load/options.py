"""The options of a workload, as a test writes them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Literal, Protocol, TypedDict

from pytest_rdsfailover.load.attempts import Attempt
from pytest_rdsfailover.load.outside import OutsideWorkload
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


OwnStep = Literal["write", "transaction", "read_your_write", "read"]


class OwnCodeOptions(TypedDict, total=False):
    """What belongs to a workload of the user's own code only.

    Attributes:
        reads: your own functions that store nothing, with their weights; called without a key.
        stored: returns every key that is in the database afterwards; without it nothing can be
            said about lost writes of your own functions.
        rows: how many rows one call of your functions stores, each with its key; a write of which
            `stored` returns some is torn.
        setup: called once per writer; what it returns is passed to your functions.
        teardown: called with what *setup* returned, or without setup with nothing; once for each writer.
        renew: `never`: what *setup* made is yours, and must heal itself; `on_error`: it is made
            anew after an error that shows a connection to be of no more use.
        loop: your application's own event loop, for coroutines; it runs in another thread.
        loops: `one` event loop for the coroutines of all writers, or one `per writer`.
    """

    reads: ReadingCode | Mapping[Any, int] | None
    stored: StoredCode | None
    rows: int
    setup: Callable[[], object] | None
    teardown: Callable[[Any], object] | Callable[[], object] | None
    renew: Literal["never", "on_error"]
    loop: asyncio.AbstractEventLoop | None
    loops: Literal["one", "per writer"]


class WorkloadOptions(OwnCodeOptions, total=False):
    """What a load does.

    Attributes:
        workload: your own function, called with the key to write; an `HttpWorkload`, a
            `LambdaWorkload` or a `ProcessWorkload`, which writes outside of this process; several functions with their weights; or names of our own steps with theirs: `write`, `transaction`,
            `read_your_write` and `read`. Our own insert if left out.
        reader: where our own step `read` reads.
    """

    workload: WritingCode | OutsideWorkload | Mapping[WritingCode | OwnStep, int] | None
    reader: Endpoint | None
