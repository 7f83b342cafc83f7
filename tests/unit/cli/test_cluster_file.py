"""A file that we write: ours to replace and to remove, and nobody else's."""

import os
import stat
from pathlib import Path

import pytest

from pytest_rdsfailover.cli.cluster_file import ClusterFile
from pytest_rdsfailover.model.errors import SettingError


def owned(path):
    return ClusterFile(path, "--env-file")


def test_the_file_is_there_for_the_block_and_only_for_its_owner(tmp_path):
    path = tmp_path / "env"
    with owned(path) as file:
        file.write(["A=1"])
        file.write(["A=2"])
        assert path.read_text().splitlines()[1:] == ["A=2"]
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == []


def test_what_is_as_it_should_be_is_not_written_again(tmp_path):
    path = tmp_path / "env"
    with owned(path) as file:
        file.write(["A=1"])
        before = path.stat().st_ino
        file.write(["A=1"])
        assert path.stat().st_ino == before


def test_what_another_cluster_has_left_is_written_over(tmp_path):
    path = tmp_path / "env"
    with owned(path) as file:
        file.write(["A=1"])
        left = path.read_text()
    path.write_text(left)
    with owned(path) as file:
        file.write(["B=1"])
        assert "A=1" not in path.read_text()


def test_what_somebody_has_written_meanwhile_stays(tmp_path):
    path = tmp_path / "env"
    with owned(path) as file:
        file.write(["A=1"])
        path.write_text("MINE=1")
    assert path.read_text() == "MINE=1"


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
