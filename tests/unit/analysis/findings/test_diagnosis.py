"""Each finding is shown a planted fault and a near miss."""

import pytest
from builders import ack, acks, course, everything_acked, journal, refused, unknown

from pytest_rdsfailover.analysis.findings.finding import Finding, in_words, of_them, some
from pytest_rdsfailover.analysis.judging import judge
from pytest_rdsfailover.analysis.verdicts.bounds import parse_expectations
from pytest_rdsfailover.journal.complaints import Complaint
from pytest_rdsfailover.journal.evidence import Evidence
from pytest_rdsfailover.journal.stored import Stored
from pytest_rdsfailover.load.sharing import remedy_of

CALM = list(acks(1.0, 10.0, 0.1))
BACK = list(acks(12.5, 20.0, 0.1))
DOWN = [refused(10.4 + number / 10) for number in range(20)]
WELL = [*CALM, *DOWN, *BACK]


def diagnosed(events, *, writers=1, stored=None, torn=(), **changes):
    """Return the findings of a trial by their names."""
    made = journal(events, writers=writers)
    positions = everything_acked(made) if stored is None else stored(everything_acked(made))
    evidence = Evidence(
        journal=made, course=course(**changes), stored=Stored(positions=positions, torn=list(torn))
    )
    return {finding.name: finding for finding in judge(evidence).findings}


def complaint(error, text, count=3, remedy=""):
    return Complaint(error=error, text=text, count=count, first=5.0, trace="", remedy=remedy)


def test_an_application_that_fails_and_comes_back_has_nothing_to_be_told():
    assert diagnosed(WELL) == {}


def test_what_the_audit_finds_is_broken():
    found = diagnosed(WELL, stored=lambda there: [*there[3:], there[5], there[5]], torn=[(0, 7)])

    assert list(found) == ["lost", "torn", "duplicated"]
    assert "3 acknowledged writes are not in the database (run-0-0, run-0-1, run-0-2)" in (
        found["lost"].evidence
    )
    assert {finding.severity for finding in found.values()} == {"broken"}
    assert [finding.expectation for finding in found.values()] == [
        "lost=0",
        "torn=0",
        "duplicated=0",
    ]


def test_writes_of_which_not_one_is_stored_are_asked_for_their_commit_and_their_key():
    found = diagnosed(WELL, stored=lambda _: [])["lost"]
    acked = len(CALM) + len(BACK)

    assert f"{acked} of {acked} acknowledged writes are not in the database" in found.evidence
    assert "is the key stored" in found.cure
    assert "is each write committed?" in found.cure
    assert "committed?" not in diagnosed(WELL, stored=lambda there: there[1:])["lost"].cure


def test_what_was_refused_and_is_stored_is_risky():
    found = diagnosed(WELL, stored=lambda there: [*there, (0, len(CALM))])
    assert found["unexpected"].severity == "risky"


def test_without_an_audit_nothing_is_said_of_it():
    made = journal(CALM + BACK)
    assert judge(Evidence(journal=made, course=course(), stored=None)).findings == []


def test_a_writer_that_hangs_hides_not_what_another_one_met():
    ends = [each for writer in (1, 2) for each in acks(1.0, 10.0, 0.1, writer=writer)]
    ends += [refused(10.4 + number / 10, 1836, writer=1) for number in range(95)]
    hangs = complaint("hangs", "writer 2 is still in the workload", 1)
    found = diagnosed([*WELL, *ends], writers=3, complaints=[hangs])["stuck_writers"]

    assert found.evidence == (
        "2 of 3 writers never came back (1, 2); at last 1 of them met 1836 read-only"
    )


@pytest.mark.parametrize(
    ("fails", "says", "cure"),
    [
        (lambda at: refused(at, 1836, writer=1), "1836 read-only", "is_disconnect"),
        (lambda at: unknown(at, 2013, "timeout", writer=1), "2013 timeout", "bound every wait"),
    ],
)
def test_writers_that_never_come_back_are_told_with_what_they_met_and_what_helps(fails, says, cure):
    events = [*WELL, *acks(1.0, 10.0, 0.1, writer=1)]
    events += [fails(10.4 + number / 10) for number in range(95)]
    found = diagnosed(events, writers=2)

    assert found["stuck_writers"].severity == "broken"
    assert f"1 of 2 writers never came back (1); at last it met {says}" in (
        found["stuck_writers"].evidence
    )
    assert cure in found["stuck_writers"].cure


