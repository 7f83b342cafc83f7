"""The budget and the record of a cluster, over sessions and processes."""

import json
import os
from types import SimpleNamespace

import pytest

from pytest_rdsfailover.live.ledger import Ledger, LedgerError, session_id
from pytest_rdsfailover.model.errors import FileWriteError


@pytest.fixture
def ledger(tmp_path):
    def make(session="one", **options):
        return Ledger(tmp_path / "live", "111-eu-orders", session=session, **options)

    return make


def test_one_session_s_workers_share_what_is_used(ledger):
    ledger().spend(100.0)
    ledger().spend(200.0)

    assert ledger().used == 2
    assert ledger().last == 200.0


def test_another_session_begins_anew_but_knows_the_last_failover(ledger):
    ledger().spend(100.0)

    assert ledger("two").used == 0
    assert ledger("two").last == 100.0


def test_a_budget_that_cannot_be_read_is_no_zero(ledger):
    ledger().spend(1.0)
    ledger()._state.write_text("{")
    with pytest.raises(ValueError, match="Expecting"):
        _ = ledger().used


def test_only_one_holds_the_lock(ledger):
    one, two = ledger(), ledger("two")

    assert one.acquire(0.0)
    assert not two.acquire(0.0)
    assert (one.exclusive, two.exclusive) == (True, False)
    one.release()
    one.release()
    assert two.acquire(0.0)


def test_two_sessions_that_take_turns_have_one_budget_each(ledger):
    one, two = ledger(), ledger("two")
    for at in range(0, 6, 2):
        one.spend(float(at))
        two.spend(at + 1.0)

    assert (one.used, two.used, one.last) == (3, 3, 5.0)
    assert (ledger().used, ledger("three").used) == (3, 0)


def deleted(path):
    path.unlink()


def replaced(path):
    fresh = path.with_suffix(".copy")
    fresh.write_bytes(path.read_bytes())
    fresh.replace(path)


def renamed(path):
    path.rename(path.with_suffix(".away"))


def linked(path):
    away = path.with_suffix(".away")
    path.rename(away)
    path.symlink_to(away)


@pytest.mark.parametrize("harm", [deleted, replaced, renamed, linked])
def test_a_lock_on_a_file_that_is_gone_is_not_ours(ledger, harm):
    """Another process would lock the new file; so two would be exclusive."""
    one = ledger()
    assert one.acquire(0.0)
    one.spend(1.0)
    harm(one._state)

    assert not one.exclusive


@pytest.mark.parametrize("harm", [deleted, replaced])
def test_who_waits_for_a_lock_locks_the_file_that_is_there(ledger, harm):
    one, two = ledger(), ledger("two")
    assert one.acquire(0.0)
    one.spend(1.0)
    harm(one._state)

    assert two.acquire(0.0)
    assert (one.exclusive, two.exclusive) == (False, True)
    assert not one.acquire(0.0)


def hard_linked(path):
    os.link(path, path.with_suffix(".other"))


def shortened(path):
    path.write_bytes(path.read_bytes()[:-20])


def emptied(path):
    path.write_bytes(b"")


def rewritten(path):
    path.write_bytes(path.read_bytes().replace(b"one", b"two"))


@pytest.mark.parametrize(
    "harm", [deleted, renamed, linked, hard_linked, shortened, emptied, rewritten]
)
def test_a_ledger_that_lost_what_was_read_is_no_zero(ledger, harm):
    one = ledger()
    one.spend(1.0)
    harm(one._state)
    for ask in (lambda: one.used, lambda: one.last, lambda: one.spend(2.0)):
        with pytest.raises(LedgerError, match=r"has lost|cannot be opened|hard links"):
            ask()


@pytest.mark.parametrize(
    "line",
    [
        "", "1", "null", "{}", '{"session": "one"}', '{"session": "one", "at": NaN}', "[]", "[" * 200_000,
        '{"session": "one", "at": true}', '{"session": "one", "at": "1"}',
    ],
)  # fmt: skip
def test_a_line_that_is_no_trigger_is_an_error(ledger, line):
    ledger().spend(1.0)
    with ledger()._state.open("a") as file:
        file.write(line + "\n")
    with pytest.raises(LedgerError, match="no trigger"):
        _ = ledger().used


