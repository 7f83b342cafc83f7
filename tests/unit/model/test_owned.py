import os
import subprocess
import sys
import threading

import pytest

from pytest_rdsfailover.model.owned import (
    OwnedFile,
    hold,
    is_owned,
    remove_ownerless,
    wait_until_free,
)

FORKS = """
import os, sys
from pathlib import Path
from pytest_rdsfailover.model.owned import OwnedFile
file = OwnedFile(Path(sys.argv[1]))
ready, told = os.pipe()
if os.fork() == 0:
    os.write(told, b"x")
    sys.stdin.read()
    os._exit(0)
os.read(ready, 1)
print("forked", flush=True)
sys.stdin.read()
"""


def test_a_file_is_owned_until_it_is_released(tmp_path):
    file = OwnedFile(tmp_path / "a")

    assert is_owned(file.path)
    file.release()
    file.release()
    assert not is_owned(file.path)
    assert not is_owned(tmp_path / "gone")


def test_nobody_owns_a_file_that_is_there_already_and_no_draft_is_left(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        OwnedFile(tmp_path / "folder")

    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_who_waits_for_an_owner_goes_on_once_it_is_gone(tmp_path):
    file = OwnedFile(tmp_path / "a")
    waits = threading.Thread(target=wait_until_free, args=(file.path,))
    waits.start()
    assert waits.is_alive()
    file.release()
    waits.join(10)

    assert not waits.is_alive()


def test_only_what_nobody_owns_is_removed(tmp_path):
    file = OwnedFile(tmp_path / "a.x")
    for name in ("b.x", "c.y"):
        (tmp_path / name).touch()
    remove_ownerless(tmp_path, "*.x")

    assert {path.name for path in tmp_path.iterdir()} == {"a.x", "c.y"}
    file.remove()
    assert not file.path.exists()


def test_a_forked_child_owns_nothing_of_its_parent_s(tmp_path):
    """An application that a test forks may outlive the test's process, which was killed."""
    command = [sys.executable, "-c", FORKS, str(tmp_path / "a")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout.readline() == b"forked\n"
        assert is_owned(tmp_path / "a")
        parent.kill()
        parent.wait(10)
        assert not is_owned(tmp_path / "a")  # the child is still there: it ends with its input


def test_a_file_is_held_by_one_only_and_by_nobody_s_leave_but_its_owner_s(tmp_path):
    path = tmp_path / "ledger"
    with pytest.raises(FileNotFoundError):
        hold(path)
    held = hold(path, os.O_CREAT)
    os.write(held, b"1")

    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(BlockingIOError):
        hold(path)
    os.close(held)
    os.close(hold(path))
    assert path.read_bytes() == b"1"