def test_what_helps_is_said_once_and_names_are_counted_as_one_would():
    first = Finding(name="a", severity="broken", evidence="2 writers", cure="drop them")
    second = Finding(name="b", severity="risky", evidence="3 writes", cure="drop them; and wait")

    assert [*in_words([first, second])] == [
        "BROKEN: 2 writers: drop them",
        "RISKY: 3 writes: as above; and wait",
    ]
    assert [of_them(1, 1), of_them(4, 4), of_them(3, 4)] == ["it", "all of them", "3 of them"]
    assert [some(range(4)), some(range(5))] == ["0, 1, 2, 3", "0, 1, 2 and 2 more"]


def test_a_writer_that_hangs_is_told_to_hang():
    hangs = complaint("hangs", "writer 1 is still in the workload", 1)
    events = [
        *WELL,
        *acks(1.0, 10.0, 0.1, writer=1),
        unknown(20.0, 0, "timeout", sent=10.4, writer=1),
    ]
    found = diagnosed(events, writers=2, complaints=[hangs])

    assert "1 hang in the workload" in found["stuck_writers"].evidence
    assert "long_waits" not in found


@pytest.mark.parametrize(
    ("last", "told"),
    [
        (13.3, ""),
        (13.399999999, ""),
        (13.4, "2 writes met a read-only instance up to 1.00 s after the cluster had settled"),
        (13.5, "2 writes met a read-only instance up to 1.10 s after the cluster had settled"),
    ],
)
def test_writes_that_meet_a_read_only_instance_long_after_it_settled(last, told):
    late = [refused(12.6, 1290), refused(last, 1290), *acks(last + 0.5, 20.0, 0.1)]
    found = diagnosed([*CALM, *DOWN, *late])
    evidence = found["demoted_writer"].evidence if "demoted_writer" in found else ""
    assert evidence.partition(":")[0] == told


@pytest.mark.parametrize(("took", "told"), [(4.999999999, False), (5.0, True), (5.1, True)])
def test_operations_that_wait_long_for_an_error(took, told):
    waits = [unknown(10.1 + took + n / 10, 2013, sent=10.1 - n / 10) for n in range(2)]
    found = diagnosed([*CALM, *waits, *acks(15.5, 20.0, 0.1)])
    assert "long_waits" in found
    longest = f"{took + 0.2:.2f} s before they failed"
    shortest = f"2 operations waited {took:.2f} s to" if told else "1 operations waited 5.20 s to"
    assert longest in found["long_waits"].evidence
    assert shortest in found["long_waits"].evidence


@pytest.mark.parametrize(
    ("waits", "told"),
    [
        (refused(12.2, 2003, sent=10.1), True),
        (refused(12.2, 2013, sent=10.1), True),  # cut in the handshake: nothing was ever sent
        (refused(11.5, 2003, sent=10.1), False),
        (refused(11.599999999, 2003, sent=10.1), False),
        (refused(12.2, 2003, "timeout", sent=10.1), False),  # by a time-out of two seconds
        (refused(12.2, 1205, sent=10.1), False),  # the server made it wait
        (unknown(12.2, 2013, sent=10.1), False),  # it waited for an answer
    ],
)
def test_writes_that_wait_for_a_connect_without_a_time_out(waits, told):
    found = diagnosed([*CALM, waits, *acks(12.5, 20.0, 0.1)])
    assert ("unbounded_connects" in found) is told
    if told:
        assert "1 write waited 2.10 s for" in found["unbounded_connects"].evidence
        assert "connect_timeout" in found["unbounded_connects"].cure


