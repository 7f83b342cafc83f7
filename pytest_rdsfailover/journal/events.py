"""Events of 32 bytes in blocks of a memory-mapped file, read as columns.

Nothing is flushed and nothing is called: an event is four stores into memory that belongs to the
system, so that it survives the process that wrote it. The word that makes a record count is stored
last. Times are nanoseconds of `time.monotonic_ns`.
"""

import contextlib
import mmap
import os
import threading
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path

from pytest_rdsfailover.journal.names import Names, names_of
from pytest_rdsfailover.model.errors import FileWriteError
from pytest_rdsfailover.model.files import read_bytes
from pytest_rdsfailover.model.records import Fault, Outcome

WORDS = 4  # 64-bit words of a record: three times, and what became of it
RECORD = 8 * WORDS  # bytes
BLOCK = 256 * RECORD  # of one writer and sort; its first record says of which
IN_A_BLOCK = BLOCK // RECORD - 1  # events beside that
LEAST, MOST = 16 * BLOCK, 1024 * BLOCK  # by which a file grows: by as much as it has, within these
MOST_BYTES = 1 << 32  # of a file that is read: more than a hundred million events
MAGIC = 0x3130_4C41_4E52_554A
OUTCOME = 0x3  # bits of the lowest byte: an outcome, plus one
NO_ROOM = memoryview(bytearray()).cast("q")
IS_OUTCOME = bytes(max(0, (byte & OUTCOME) - 1) for byte in range(256))


