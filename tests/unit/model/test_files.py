"""Files are read within bounds, and written so that an error names them."""

import errno
import gzip
import os
import tracemalloc
from pathlib import Path

import pytest

from pytest_rdsfailover.model import files
from pytest_rdsfailover.model.errors import ArchiveError, FileWriteError
from pytest_rdsfailover.model.files import (
    append,
    check_file,
    check_folder,
    parsed_json,
    read_bytes,
    read_json,
    read_json_lines,
    write_bytes,
    write_text,
)


def test_a_text_is_written_as_utf_8_whatever_the_locale_and_its_halves_are_escaped(tmp_path):
    path = tmp_path / "new" / "a.md"

    write_text(path, "Zürich ±\ud800")

    assert path.read_bytes() == "Zürich ±\\ud800".encode()
    assert list(path.parent.iterdir()) == [path]


def test_a_file_that_was_there_is_replaced_as_a_whole_and_keeps_its_mode(tmp_path):
    path, link = tmp_path / "a", tmp_path / "link"
    path.write_text("before")
    path.chmod(0o640)
    link.symlink_to(path)

    write_text(link, "after")

    assert (path.read_text(), path.stat().st_mode & 0o777) == ("after", 0o640)
    assert link.is_symlink()


def test_a_link_that_leads_to_itself_gives_way_to_the_file(tmp_path):
    path = tmp_path / "loop"
    path.symlink_to("loop")

    write_text(path, "after")

    assert path.read_text() == "after"
    assert list(tmp_path.iterdir()) == [path]


def full(tmp_path):
    return tmp_path / "full", lambda path: path.symlink_to("/dev/full")


def unread(tmp_path):
    return tmp_path / "pipe", os.mkfifo


def below_a_file(tmp_path):
    (tmp_path / "file").touch()
    return tmp_path / "file" / "a", lambda _: None


def directory(tmp_path):
    return tmp_path / "there", lambda path: path.mkdir()


@pytest.mark.parametrize("place", [full, unread, below_a_file, directory])
def test_what_cannot_be_written_is_an_error_that_names_the_file(tmp_path, place):
    path, make = place(tmp_path)
    make(path)

    with pytest.raises(FileWriteError) as caught:
        write_text(path, "x" * 10)
    assert str(caught.value).startswith(f"{path} cannot be written: ")
    assert not list(tmp_path.glob(".rdsfo*"))


def test_a_name_with_half_a_character_is_an_error_and_no_crash(tmp_path):
    with pytest.raises(FileWriteError):
        write_text(tmp_path / "\ud800", "x")
    with pytest.raises(ArchiveError):
        read_bytes(tmp_path / "\ud800")


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_is_read_up_to_its_bound_and_not_beyond(tmp_path, packed):
    path, size = tmp_path / "a", files.CHUNK + 100
    path.write_bytes(gzip.compress(bytes(size)) if packed else bytes(size))

    assert len(read_bytes(path, unpack=packed, most=size)) == size
    with pytest.raises(ArchiveError, match="holds more than 1 MiB"):
        read_bytes(path, unpack=packed, most=size - 1)


def test_a_small_file_that_unpacks_to_much_is_unpacked_up_to_its_bound(tmp_path):
    path = tmp_path / "bomb"
    path.write_bytes(gzip.compress(bytes(64 << 20)))
    tracemalloc.start()
    try:
        with pytest.raises(ArchiveError, match="holds more than 1 MiB"):
            read_bytes(path, unpack=True, most=1 << 20)
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