def test_writes_that_wait_for_a_connect_are_counted_from_one_second_and_a_half_on():
    waits = [refused(11.6, 2003, sent=10.1), refused(11.599999999, 2003, sent=10.1)]
    found = diagnosed([*CALM, *waits, refused(12.2, 2003, sent=10.1), *acks(12.5, 20.0, 0.1)])

    assert "2 writes waited 1.50 s to 2.10 s" in found["unbounded_connects"].evidence


@pytest.mark.parametrize(
    ("late", "told"),
    [
        (ack(14.0, sent=10.6, writer=1), True),
        (ack(13.9, sent=10.6, writer=1), False),  # others were served for 1.4 s only
        (ack(14.0, sent=12.6, writer=1), False),
        (unknown(14.0, 2013, "timeout", sent=10.6, writer=1), False),  # it failed after all
    ],
)
def test_a_connect_that_succeeds_long_after_those_of_others(late, told):
    writer = [*acks(1.0, 10.0, 0.1, writer=1), unknown(10.4, writer=1), late]
    found = diagnosed([*WELL, *writer, *acks(14.1, 20.0, 0.1, writer=1)], writers=2)
    assert ("unbounded_connects" in found) is told


def test_a_long_write_of_a_connection_that_was_there_waited_for_no_connect():
    writer = [*acks(1.0, 10.0, 0.1, writer=1), ack(14.0, sent=10.6, writer=1)]
    found = diagnosed([*WELL, *writer, *acks(14.1, 20.0, 0.1, writer=1)], writers=2)
    assert "unbounded_connects" not in found


def test_of_all_long_writes_those_are_counted_that_connected_anew():
    writer = [
        ack(4.0, sent=2.0, writer=1),
        refused(4.1, 1213, writer=1),
        ack(6.2, sent=4.2, writer=1),  # a deadlock ends no connection
        unknown(10.4, writer=1),
        ack(14.0, sent=10.6, writer=1),
    ]
    found = diagnosed([*WELL, *writer, *acks(14.1, 20.0, 0.1, writer=1)], writers=2)
    assert found["unbounded_connects"].evidence.startswith("1 write waited 3.40 s for a connect")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Task <x> got Future <y> attached to a different loop", True),
        ("<asyncio.locks.Lock> is bound to a different event loop", True),
        ("Event loop is closed", True),
        ("the loop of the roller coaster is closed", False),
    ],
)
def test_a_client_of_another_event_loop_is_recognised(text, told):
    remedy = remedy_of(RuntimeError(text))
    found = diagnosed(WELL, complaints=[complaint("RuntimeError", text, remedy=remedy)])
    assert ("shared_client" in found) is told


def test_a_trial_that_was_cut_short_says_nothing_of_the_application():
    assert diagnosed(CALM, cut_short="it was") == {}


def test_the_worst_comes_first_and_every_expectation_can_be_written():
    late = [refused(each.finished, 1836) if n % 4 == 0 else each for n, each in enumerate(BACK)]
    found = diagnosed([*CALM, refused(9.95, 1213), *DOWN, *late], stored=lambda there: there[1:])
    assert [finding.severity for finding in found.values()] == sorted(
        (finding.severity for finding in found.values()), key=["broken", "risky", "note"].index
    )
    assert found["lost"].severity == "broken"
    assert found["calm_errors"].severity == "note"
    for finding in found.values():
        if finding.expectation:
            name, _, bound = finding.expectation.partition("=")
            parse_expectations(**{name: int(bound) if bound.isdigit() else bound.strip('"')})


def test_acknowledgements_of_a_former_writer_are_the_clusters_fault():
    late = ack(13.0, sent=12.9, instance="instance-1")
    assert diagnosed([*WELL, late])["stale_writes"].severity == "broken"


def test_what_teardown_raised_is_a_note_and_no_reason_of_errors_in_the_calm():
    told = complaint("teardown", "RuntimeError: already closed", 8)
    found = diagnosed([refused(0.9), *WELL], complaints=[told])

    assert found["failed_teardown"].severity == "note"
    assert "teardown raised 8x (RuntimeError: already closed)" in found["failed_teardown"].evidence
    assert "teardown" not in found["calm_errors"].evidence
    assert "failed_teardown" not in diagnosed(WELL, complaints=[complaint("KeyError", "'x'")])