def test_a_ledger_that_is_no_plain_file_is_refused(ledger, tmp_path):
    one = ledger()
    os.mkfifo(one._state)
    with pytest.raises(LedgerError, match="no plain file"):
        one.acquire(0.0)
    one._state.unlink()
    one._state.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(LedgerError, match="cannot be opened"):
        one.acquire(0.0)
    assert not (tmp_path / "elsewhere").exists()


def test_a_ledger_of_two_names_is_refused_and_locked_by_nobody(ledger):
    """Whoever writes by the other name would be unseen by who replaces this one."""
    one = ledger()
    one.spend(1.0)
    hard_linked(one._state)
    with pytest.raises(LedgerError, match="hard links"):
        one.acquire(0.0)
    assert not one.exclusive
    one._state.with_suffix(".other").unlink()
    assert one.acquire(0.0)


@pytest.fixture
def full(monkeypatch):
    """A disk that takes three more bytes of each line."""
    real = os.write
    monkeypatch.setattr(os, "write", lambda number, line: real(number, line[:3]))


def test_a_full_disk_is_an_error_before_the_trigger_that_names_the_ledger(ledger, full):  # noqa: ARG001
    one = ledger()
    with pytest.raises(FileWriteError, match=r"the ledger .*jsonl cannot be written: No space"):
        one.spend(1.0)


def test_half_a_line_is_taken_back_and_spoils_nothing(ledger, monkeypatch):
    one = ledger()
    one.spend(1.0)
    one.record("trigger", cluster="orders")
    with monkeypatch.context() as full:
        real = os.write
        full.setattr(os, "write", lambda number, line: real(number, line[:3]))
        with pytest.raises(FileWriteError):
            one.spend(2.0)
        with pytest.raises(FileWriteError, match=r"the audit record .* cannot be written: No sp"):
            one.record("answered")
    one.spend(3.0)
    one.record("answered")

    assert (ledger().used, ledger().last) == (2, 3.0)
    entries = [json.loads(line) for line in one.audit.read_text().splitlines()]
    assert [entry["what"] for entry in entries] == ["trigger", "answered"]


def test_a_disk_that_is_nearly_full_is_refused_before_anything_is_done(ledger, monkeypatch):
    left = os.statvfs("/")
    for free in (0, 15):
        found = SimpleNamespace(f_blocks=left.f_blocks, f_bavail=free, f_frsize=4096)
        monkeypatch.setattr(os, "fstatvfs", lambda _, found=found: found)
        one = ledger()
        assert one.why_not_recordable() == f"{one.audit}: fewer than 64 KiB are left on its disk"


def test_the_record_grows_by_lines_that_only_we_may_read(ledger, tmp_path):
    one = ledger(audit=str(tmp_path / "deep" / "audit.jsonl"))
    assert one.why_not_recordable() == ""
    one.audit.unlink()
    one.record("trigger", cluster="orders")
    one.record("answered", request_id="r")

    entries = [json.loads(line) for line in one.audit.read_text().splitlines()]
    assert [entry["what"] for entry in entries] == ["trigger", "answered"]
    assert entries[0]["session"] == "one"
    assert one.audit.stat().st_mode & 0o077 == 0


def test_the_record_can_be_something_that_holds_nothing(ledger):
    reading, writing = os.pipe()
    one = ledger(audit=f"/dev/fd/{writing}")
    assert one.why_not_recordable() == ""
    one.record("trigger")
    os.close(writing)

    assert json.loads(os.read(reading, 4096))["what"] == "trigger"
    os.close(reading)


def test_workers_of_pytest_xdist_are_one_session():
    assert session_id({"PYTEST_XDIST_TESTRUNUID": "abc"}) == "abc"
    assert session_id({}) != session_id({})
