"""What every writer did, in columns: 32 bytes an event, appended by one thread each.

Times are nanoseconds of `time.monotonic_ns` here and seconds in the records read out of it.
"""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pytest_rdsfailover.records import Attempt, Fault, Outcome

NANO = 1e-9
NO_FAULT, NO_INSTANCE = Fault(0, ""), ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """Slots of the schedule that a writer could not use, because it was stalled or away.

    Attributes:
        writer: number of the writer.
        first: the intended time of the first of them, in seconds.
        last: the intended time of the last.
        count: how many there were.
    """

    writer: int
    first: float
    last: float
    count: int


class WriterJournal:
    """One writer's events; only that writer's thread appends."""

    def __init__(self, writer: int) -> None:
        self.writer = writer
        self.intended = array("q")
        self.started = array("q")
        self.finished = array("q")
        self.outcome = array("B")
        self.fault = array("H")
        self.instance = array("H")
        self.skips: list[Skip] = []
        self._faults: dict[Fault, int] = {NO_FAULT: 0}
        self._instances: dict[str, int] = {NO_INSTANCE: 0}

    def record(
        self,
        times: tuple[int, int, int],
        outcome: Outcome,
        fault: Fault | None = None,
        instance: str | None = None,
    ) -> None:
        """Append one attempt; *times* are its intended, started and finished nanoseconds."""
        intended, started, finished = times
        self.intended.append(intended)
        self.started.append(started)
        self.finished.append(finished)
        self.outcome.append(outcome)
        faults, instances = self._faults, self._instances
        self.fault.append(faults.setdefault(fault or NO_FAULT, len(faults)))
        self.instance.append(instances.setdefault(instance or NO_INSTANCE, len(instances)))

    def skip(self, first: int, last: int, count: int) -> None:
        """Note *count* slots, from *first* to *last* intended nanosecond, that were not issued."""
        self.skips.append(
            Skip(writer=self.writer, first=first * NANO, last=last * NANO, count=count)
        )

    @property
    def faults(self) -> list[Fault | None]:
        """Return what the numbers of the column `fault` mean; 0 is no fault."""
        return [None, *list(self._faults)[1:]]

    @property
    def instances(self) -> list[str | None]:
        """Return what the numbers of the column `instance` mean; 0 is an unknown one."""
        return [None, *list(self._instances)[1:]]

    def __len__(self) -> int:
        return len(self.intended)

    def __iter__(self) -> Iterator[Attempt]:
        faults, instances = self.faults, self.instances
        columns = zip(
            self.intended, self.started, self.finished,
            self.outcome, self.fault, self.instance, strict=False,
        )  # fmt: skip
        # An unfinished last row is cut off by zip: the writer may be appending right now.
        for sequence, (intended, started, finished, outcome, fault, instance) in enumerate(columns):
            yield Attempt(
                writer=self.writer,
                sequence=sequence,
                intended=intended * NANO,
                started=started * NANO,
                finished=finished * NANO,
                outcome=Outcome(outcome),
                fault=faults[fault],
                instance=instances[instance],
            )


class Journal:
    """The journals of all writers of one load.

    Attributes:
        run: the prefix that makes this run's keys unique.
        writers: one journal per writer, by number.
    """

    def __init__(self, run: str, writers: int) -> None:
        self.run = run
        self.writers: Sequence[WriterJournal] = [WriterJournal(n) for n in range(writers)]

    def key(self, writer: int, sequence: int) -> str:
        """Return the key that the write carries into the database."""
        return f"{self.run}-{writer}-{sequence}"

    def position(self, key: str) -> tuple[int, int] | None:
        """Return writer and sequence of a key of this run, or None for anybody else's key."""
        run, dash, tail = key.rpartition(f"{self.run}-")
        writer, _, sequence = tail.partition("-")
        if run or not dash or not (writer.isdigit() and sequence.isdigit()):
            return None
        return int(writer), int(sequence)

    def __iter__(self) -> Iterator[Attempt]:
        for writer in self.writers:
            yield from writer

    def __len__(self) -> int:
        return sum(len(writer) for writer in self.writers)

    @property
    def skips(self) -> list[Skip]:
        """Return all slots that were not issued."""
        return [skip for writer in self.writers for skip in writer.skips]