class Blocks:
    """Where the events of one process are stored; hands out blocks to any thread.

    Args:
        path: a file to make; None to store them in memory that ends with the process.

    Attributes:
        names: what the numbers in the events mean.

    Raises:
        FileWriteError: here or at `take`, if the file cannot be made or there is no room for it.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.names = Names(None if path is None else names_of(path))
        self._path = path
        self._fd = None if path is None else _made(path)
        self._lock = threading.Lock()
        self._size = 0
        self._segment = memoryview(b"")
        self._maps: list[mmap.mmap] = []

    def take(self, writer: int, sort: int) -> memoryview:
        """Return a new block for one writer's events of one sort, as words."""
        if self._fd is None:
            return memoryview(bytearray(BLOCK)).cast("q")[WORDS:]
        with self._lock:
            if not len(self._segment):
                try:
                    self._grow(self._fd)
                except OSError as error:
                    raise FileWriteError(self._path, error) from error
            block = self._segment[:BLOCK].cast("q")
            self._segment = self._segment[BLOCK:]
        block[1], block[2], block[0] = writer, sort, MAGIC
        return block[WORDS:]

    def _grow(self, fd: int) -> None:
        """Make room that is allocated: a store into a hole of a full disk would end the process."""
        more = min(MOST, max(LEAST, self._size))
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(fd, self._size, more)
        else:
            os.ftruncate(fd, self._size + more)
        self._maps.append(mmap.mmap(fd, more, offset=self._size))
        self._segment = memoryview(self._maps[-1])
        self._size += more

    def close(self) -> None:
        """Give the file up; blocks that are still in use stay readable. Harmless twice."""
        self._segment = memoryview(b"")
        for mapped in self._maps:
            with contextlib.suppress(BufferError):
                mapped.close()
        self._maps.clear()
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def _made(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise FileWriteError(path, error) from error


class Events:
    """Events of one sort of one writer; only that writer's thread appends.

    Args:
        blocks: where they are stored.
        writer: number of the writer.
        sort: number of the sort.
    """

    def __init__(self, blocks: Blocks, writer: int, sort: int) -> None:
        self.writer, self.sort = writer, sort
        self._take, self._names = blocks.take, blocks.names
        self._blocks: list[memoryview] = []
        self._joined = b""  # all of them in one piece, as of the last look at them
        self._room = IN_A_BLOCK
        self._before = 0  # events in full blocks
        self._block, self._at = NO_ROOM, 0
        self._outcome: Outcome | None = None
        self._fault: Fault | None = None
        self._instance: str | None = None
        self._word = 0

    def record(
        self,
        times: tuple[int, int, int],
        outcome: Outcome,
        fault: Fault | None = None,
        instance: str | None = None,
        detail: int = 0,
    ) -> None:
        """Append one event.

        Args:
            times: its intended, started and finished nanoseconds.
            outcome: what became of it.
            fault: why it failed; None if it did not.
            instance: which one answered; None if unknown.
            detail: a number from 0 to 2^31 - 1 whose meaning depends on the sort.
        """
        # What follows is the usual event, which equals the one before it in all but its times.
        if (
            outcome is not self._outcome
            or fault is not self._fault
            or instance is not self._instance
        ):
            self._encode(outcome, fault, instance)
        block, at = self._block, self._at
        try:
            block[at], block[at + 1], block[at + 2] = times
        except IndexError:
            block, at = self._next(), 0
            block[0], block[1], block[2] = times
        block[at + 3] = self._word | detail << 32 if detail else self._word
        self._at = at + WORDS

    def _encode(self, outcome: Outcome, fault: Fault | None, instance: str | None) -> None:
        numbers = self._names.fault(fault) << 16 | self._names.instance(instance) << 8
        self._word = numbers | (int(outcome) + 1)
        self._outcome, self._fault, self._instance = outcome, fault, instance

    def _next(self) -> memoryview:
        block = self._take(self.writer, self.sort)
        full = self._at // WORDS
        self._blocks.append(block)
        # In this order, so that a reader in another thread sees too few events and never too many.
        self._at, self._block = 0, block
        self._before += full
        return block

    def __len__(self) -> int:
        return self._before + self._at // WORDS

    def fresh(self, row: int) -> Iterator[tuple[int, int]]:
        """Yield the end and the outcome of each event from a row on, also while more come in."""
        for place in range(row, len(self)):
            block, at = self._blocks[place // self._room], place % self._room * WORDS
            yield block[at + 2], (block[at + 3] & OUTCOME) - 1

    def detach(self) -> None:
        """Move all events out of their file; no more can be appended."""
        self._blocks = [memoryview(self._records()).cast("q")]
        self._room = max(1, len(self))
        self._before, self._at = len(self), 0
        self._block = NO_ROOM

    def restore(self, blocks: Sequence[memoryview], names: Names) -> None:
        """Take over blocks that were read from a file; the last one may have room left."""
        self._names = names
        self._blocks = [block[WORDS:] for block in blocks]
        if self._blocks:
            marks = memoryview(self._blocks[-1]).cast("B")[RECORD - 8 :: RECORD].tobytes()
            used = marks.find(0) if 0 in marks else len(marks)
            self._blocks[-1] = self._blocks[-1][: used * WORDS]
        self._before = sum(map(len, self._blocks)) // WORDS
        self._check_names()

    def _check_names(self) -> None:
        names = self._names
        for column, known in ((self.fault, names.faults), (self.instance, names.instances)):
            if max(column, default=0) >= len(known):
                raise ValueError(f"event {column.index(max(column))} has a name that is not there")

    def hold(self, columns: Sequence["array[int]"], names: Names) -> None:
        """Take over events that come from elsewhere, as four columns of words of one length."""
        words = array("q", bytes(RECORD * len(columns[0])))
        for place, column in enumerate(columns):
            words[place::WORDS] = column
        self._names = names
        self._blocks, self._room = [memoryview(words)], max(1, len(columns[0]))
        self._before, self._at, self._block = len(columns[0]), 0, NO_ROOM
        self._check_names()

    def _records(self) -> bytes:
        """Return all events up to now in one piece, which is kept for the next column."""
        size = len(self) * RECORD
        if len(self._joined) != size:
            self._joined = b"".join(block.cast("B") for block in list(self._blocks))[:size]
        return self._joined

    def times(self, place: int) -> "array[int]":
        """Return a column of times: 0 the intended, 1 the started, 2 the finished; 3 the rest."""
        return array("q", self._records())[place::WORDS]

    @property
    def intended(self) -> "array[int]":
        """Return when each event was wanted."""
        return self.times(0)

    @property
    def started(self) -> "array[int]":
        """Return when each was begun."""
        return self.times(1)

    @property
    def finished(self) -> "array[int]":
        """Return when each was over."""
        return self.times(2)

    @property
    def outcome(self) -> "array[int]":
        """Return an `Outcome` for each event."""
        return array("B", self._records()[24::RECORD].translate(IS_OUTCOME))

    @property
    def instance(self) -> "array[int]":
        """Return the place of each event's instance in `instances`."""
        return array("B", self._records()[25::RECORD])

    @property
    def fault(self) -> "array[int]":
        """Return the place of each event's fault in `faults`."""
        return array("H", self._records())[13 :: RECORD // 2]

    @property
    def detail(self) -> "array[int]":
        """Return the number that goes with each event."""
        return array("I", self._records())[7 :: RECORD // 4]

    @property
    def faults(self) -> list[Fault | None]:
        """Return what the numbers of the column `fault` mean; 0 is no fault."""
        return self._names.faults

    @property
    def instances(self) -> list[str | None]:
        """Return what the numbers of the column `instance` mean; 0 is an unknown one."""
        return self._names.instances


def read_blocks(path: Path) -> dict[tuple[int, int], list[memoryview]]:
    """Return the blocks of a file by writer and sort, each in order, the first record included."""
    data = memoryview(read_bytes(path, most=MOST_BYTES))
    found: dict[tuple[int, int], list[memoryview]] = {}
    for start in range(0, len(data) - BLOCK + 1, BLOCK):
        block = data[start : start + BLOCK].cast("q")
        if block[0] == MAGIC:
            found.setdefault((block[1], block[2]), []).append(block)
    return found
