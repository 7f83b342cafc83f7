"""Events in a mapped file: what was recorded is read again, whatever became of its process."""

import contextlib
import itertools
import os
from pathlib import Path

import pytest

from pytest_rdsfailover.journal import names as names_file
from pytest_rdsfailover.journal.events import (
    BLOCK,
    IN_A_BLOCK,
    LEAST,
    Blocks,
    Events,
    read_blocks,
)
from pytest_rdsfailover.journal.journal import EVENTS, Journal
from pytest_rdsfailover.journal.names import Names, names_of
from pytest_rdsfailover.model.errors import FileWriteError
from pytest_rdsfailover.model.records import Fault, Outcome

RESET = Fault(2013, "reset")


def fill(events, count, first=0):
    for n in range(first, first + count):
        failed = n % 7 == 3
        events.record(
            (n, n + 1, n + 2),
            Outcome.UNKNOWN if failed else Outcome.ACKED,
            RESET if failed else None,
            f"instance-{n // 5 % 3}",
            n % 11,
        )


def content(events):
    return (
        [list(events.times(place)) for place in range(3)],
        list(events.outcome),
        [events.faults[place] for place in events.fault],
        [events.instances[place] for place in events.instance],
        list(events.detail),
        list(events.fresh(0)),
    )


def expected(count):
    failed = [n % 7 == 3 for n in range(count)]
    outcomes = [int(Outcome.UNKNOWN if each else Outcome.ACKED) for each in failed]
    return (
        [[n + place for n in range(count)] for place in range(3)],
        outcomes,
        [RESET if each else None for each in failed],
        [f"instance-{n // 5 % 3}" for n in range(count)],
        [n % 11 for n in range(count)],
        [(n + 2, outcome) for n, outcome in enumerate(outcomes)],
    )


def test_an_event_costs_32_bytes_and_its_block_a_256th_more(tmp_path):
    path, count = tmp_path / f"0{EVENTS}", 20 * IN_A_BLOCK
    fill(Events(Blocks(path), 0, 0), count)
    blocks = read_blocks(path)[0, 0]

    assert sum(block.nbytes for block in blocks) <= 32 * (count + len(blocks))
    assert len(blocks) <= count / 255


@pytest.mark.parametrize("count", [0, 1, IN_A_BLOCK - 1, IN_A_BLOCK, IN_A_BLOCK + 1, 1000])
def test_what_was_recorded_is_read_as_columns_before_and_after_its_file_is_gone(tmp_path, count):
    path = tmp_path / f"0{EVENTS}"
    blocks = Blocks(path)
    events = Events(blocks, 0, 0)
    fill(events, count)
    seen = content(events)
    events.detach()
    blocks.close()
    path.unlink()

    assert len(events) == count
    assert seen == content(events) == expected(count)


@pytest.mark.parametrize("count", [1, IN_A_BLOCK - 1, IN_A_BLOCK, IN_A_BLOCK + 1, 1000])
def test_a_file_is_read_though_nobody_closed_it(tmp_path, count):
    journal = Journal("run", 3, tmp_path / f"0{EVENTS}")
    fill(journal.writers[2], count)
    fill(journal.writers[0].reads, 5)
    journal.writers[1].skip(10**9, 2 * 10**9, 4)

    again = Journal.read("run", 3, tmp_path)

    assert content(again.writers[2]) == expected(count)
    assert content(again.writers[0].reads) == expected(5)
    assert list(again) == list(journal)
    assert again.skips == journal.skips != []
    assert len(again) == count


def test_the_files_of_several_processes_are_one_journal(tmp_path):
    for process, writers in enumerate([(0, 2), (1, 3)]):
        part = Journal("run", 4, tmp_path / f"{process}{EVENTS}")
        for writer in writers:
            fill(part.writers[writer], 10 + writer)

    whole = Journal.read("run", 4, tmp_path)

    assert [len(writer) for writer in whole.writers] == [10, 11, 12, 13]
    assert content(whole.writers[3]) == expected(13)


class Killed(BaseException):
    """Stands for kill -9: nothing that would have been done afterwards is done."""


class Dying:
    """Memory into which only so many more stores get through before its process is killed."""

    def __init__(self, words, left):
        self._words, self._left = words, left

    def __setitem__(self, place, value):
        if next(self._left, None) is None:
            raise Killed
        self._words[place] = value

    def __getitem__(self, part):
        return Dying(self._words[part], self._left)

    def __len__(self):
        return len(self._words)

    def cast(self, form):
        return Dying(self._words.cast(form), self._left)


STORES = 4  # of an event


@pytest.mark.parametrize("stores", range(STORES + 1))
def test_an_event_that_was_begun_and_not_finished_is_no_event(tmp_path, stores):
    journal = Journal("run", 1, tmp_path / f"0{EVENTS}")
    writer = journal.writers[0]
    fill(writer, 3)
    writer._block = Dying(writer._block, iter(range(stores)))
    with contextlib.suppress(Killed):
        fill(writer, 1, 3)

    found = Journal.read("run", 1, tmp_path)

    assert content(found.writers[0]) == expected(3 + (stores == STORES))


