"""A disk that is full is named with the remedy, and keeps no half of anything."""

import os
import shutil
import subprocess

import pytest

from pytest_rdsfailover.journal.events import Blocks
from pytest_rdsfailover.live.ledger import Ledger
from pytest_rdsfailover.local.processes import run_directory
from pytest_rdsfailover.local.processes.process import Supervisor
from pytest_rdsfailover.local.server.template import copy_data
from pytest_rdsfailover.model.errors import FileWriteError, SettingError
from pytest_rdsfailover.model.files import write_text

pytestmark = [pytest.mark.local, pytest.mark.contract("local/server")]


@pytest.fixture
def disk(tmp_path):
    """A disk of half a megabyte."""
    path = tmp_path / "disk"
    path.mkdir()
    if os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("only root can mount a disk")
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", path]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("nothing can be mounted here")
    yield path
    subprocess.run(["umount", path], check=True)


def fill(disk):
    """Leave no room on a disk."""
    with pytest.raises(OSError, match="No space"), (disk / "filler").open("wb", 0) as file:
        while file.write(bytes(4096)):
            pass


def test_a_run_directory_is_made_on_the_next_disk_or_refused_with_the_remedy(
    disk, tmp_path, monkeypatch
):
    other = tmp_path / "other"
    other.mkdir()
    monkeypatch.setattr(run_directory, "bases", lambda: [disk])
    told = f"{disk}: No space left on device.; set TMPDIR to a directory that .* has room for"
    with pytest.raises(SettingError, match=told):
        Supervisor()
    assert list(disk.iterdir()) == []

    monkeypatch.setattr(run_directory, "bases", lambda: [disk, other])
    with Supervisor() as supervisor:
        assert supervisor.directory.parent == other


def test_a_data_directory_that_has_no_room_is_refused_and_nothing_of_it_is_kept(disk, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    for number in range(3):
        (source / f"{number}").write_bytes(os.urandom(300_000))

    with pytest.raises(SettingError, match=r"cannot be filled: .*No space .*; set TMPDIR"):
        copy_data(source, disk / "data")
    assert list(disk.iterdir()) == []


def test_the_last_byte_of_a_data_directory_that_has_no_room_is_noticed(disk, tmp_path):
    """A write that is cut short is no error by itself."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "only").write_bytes(os.urandom((512 << 10) + 1))

    with pytest.raises(SettingError, match="No space"):
        copy_data(source, disk / "data")


def test_a_report_that_has_no_room_leaves_the_old_one(disk):
    report = disk / "report"
    write_text(report, "old")
    fill(disk)

    with pytest.raises(FileWriteError, match=f"{report} cannot be written: No space"):
        write_text(report, "new" * 5000)
    assert report.read_text() == "old"
    assert sorted(path.name for path in disk.iterdir()) == ["filler", "report"]


def test_events_that_have_no_room_are_an_error_that_names_their_file(disk):
    blocks = Blocks(disk / "0.events")
    fill(disk)
    with pytest.raises(FileWriteError, match=r"0\.events cannot be written: No space"):
        blocks.take(0, 0)
    blocks.close()


def test_nothing_can_be_triggered_that_cannot_be_recorded(disk):
    ledger = Ledger(disk, "orders", session="one")
    assert ledger.why_not_recordable() == ""
    ledger.spend(1.0)
    fill(disk)

    assert "left on its disk" in ledger.why_not_recordable()
    with pytest.raises(FileWriteError, match=r"the audit record .* cannot be written: No space"):
        ledger.record("trigger", text="x" * 5000)
    assert (ledger.used, ledger.last) == (1, 1.0)
