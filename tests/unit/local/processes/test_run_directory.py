"""Where run directories may be: in memory, unless there is none or too little."""

from types import SimpleNamespace

import pytest

from pytest_rdsfailover.local.processes import run_directory
from pytest_rdsfailover.local.processes.run_directory import MEMORY, ROOM, bases


@pytest.mark.parametrize(
    ("memory", "free", "expected"),
    [
        (True, ROOM, ["memory", "disk"]), (True, ROOM - 1, ["disk", "memory"]),
        (False, ROOM, ["disk"]), (False, 0, ["disk"]),
    ],
)  # fmt: skip
def test_memory_comes_first_where_there_is_room(monkeypatch, tmp_path, memory, free, expected):
    monkeypatch.setattr(run_directory.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(run_directory, "_is_memory", lambda path: memory and path == MEMORY)
    monkeypatch.setattr(
        run_directory.shutil,
        "disk_usage",
        lambda path: SimpleNamespace(free=free * (path == MEMORY)),
    )

    assert bases() == [{"memory": MEMORY, "disk": tmp_path}[name] for name in expected]


def test_a_system_without_a_place_for_files_names_what_was_asked_for(monkeypatch):
    def nowhere():
        raise FileNotFoundError

    monkeypatch.setattr(run_directory.tempfile, "gettempdir", nowhere)
    monkeypatch.setattr(run_directory, "_is_memory", lambda _: False)
    monkeypatch.setenv("TMPDIR", "/nowhere/at-all")

    assert [str(base) for base in bases()] == ["/nowhere/at-all"]


@pytest.mark.parametrize(
    ("mounts", "allowed", "expected"),
    [
        ("tmpfs /dev/shm tmpfs rw 0 0", True, True), ("none /dev/shm ext4 rw 0 0", True, False),
        ("tmpfs /run tmpfs rw 0 0", True, False), ("tmpfs /dev/shm tmpfs rw 0 0", False, False),
        ("", True, False),
    ],
)  # fmt: skip
def test_memory_is_what_is_mounted_as_such_and_may_be_written(
    monkeypatch, tmp_path, mounts, allowed, expected
):
    real, table = run_directory.Path, tmp_path / "mounts"
    table.write_text(mounts)
    monkeypatch.setattr(
        run_directory, "Path", lambda path: table if path == "/proc/mounts" else real(path)
    )
    monkeypatch.setattr(run_directory.os, "access", lambda *_: allowed)

    assert run_directory._is_memory(MEMORY) is expected
    table.unlink()
    assert run_directory._is_memory(MEMORY) is False