@pytest.mark.parametrize("stores", range(3 + STORES + 1))  # its block says first whose it is
def test_a_block_that_was_begun_and_not_finished_is_nobody_s(tmp_path, stores):
    journal = Journal("run", 3, tmp_path / f"0{EVENTS}")
    for writer in journal.writers:
        fill(writer, 3)
    journal._blocks._segment = Dying(journal._blocks._segment, iter(range(stores)))
    with contextlib.suppress(Killed):
        fill(journal.writers[2].reads, 1)

    found = Journal.read("run", 3, tmp_path)

    assert [content(writer) for writer in found.writers] == [expected(3)] * 3
    assert len(found.writers[2].reads) == (stores == 3 + STORES)


@pytest.mark.parametrize(("writer", "sort"), [(4, 0), (-1, 0), (0, 4), (0, -1)])
def test_a_file_of_more_writers_or_sorts_than_it_should_have_is_refused(tmp_path, writer, sort):
    fill(Events(Blocks(tmp_path / f"0{EVENTS}"), writer, sort), 1)

    with pytest.raises(ValueError, match=f"no writer {writer} with events of sort {sort}"):
        Journal.read("run", 4, tmp_path)


def test_an_event_whose_name_was_never_written_is_named(tmp_path):
    path = tmp_path / f"0{EVENTS}"
    fill(Events(Blocks(path), 0, 0), 6)  # the sixth has another instance than those before it
    first = names_of(path).read_text().splitlines()[0]
    names_of(path).write_text(f'{first}\n[2013, "reset"]\n')

    with pytest.raises(ValueError, match="event 5 has a name that is not there"):
        Journal.read("run", 1, tmp_path)


@pytest.mark.parametrize("missing", [0, 1, BLOCK - 1, BLOCK])
def test_a_block_that_was_cut_off_is_nobody_s(tmp_path, missing):
    path = tmp_path / f"0{EVENTS}"
    fill(Events(Blocks(path), 0, 0), 2 * IN_A_BLOCK)
    path.write_bytes(path.read_bytes()[: 2 * BLOCK - missing])

    assert len(read_blocks(path)[0, 0]) == (1 if missing else 2)


def test_a_system_that_allocates_no_room_has_it_all_the_same(tmp_path, monkeypatch):
    monkeypatch.delattr(os, "posix_fallocate", raising=False)
    path = tmp_path / f"0{EVENTS}"
    fill(Events(Blocks(path), 0, 0), count := 17 * IN_A_BLOCK)

    assert content(Journal.read("run", 1, tmp_path).writers[0]) == expected(count)


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="nobody tells what is mapped")
def test_a_file_of_which_the_journal_let_go_is_mapped_no_more(tmp_path):
    journal = Journal("run", 1, tmp_path / f"0{EVENTS}")
    fill(journal.writers[0], 5)
    journal.detach()
    journal.detach()

    assert str(tmp_path) not in Path("/proc/self/maps").read_text()
    assert content(journal.writers[0]) == expected(5)


def test_a_name_that_was_cut_off_is_left_out(tmp_path):
    path = tmp_path / f"0{EVENTS}"
    blocks = Blocks(path)
    assert [blocks.names.fault(RESET), blocks.names.instance("a"), blocks.names.fault(RESET)] == [
        1, 1, 1]  # fmt: skip
    with names_of(path).open("a") as file:
        file.write('"b')

    names = Names.read(names_of(path))
    assert (names.faults, names.instances) == ([None, RESET], [None, "a"])


def test_more_instances_than_a_record_has_room_for_are_unknown():
    names = Names()
    numbers = [names.instance(f"i{n}") for n in range(300)]

    assert numbers == [*range(1, 256), *itertools.repeat(0, 45)]


def test_more_faults_than_a_record_has_room_for_are_none(monkeypatch):
    monkeypatch.setattr(names_file, "MOST_FAULTS", 3)
    names = Names()

    assert [names.fault(Fault(code, "server")) for code in (1, 2, 3, 4, 2, 5)] == [1, 2, 3, 0, 2, 0]
    assert names.fault(None) == 0


def test_names_that_nobody_wrote_are_none_and_a_place_that_is_not_there_is_named(tmp_path):
    assert Names.read(tmp_path / "gone").faults == [None]
    path = tmp_path / "gone" / "0.names"
    with pytest.raises(FileWriteError, match=str(path)):
        Names(path).instance("a")


def test_writers_share_a_file_in_blocks_of_their_own(tmp_path):
    path = tmp_path / f"0{EVENTS}"
    blocks = Blocks(path)
    one, other = Events(blocks, 0, 0), Events(blocks, 1, 0)
    for n in range(600):
        fill(one, 1, n)
        fill(other, 1, n)

    assert {place: len(found) for place, found in read_blocks(path).items()} == {
        (0, 0): 3,
        (1, 0): 3,
    }
    assert content(one) == content(other) == expected(600)


@pytest.mark.parametrize("count", [1, 16, 17, 100, 3000])
def test_a_file_is_at_most_twice_as_large_as_what_it_holds(tmp_path, count):
    """What is left of a trial that was cut short stays for a week."""
    blocks = Blocks(tmp_path / "0.events")
    for number in range(count):
        blocks.take(number, 0)
    size = (tmp_path / "0.events").stat().st_size
    blocks.close()

    assert count * BLOCK <= size <= max(LEAST, 2 * count * BLOCK)
    assert sum(map(len, read_blocks(tmp_path / "0.events").values())) == count
