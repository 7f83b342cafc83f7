"""What a load asks of a workload: sessions that do something at each slot, and their audit."""

from collections.abc import Iterable, Sequence
from typing import Protocol, runtime_checkable

from pytest_rdsfailover.load.attempts import AttemptRecorder
from pytest_rdsfailover.load.mix import MixStep
from pytest_rdsfailover.model.endpoints import Bounds, Endpoint
from pytest_rdsfailover.mysql import driver

Position = tuple[int, int]  # writer and sequence
PATIENT = Bounds(connect=2.0, read=15.0, write=10.0)  # for statements that are not measured


class Session(Protocol):
    """One writer's own state, used by its thread only."""

    @property
    def attempts(self) -> AttemptRecorder | None:
        """Return the object that reports the tries inside its operations; None without one."""

    @property
    def instance(self) -> str | None:
        """Return the instance that it writes to; None if it cannot tell."""

    def perform(self, step: MixStep, sequence: int) -> int | None:
        """Do one step; return when it is acknowledged, raise when it is not.

        Args:
            step: the step to do.
            sequence: the number of a write among the writer's; for a read, that of the next write.

        Returns:
            What a read saw, as `reads.seen` encodes it; None if the step saw nothing that counts.
        """

    def close(self) -> None:
        """Close what the session holds open; raise nothing."""


@runtime_checkable
class Waiting(Protocol):
    """A session whose work goes on outside its writer's thread, in an event loop."""

    def stack(self) -> list[str]:
        """Return where it waits now; nothing if it works in the writer's thread."""

    def cut(self) -> None:
        """End what it waits for, if that is outside of this process."""


class Workload(Protocol):
    """What all writers do, and how their writes are read back."""

    @property
    def steps(self) -> Sequence[MixStep]:
        """Return what writers do in turn."""

    @property
    def renews(self) -> bool:
        """Tell whether a writer's session is replaced after an error that makes it useless."""

    @property
    def torn(self) -> Sequence[Position]:
        """Return those writes that `stored` has found stored in part only."""

    @property
    def made(self) -> str:
        """Return what `create` makes, as a person who has to remove it by hand would look for it."""

    @property
    def needs_writer(self) -> bool:
        """Tell whether `create` and `drop` have anything to do on the writer."""

    def create(self, control: Endpoint) -> None:
        """Make what the writes need, on the current writer."""

    def open(self, writer: int, bounds: Bounds) -> Session:
        """Return a new session of a writer; raise what the driver raises without a connection."""

    def stored(self, control: Endpoint) -> Iterable[Position] | None:
        """Return the position of every stored write, each as often as it is stored.

        None if the writes cannot be read back. Rows of other origin are left out.
        """

    def drop(self, control: Endpoint) -> None:
        """Remove what `create` made, and nothing else."""


def execute(control: Endpoint, statement: str) -> None:
    """Execute a statement on a connection of its own."""
    with driver.connect(control, bounds=PATIENT) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
