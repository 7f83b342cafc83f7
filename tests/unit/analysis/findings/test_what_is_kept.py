"""Findings of what the cluster's own side saw: acknowledged, and kept or not."""

import pytest
from builders import acks, course, everything_acked, journal

from pytest_rdsfailover.analysis.judging import judge
from pytest_rdsfailover.journal.evidence import Evidence
from pytest_rdsfailover.journal.stored import Stored
from pytest_rdsfailover.journal.witnessed import Witnessed
from pytest_rdsfailover.model.traffic import SERVER, Traffic

EVENTS = list(acks(1.0, 20.0, 0.1))
ACKED = len(EVENTS)


def findings(
    endpoint="cluster",
    name="cluster",
    ahead=0,
    executed=None,
    in_memory=(),
    events=EVENTS,
    **traffic,
):
    """Return those of a trial of which its cluster saw so much, by their names."""
    made = journal(events, writers=1)
    seen = Witnessed(
        endpoint=endpoint, address="h:1", calm=None, calm_at=0.0, ahead=ahead, rollbacks=executed,
        in_memory=in_memory,
        whole={name: Traffic(connections=1, **{"statements": ACKED} | traffic)},
    )  # fmt: skip
    stored = Stored(positions=everything_acked(made))
    evidence = Evidence(journal=made, course=course(witnessed=seen), stored=stored)
    return {finding.name: finding for finding in judge(evidence).findings}


def keyed(kept, asked=0, **more):
    return {
        "marked": ACKED,
        "keys": {"0": kept + asked},
        "stored_keys": {"0": kept},
        "commits": kept,
        **{name: {"0": count} for name, count in more.items()},
    }


def test_a_load_that_is_kept_has_nothing_to_be_told():
    assert findings(**keyed(ACKED)) == {}
    assert findings(writes=ACKED) == {}


