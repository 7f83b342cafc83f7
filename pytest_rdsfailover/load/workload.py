"""What a load asks of a workload: sessions that do something at each slot, and their audit."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from pytest_rdsfailover.load.attempts import Attempts
from pytest_rdsfailover.load.mix import MixStep
from pytest_rdsfailover.model.endpoints import Bounds, Endpoint
from pytest_rdsfailover.mysql import driver

Position = tuple[int, int]  # writer and sequence
PATIENT = Bounds(connect=2.0, read=60.0, write=10.0)  # for what is not measured


class Session(Protocol):
    """One writer's own state, used by its thread only."""

    @property
    def attempts(self) -> Attempts | None:
        """Return what it reports of the tries inside its operations; None if it reports none."""

    @property
    def instance(self) -> str | None:
        """Return the instance that it writes to; None if it cannot tell."""

    def perform(self, step: MixStep, sequence: int) -> int | None:
        """Do one thing; return when it is acknowledged, raise when it is not.

        Args:
            step: what to do.
            sequence: of a write, its number among the writer's; of a read, that of the next write.

        Returns:
            What a read saw, as `staleness.seen` encodes it; None if that means nothing.
        """

    def close(self) -> None:
        """Give up what it holds, and raise nothing."""


class Workload(Protocol):
    """What all writers do, and how it is read back."""

    @property
    def steps(self) -> Sequence[MixStep]:
        """Return what writers do in turn."""

    @property
    def torn(self) -> Sequence[Position]:
        """Return which of the writes that `stored` has read back are there in part only."""

    def create(self, control: Endpoint) -> None:
        """Make what the writes need, on the current writer."""

    def open(self, writer: int, bounds: Bounds) -> Session:
        """Return a new session of a writer; raise what the driver raises without a connection."""

    def stored(self, control: Endpoint) -> Iterable[Position] | None:
        """Return where every stored write stands, each as often as it is stored.

        None if nobody can tell. Writes of other origin are left out.
        """

    def drop(self, control: Endpoint) -> None:
        """Remove what `create` made, and nothing else."""


def execute(control: Endpoint, statement: str) -> None:
    """Execute a statement on a connection of its own."""
    with driver.connect(control, bounds=PATIENT) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