def test_json_is_read_up_to_so_many_values(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MOST_VALUES", 4)
    path = tmp_path / "a"
    path.write_text('[1, 2, {"a": 3}]')
    assert read_json(path) == [1, 2, {"a": 3}]
    path.write_text('[1, 2, {"a": [3]}]')
    with pytest.raises(ArchiveError, match="holds more than 4 values"):
        read_json(path)


def test_each_line_holds_a_value_and_an_empty_one_none(tmp_path):
    path = tmp_path / "a"
    path.write_text('{"a": 1.5}\n\n[2]\n')

    assert read_json_lines(path) == [{"a": 1.5}, [2]]


@pytest.mark.parametrize("place", [os.devnull, "pipe"])
def test_what_has_no_end_is_refused_and_not_waited_for(tmp_path, place):
    path = tmp_path / place
    if place == "pipe":
        os.mkfifo(path)
    with pytest.raises(ArchiveError, match="no regular file"):
        read_bytes(path)


def test_a_file_is_added_to_and_not_made_anew(tmp_path):
    path = tmp_path / "a"
    with pytest.raises(FileNotFoundError):
        append(path, b"x")
    path.write_bytes(b"1")
    append(path, b"23")

    assert path.read_bytes() == b"123"


@pytest.mark.parametrize("why", files.KEPT_IN_PLACE)
def test_a_file_that_cannot_be_replaced_is_written_in_its_place(tmp_path, monkeypatch, why):
    def refuse(_, target):
        raise OSError(why, os.strerror(why), str(target))

    path = tmp_path / "mounted"
    path.write_text("before")
    monkeypatch.setattr(Path, "replace", refuse)
    write_text(path, "after")

    assert path.read_text() == "after"
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(FileWriteError):
        write_text(tmp_path / "new", "x")


def test_a_file_for_which_there_is_no_room_is_left_as_it_is(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "no space left on device")

    path = tmp_path / "a"
    path.write_text("before")
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(FileWriteError, match="no space"):
        write_text(path, "after")

    assert path.read_text() == "before"


def test_a_pipe_that_somebody_reads_is_written_to_as_it_is(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    write_bytes(path, b"told")

    assert os.read(reader, 10) == b"told"
    assert path.is_fifo()
    os.close(reader)


def test_a_place_is_tried_before_anything_is_written_to_it(tmp_path):
    check_folder(tmp_path / "new" / "one")
    check_file(tmp_path / "other" / "a")
    check_file(tmp_path / "other" / "a")
    (tmp_path / "file").touch()
    check_file(tmp_path / "file")

    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "new", "one", "other"]
    for check in (check_folder, check_file):
        with pytest.raises(FileWriteError, match="a"):
            check(tmp_path / "file" / "a")
    with pytest.raises(FileWriteError, match="is a directory"):
        check_file(tmp_path / "new")


@pytest.mark.parametrize(
    "text", ["[NaN]", "[1e999]", "[-Infinity]", "[" * 10**5, '{"a":', "\ufeff1"]
)
def test_json_that_no_program_of_ours_writes_is_refused(tmp_path, text):
    path = tmp_path / "a"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(ArchiveError, match="cannot be read"):
        read_json(path)


@pytest.mark.parametrize("packed", [False, True])
def test_a_small_file_takes_little_memory_however_much_it_may_hold(tmp_path, packed):
    path, text = tmp_path / "it", b"x" * 1000
    path.write_bytes(gzip.compress(text) if packed else text)
    tracemalloc.start()
    try:
        assert read_bytes(path, unpack=packed, most=1 << 30) == text
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


def test_what_is_no_text_in_utf_8_is_no_json(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b'"\xff"')

    with pytest.raises(ArchiveError, match="no text in UTF-8"):
        read_json(path)


def test_a_number_without_end_is_refused_in_our_own_words(tmp_path):
    path = tmp_path / "long.json"
    path.write_text(f'{{"schema": {"1" * 5000}}}')

    with pytest.raises(ArchiveError, match="it holds a number of more than 4300 digits") as caught:
        read_json(path)
    assert "sys." not in str(caught.value)


@pytest.mark.parametrize("text", ["[" * 200_000, b'{"a":' * 200_000, "", "nothing", b"\xff"])
def test_a_text_of_somebody_else_is_json_or_a_value_error(text):
    with pytest.raises(ValueError, match=r"nested too deeply|Expecting value|decode"):
        parsed_json(text)


def test_json_is_read_from_text_and_bytes():
    assert parsed_json('{"a": [1]}') == parsed_json(b'{"a": [1]}') == {"a": [1]}
