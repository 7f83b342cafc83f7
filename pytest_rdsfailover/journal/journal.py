"""What every writer did: its operations, their attempts, its reads, the slots it left out.

Times are nanoseconds of `time.monotonic_ns` here and seconds in the records read out of it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_rdsfailover.journal.events import Blocks, Events, read_blocks
from pytest_rdsfailover.journal.names import Names, names_of
from pytest_rdsfailover.model.clock import to_seconds
from pytest_rdsfailover.model.records import Outcome, Write

OPERATIONS, ATTEMPTS, READS, SKIPS = range(4)  # sorts of events
EVENTS = ".events"


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


class WriterJournal(Events):
    """One writer's writes; only that writer's thread appends.

    Attributes:
        attempts: what a workload reported of the tries inside its operations; the detail of each
            is the sequence of its operation.
        reads: operations that store nothing; the detail of each is 0, or one more than the
            sequence of the newest write of this writer that it saw.
    """

    def __init__(self, blocks: Blocks, writer: int) -> None:
        super().__init__(blocks, writer, OPERATIONS)
        self.attempts = Events(blocks, writer, ATTEMPTS)
        self.reads = Events(blocks, writer, READS)
        self._skips = Events(blocks, writer, SKIPS)

    @property
    def sorts(self) -> tuple[Events, Events, Events, Events]:
        """Return the events of all sorts, in the order of their numbers."""
        return self, self.attempts, self.reads, self._skips

    def skip(self, first: int, last: int, count: int) -> None:
        """Note *count* slots, from *first* to *last* intended nanosecond, that were not issued."""
        self._skips.record((first, last, count), Outcome.REFUSED)

    @property
    def skips(self) -> list[Skip]:
        """Return the slots that were not issued."""
        columns = (self._skips.times(place) for place in range(3))
        return [
            Skip(writer=self.writer, first=to_seconds(first), last=to_seconds(last), count=count)
            for first, last, count in zip(*columns, strict=True)
        ]

    def __iter__(self) -> Iterator[Write]:
        faults, instances = self.faults, self.instances
        columns = zip(
            self.intended, self.started, self.finished,
            self.outcome, self.fault, self.instance, strict=False,
        )  # fmt: skip
        # The writer may be appending right now: a later column may be longer than an earlier one.
        for sequence, (intended, started, finished, outcome, fault, instance) in enumerate(columns):
            yield Write(
                writer=self.writer,
                sequence=sequence,
                intended=to_seconds(intended),
                started=to_seconds(started),
                finished=to_seconds(finished),
                outcome=Outcome(outcome),
                fault=faults[fault],
                instance=instances[instance],
            )


class Journal:
    """The journals of all writers of one load.

    Args:
        run: the prefix that makes this run's keys unique.
        writers: how many there are.
        path: where to store the events, as `DIRECTORY/NAME.events`; None for memory only.

    Attributes:
        run: as given.
        writers: one journal per writer, by number.
    """

    def __init__(self, run: str, writers: int, path: Path | None = None) -> None:
        self.run = run
        self._blocks = Blocks(path)
        self.writers: Sequence[WriterJournal] = [
            WriterJournal(self._blocks, number) for number in range(writers)
        ]

    @classmethod
    def read(cls, run: str, writers: int, directory: Path) -> "Journal":
        """Return what the files of all processes of a load hold.

        Raises:
            ArchiveError, ValueError: if a file cannot be read, or is of another load.
        """
        journal = cls(run, writers)
        for path in sorted(directory.glob(f"*{EVENTS}")):
            journal.adopt(path)
        return journal

    def adopt(self, path: Path) -> None:
        """Take over what the writers of another process did; no writer belongs to two processes."""
        names = Names.read(names_of(path))
        for (writer, sort), blocks in read_blocks(path).items():
            if not (0 <= writer < len(self.writers) and 0 <= sort <= SKIPS):
                raise ValueError(f"there is no writer {writer} with events of sort {sort}")
            self.writers[writer].sorts[sort].restore(blocks, names)

    def detach(self) -> None:
        """Let go of the file; nothing can be appended any more."""
        for writer in self.writers:
            for events in writer.sorts:
                events.detach()
        self._blocks.close()

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

    def __iter__(self) -> Iterator[Write]:
        for writer in self.writers:
            yield from writer

    def __len__(self) -> int:
        return sum(len(writer) for writer in self.writers)

    @property
    def skips(self) -> list[Skip]:
        """Return all slots that were not issued."""
        return [skip for writer in self.writers for skip in writer.skips]
