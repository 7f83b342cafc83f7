"""The budget and the record of a cluster, over sessions and processes."""

import json

import pytest

from pytest_rdsfailover.live.ledger import Ledger, session_id


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


def test_workers_of_pytest_xdist_are_one_session():
    assert session_id({"PYTEST_XDIST_TESTRUNUID": "abc"}) == "abc"
    assert session_id({}) != session_id({})
