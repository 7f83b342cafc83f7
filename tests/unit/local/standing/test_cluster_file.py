"""A file that we write: ours to replace and to remove, and nobody else's."""

import os
import stat
from pathlib import Path

import pytest

from pytest_rdsfailover.local.processes.identity import Identity, own_identity
from pytest_rdsfailover.local.standing import cluster_file
from pytest_rdsfailover.local.standing.cluster_file import ClusterFile, remove_of
from pytest_rdsfailover.model.errors import FileWriteError, SettingError

GONE = Identity(pid=os.getpid(), born="another boot 1")


def owned(path):
    return ClusterFile(path, "--env-file")


@pytest.fixture
def left(tmp_path, monkeypatch):
    """A file that a process has left that was killed."""
    path = tmp_path / "env"
    with monkeypatch.context() as patch:
        patch.setattr(cluster_file, "own_identity", lambda: GONE)
        owned(path).write(["A=1"])
    return path


def read(path):
    return [line for line in path.read_text().splitlines() if not line.startswith("#")]


def test_the_file_is_there_for_the_block_and_only_for_its_owner(tmp_path):
    path = tmp_path / "env"
    with owned(path) as file:
        file.write(["A=1"])
        file.write(["A=2"])
        assert read(path) == ["A=2"]
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == []


def test_what_is_as_it_should_be_is_not_written_again(tmp_path):
    path = tmp_path / "env"
    with owned(path) as file:
        file.write(["A=1"])
        before = path.stat().st_ino
        file.write(["A=1"])
        assert path.stat().st_ino == before


def test_what_a_killed_cluster_has_left_is_written_over(left):
    with owned(left) as file:
        file.write(["B=1"])
        assert read(left) == ["B=1"]
    assert not left.exists()


def test_lines_of_the_users_stay(left):
    with left.open("a") as file:
        file.write("MINE=1\n")
    with owned(left) as file:
        file.write(["B=1"])
        file.write(["B=2"])
        assert read(left) == ["B=2", "MINE=1"]
    assert left.read_text() == "MINE=1\n"


def test_what_a_process_has_left_is_removed_and_nothing_else(left, tmp_path):
    assert not remove_of(own_identity(), left)
    assert not remove_of(GONE, tmp_path / "elsewhere")
    assert left.exists()
    assert remove_of(GONE, left)
    assert not left.exists()


def test_what_somebody_has_written_meanwhile_stays(tmp_path):
    path = tmp_path / "env"
    with owned(path) as file:
        file.write(["A=1"])
        path.write_text("MINE=1")
    assert path.read_text() == "MINE=1"


def test_the_file_of_a_cluster_that_stands_is_refused_whenever_it_comes(tmp_path):
    path = tmp_path / "env"
    with owned(path) as file:
        late = owned(path)
        file.write(["A=1"])
        for ask in (lambda: owned(path), lambda: late.write(["B=1"])):
            with pytest.raises(SettingError, match=f"stands, kept by process {os.getpid()}"):
                ask()
        assert read(path) == ["A=1"]


@pytest.mark.parametrize("kind", ["a file", "a directory", "a pipe", "a link to nowhere"])
def test_what_is_not_ours_is_not_touched(tmp_path, kind):
    path = tmp_path / ".env"
    match kind:
        case "a file":
            path.write_text("SECRET=1\n")
        case "a directory":
            path.mkdir()
        case "a pipe":
            os.mkfifo(path)
        case _:
            path.symlink_to(tmp_path / "nowhere")

    with pytest.raises(SettingError, match="left as it is"):
        owned(path)


def test_a_directory_that_is_missing_is_told_at_once(tmp_path):
    with pytest.raises(SettingError, match="there is no directory"):
        owned(tmp_path / "no" / "env")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="has no folder that takes no file")
def test_a_directory_that_takes_no_file_is_told_at_once():
    with pytest.raises(SettingError, match=r"--env-file: /proc cannot be written: .*another place"):
        owned(Path("/proc/env"))


def test_removing_tells_that_there_was_something_though_lines_of_the_users_stay(left):
    with left.open("a") as file:
        file.write("MINE=1\n")
    assert remove_of(GONE, left)
    assert left.read_text() == "MINE=1\n"


def test_a_file_that_cannot_be_written_is_told_and_leaves_no_draft(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    with owned(tmp_path / "env") as file:
        monkeypatch.setattr(Path, "rename", full)
        with pytest.raises(FileWriteError, match="No space left"):
            file.write(["A=1"])
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("spaces", ["", " \n\n"])
def test_blank_lines_below_ours_are_nobodys(left, spaces):
    with left.open("a") as file:
        file.write(spaces)
    assert remove_of(GONE, left)
    assert not left.exists()
