"""A file of variables: ours to write and to remove, and nobody else's."""

import os
import stat

import pytest
from standing_clusters import description

from pytest_rdsfailover.cli.env_file import EnvFile
from pytest_rdsfailover.model.errors import SettingError


def test_the_file_is_there_for_the_block_and_only_for_its_owner(tmp_path):
    path = tmp_path / "env"
    with EnvFile(path, "dotenv", "reader").written(description()):
        assert "DB_HOST='127.0.0.3'\n" in path.read_text()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == []


def test_what_another_cluster_has_left_is_written_over(tmp_path):
    path = tmp_path / "env"
    with EnvFile(path, "shell", "writer").written(description()):
        left = path.read_text()
    path.write_text(left)
    with EnvFile(path, "docker", "writer").written(description()):
        assert "export" not in path.read_text()


def test_what_somebody_has_written_meanwhile_stays(tmp_path):
    path = tmp_path / "env"
    with EnvFile(path, "shell", "writer").written(description()):
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
        EnvFile(path, "shell", "writer")


def test_a_directory_that_is_missing_is_told_at_once(tmp_path):
    with pytest.raises(SettingError, match="there is no directory"):
        EnvFile(tmp_path / "no" / "env", "shell", "writer")
