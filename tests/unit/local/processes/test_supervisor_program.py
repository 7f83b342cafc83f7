"""The program that keeps servers: its directory, and what it does where a system lacks something."""

import errno
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_rdsfailover.local.processes import supervisor
from pytest_rdsfailover.local.processes.supervisor import (
    create_run_directory,
    first_directory,
    leftovers,
    portable_pipe,
    remove,
    sweep,
    watch,
)


def made(base):
    path, held = create_run_directory(str(base))
    return path, held


def test_a_run_directory_is_private_named_after_its_user_and_locked(tmp_path):
    path, held = made(tmp_path)
    (tmp_path / f"rdsfo-{os.getuid()}-left").mkdir()

    assert stat.S_IMODE(Path(path).stat().st_mode) == 0o700
    sweep(str(tmp_path))
    assert [entry.path for entry in os.scandir(tmp_path)] == [path]
    os.close(held)
    sweep(str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_only_directories_of_this_user_s_are_leftovers(tmp_path):
    mine = f"rdsfo-{os.getuid()}-"
    (tmp_path / f"{mine}left").mkdir()
    (tmp_path / f"{mine}file").write_text("")
    (tmp_path / f"{mine}link").symlink_to(tmp_path / f"{mine}left")
    (tmp_path / f"rdsfo-{os.getuid() + 1}-other").mkdir()
    (tmp_path / "somebody").mkdir()

    assert list(leftovers(str(tmp_path))) == [str(tmp_path / f"{mine}left")]


def test_a_directory_is_removed_with_all_in_it_and_nothing_beyond_a_link(tmp_path):
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").write_text("x")
    gone = tmp_path / "gone"
    (gone / "deep" / "er").mkdir(parents=True)
    (gone / "deep" / "er" / "file").write_text("x")
    (gone / "deep" / "folder").symlink_to(kept)
    (gone / "file").symlink_to(kept / "file")
    remove(str(gone))
    remove(str(gone))  # harmless the second time

    assert [entry.name for entry in tmp_path.iterdir()] == ["kept"]
    assert (kept / "file").read_text() == "x"


def test_a_directory_that_cannot_be_removed_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(supervisor, "GIVE_UP_REMOVING", 0.05)
    monkeypatch.setattr(supervisor.os, "rmdir", lambda _: None)
    (tmp_path / "stays").mkdir()
    remove(str(tmp_path / "stays"))

    assert (tmp_path / "stays").exists()


def test_the_first_base_with_room_is_taken_and_nothing_stays_in_the_others(
    tmp_path, monkeypatch, capfd
):
    full, good = tmp_path / "full", tmp_path / "good"
    full.mkdir()
    good.mkdir()
    real = supervisor.check_room

    def check_room(directory):
        if directory.startswith(str(full)):
            raise OSError(errno.ENOSPC, "No space left on device")
        real(directory)

    monkeypatch.setattr(supervisor, "check_room", check_room)
    path = first_directory([str(tmp_path / "missing"), str(full), str(good)])

    assert Path(path).parent == good
    assert list(Path(path).iterdir()) == list(full.iterdir()) == []  # where room was tried, too
    assert capfd.readouterr().out == ""
    assert first_directory([str(tmp_path / "missing"), str(full)]) is None
    told = json.loads(capfd.readouterr().out)["error"]
    assert told == (
        f"{tmp_path}/missing: No such file or directory; {full}: No space left on device"
    )


def test_where_a_system_lacks_pipe2_neither_end_blocks():
    ends = portable_pipe()
    try:
        assert [os.get_blocking(end) for end in ends] == [False, False]
        with pytest.raises(BlockingIOError):
            os.read(ends[0], 1)
        os.write(ends[1], b"x")
        assert os.read(ends[0], 1) == b"x"
    finally:
        for end in ends:
            os.close(end)


def test_nobody_is_watched_who_is_not_there(monkeypatch):
    assert watch(1 << 30) is None
    monkeypatch.delattr(supervisor.os, "pidfd_open", raising=False)
    assert watch(os.getpid()) is None


def test_whose_supervisor_is_gone_already_runs_nothing(tmp_path):
    """It could not be ended by anybody."""
    made, log = tmp_path / "made", tmp_path / "log"
    child = f"""
from pytest_rdsfailover.local.processes.supervisor import become
become({os.getpid()} + 1, 0, {str(log)!r}, ["/bin/sh", "-c", "echo > {made}"], {{}}, dies_with_us=False)
"""
    ended = subprocess.run([sys.executable, "-c", child], stdin=subprocess.DEVNULL, check=False)

    assert (ended.returncode, made.exists()) == (1, False)