def test_writes_that_were_not_committed_when_the_load_ended_are_broken():
    found = findings(**keyed(ACKED - 9, uncommitted_keys=9) | {"commits": ACKED // 10})[
        "uncommitted"
    ]
    assert found.severity == "broken"
    assert found.evidence.startswith(
        f"9 of {ACKED} acknowledged writes (writer 0) were in transactions"
    )
    assert "commit before the workload returns" in found.cure
    assert findings(**keyed(ACKED, uncommitted_keys=9)) == {}  # tried again, and committed then


@pytest.mark.parametrize(
    ("ahead", "kept", "there"),
    [(2, ACKED, False), (12, ACKED, True), (12, ACKED - 9, False)],  # of some it is not known
)
def test_writes_that_are_committed_only_later_are_risky(ahead, kept, there):
    found = findings(ahead=ahead, **keyed(kept) | {"commits": ACKED // 10})
    assert ("uncommitted" in found) is there
    assert all(finding.severity == "risky" for finding in found.values())


@pytest.mark.parametrize(
    ("executed", "more", "severity"),
    [
        (None, {}, ""),
        (2, {}, ""),
        (9, {}, "risky"),  # whether the procedure tried again nobody sees
        (9, {"rollbacks": 7}, ""),  # the client's own
        (9, {"failed_calls": 7}, ""),  # told to the client
        (ACKED * 9 // 10, {}, "broken"),
        (ACKED * 9 // 10 - 1, {}, "risky"),
        (ACKED, {"calls": 0}, ""),  # another client's
    ],
)
def test_procedures_that_roll_back_without_a_word_are_found(executed, more, severity):
    traffic = {"calls": ACKED} | keyed(ACKED) | more
    found = findings(executed=executed, **traffic).get("rolled_back")
    assert (found.severity if found else "") == severity


@pytest.mark.parametrize(
    ("traffic", "there"),
    [
        (keyed(0, asked=ACKED * 9 // 10), True),
        (keyed(0, asked=ACKED * 9 // 10 - 1), False),  # more are missing than may be
        ({}, True),
        ({"statements": ACKED // 10}, True),
        ({"statements": ACKED // 10 - 1}, False),  # somebody else's
        ({"uncommitted": ACKED // 2}, False),
        ({"unchanged": ACKED // 2}, False),
        ({"refused": ACKED // 2}, False),
        ({"writes": ACKED // 9, "rows": ACKED // 9}, True),  # a heartbeat beside what only reads
        ({"writes": ACKED // 9, "statements": ACKED // 9}, True),  # or beside what does nothing
        ({"writes": ACKED // 2}, False),  # it may be what stores two writes at once
        ({"writes": ACKED // 20, "rows": ACKED}, False),  # in batches
        (keyed(0, asked=ACKED) | {"writes": ACKED // 9}, True),
        (keyed(0, asked=ACKED) | {"writes": ACKED // 9, "rows": ACKED}, False),
        ({"statements": ACKED, "name": SERVER, "writes": ACKED}, False),
        ({"endpoint": "reader", "name": "reader"}, False),
    ],
)
def test_a_load_that_only_reads_is_found_where_it_should_write(traffic, there):
    assert ("only_reads" in findings(**traffic)) is there


@pytest.mark.parametrize(("acked", "there"), [(20, True), (19, False)])
def test_what_fewer_than_twenty_writes_usually_do_nobody_knows(acked, there):
    assert ("only_reads" in findings(events=EVENTS[:acked])) is there


def test_reads_that_show_no_key_may_be_anybody_s():
    assert findings(**keyed(0, asked=ACKED))["only_reads"].severity == "risky"
    assert findings()["only_reads"].severity == "broken"


def test_tables_that_a_failover_empties_are_risky():
    found = findings(in_memory=("app.carts",), **keyed(ACKED))["in_memory"]
    assert found.severity == "risky"
    assert "tables live in memory (app.carts): a failover of Aurora empties them" in found.evidence


def told(calm, changed):
    """Return why a trial is invalid of whose calm the server saw so much."""
    made = journal(EVENTS, writers=1)
    seen = Witnessed(
        endpoint="cluster", address="h:1", calm={"cluster": calm}, calm_at=30.0, changed=changed,
        whole={"cluster": calm},
    )  # fmt: skip
    evidence = Evidence(
        journal=made, course=course(witnessed=seen), stored=Stored(positions=everything_acked(made))
    )
    return judge(evidence).reason


@pytest.mark.parametrize(
    ("traffic", "changed", "said"),
    [
        (keyed(0, asked=ACKED), 0, True),
        (keyed(0, asked=ACKED), ACKED // 11, True),  # a heartbeat's
        (
            keyed(0, asked=ACKED),
            ACKED // 10,
            False,
        ),  # a function stores ten in a row, or a heartbeat
        (keyed(0, asked=ACKED), ACKED, False),  # a function writes
        (keyed(0, asked=ACKED), None, False),
        (keyed(ACKED), 0, True),  # a procedure that hides its error
        (keyed(ACKED) | {"commits": ACKED // 25}, ACKED // 25, False),  # batches, each in one row
        ({"writes": ACKED}, 0, True),  # each finds its row as it should be
        ({"writes": ACKED}, ACKED, False),
        ({}, 0, False),  # that nothing is written is a finding
    ],
)
def test_a_load_is_invalid_whose_server_changed_no_rows(traffic, changed, said):
    calm = Traffic(connections=1, **{"statements": ACKED} | traffic)
    assert ("the workload only reads, or does nothing" in told(calm, changed)) is said


@pytest.mark.parametrize(
    ("lost", "audited", "severity"),
    [
        ({"0": [3, 5]}, True, "risky"),
        ({"0": [3, 5]}, False, "broken"),
        ({"0": [ACKED]}, False, ""),  # its operation never ended
        ({"7": [1]}, False, ""),
        ({}, False, ""),
    ],
)
def test_writes_that_are_acknowledged_without_any_answer_are_found(lost, audited, severity):
    made = journal(EVENTS, writers=1)
    traffic = Traffic(statements=ACKED, lost_answers=lost, **keyed(ACKED))
    seen = Witnessed(
        endpoint="cluster", address="h:1", calm=None, calm_at=0.0, whole={"cluster": traffic}
    )
    stored = Stored(positions=everything_acked(made)) if audited else None
    found = judge(Evidence(journal=made, course=course(witnessed=seen), stored=stored)).findings
    (told,) = [finding for finding in found if finding.name == "unanswered"] or [None]
    assert (told.severity if told else "") == severity
    assert told is None or "2 writes were acknowledged" in told.evidence
