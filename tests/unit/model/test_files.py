"""Files are read within bounds, and written so that an error names them."""

import gzip
import os
import tracemalloc

import pytest

from pytest_rdsfailover.model.errors import ArchiveError, FileWriteError
from pytest_rdsfailover.model.files import read_bytes, read_json, write_text


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


def test_a_file_is_read_up_to_its_bound_and_not_beyond(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(bytes(100))

    assert len(read_bytes(path, most=100)) == 100
    with pytest.raises(ArchiveError, match="holds more than"):
        read_bytes(path, most=99)


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


def test_a_number_without_end_is_refused_in_our_own_words(tmp_path):
    path = tmp_path / "long.json"
    path.write_text(f'{{"schema": {"1" * 5000}}}')

    with pytest.raises(ArchiveError, match="it holds a number of more than 4300 digits") as caught:
        read_json(path)
    assert "sys." not in str(caught.value)
