"""How the errors of writers are called in reports."""

import pymysql
import pytest

from pytest_rdsfailover.journal.complaints import HANGS, TEARDOWN, Complaint
from pytest_rdsfailover.load.complaints import LONGEST_TEXT, MOST_KINDS, Complaints, merged
from pytest_rdsfailover.model.errors import AuditError, ToldError
from pytest_rdsfailover.model.records import Fault, Outcome


def test_what_was_told_of_a_write_is_called_by_the_word_that_told_it():
    complaints = Complaints()
    complaints.note(ToldError(Outcome.REFUSED, Fault(1836, "read-only"), "app said: refused"), 0)
    complaints.note(ValueError("x"), 0)
    assert [found.error for found in complaints.found()] == ["refused", "ValueError"]


def raised(error):
    """Return an error as a user's code raises it."""
    with pytest.raises(type(error)) as found:
        raise error
    return found.value


def test_errors_of_one_kind_are_counted_and_the_first_one_is_shown():
    complaints = Complaints()
    for number in range(3):
        complaints.note(
            raised(pymysql.err.OperationalError(2013, f"lost {number}")), 10**9 + number
        )
    complaints.note(raised(pymysql.err.OperationalError(1205, "lock")), 5 * 10**9)

    lost, lock = complaints.found()
    assert (lost.count, lost.first, "lost 0" in lost.text) == (3, 1.0, True)
    assert (lock.count, lock.first) == (1, 5.0)
    assert "test_complaints.py" in lost.trace
    assert lost.trace.rstrip().endswith("raise error")


def test_errors_without_a_number_are_told_apart_by_the_line_that_raised_them():
    complaints = Complaints()
    complaints.note(raised(ValueError("one")), 0)
    complaints.note(raised(ValueError("two")), 0)
    with pytest.raises(ValueError, match="elsewhere") as other:
        raise ValueError("elsewhere")
    complaints.note(other.value, 0)

    assert [(found.text, found.count) for found in complaints.found()] == [
        ("one", 2),
        ("elsewhere", 1),
    ]


def test_errors_of_ever_new_numbers_do_not_fill_the_memory_and_a_teardown_is_told_all_the_same():
    complaints = Complaints()
    for number in range(MOST_KINDS + 5):
        complaints.note(pymysql.err.OperationalError(3000 + number, "no"), 0)
    assert len(complaints.found()) == MOST_KINDS

    complaints.note(KeyError("pool"), 0, within=TEARDOWN)
    told = complaints.found()[-1]
    assert (told.error, told.text) == (TEARDOWN, "KeyError: 'pool'")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("to mysql://app:hunter2x@h/d", "to mysql://app:***@h/d"),
        ("Connection(password='hunter2x', user='app')", "Connection(password=***, user='app')"),
        ("api_key: hunter2x, user: app", "api_key: ***, user: app"),
        ("s3cret-of-ours was refused", "*** was refused"),
        ("the pin 1234 was refused", "the pin 1234 was refused"),
    ],
)
def test_no_secret_is_shown_in_a_text_or_a_trace(said, shown):
    complaints = Complaints(["s3cret-of-ours", "1234"])
    complaints.note(ValueError(said), 0)
    complaints.unaudited(AuditError(said, trace=said))
    error, audit = complaints.found()

    assert (error.text, audit.text, audit.trace) == (shown, shown, shown)
    assert complaints.masked(ValueError(said))[0] == f"ValueError: {shown}"


def test_a_secret_of_six_characters_is_long_enough_to_be_masked():
    assert Complaints(["abcdef", "abcde"]).masked(ValueError("xabcdefx abcde"))[0] == (
        "ValueError: x***x abcde"
    )


@pytest.mark.parametrize("more", [0, 1])
def test_of_a_long_text_the_end_is_shown(more):
    complaints = Complaints()
    complaints.note(ValueError("b" + "x" * (LONGEST_TEXT - 2 + more) + "e"), 0)
    (found,) = complaints.found()

    assert found.text[0] == ("…" if more else "b")
    assert found.text.endswith("xe")
    assert len(found.text.removeprefix("… ")) == LONGEST_TEXT


def test_an_audit_is_complained_of_only_where_it_hangs():
    complaints = Complaints()
    complaints.unaudited(AuditError("no answer"))
    assert complaints.found() == []
    complaints.unaudited(AuditError("no answer", trace="in stored"))
    complaints.hanging(3, ["in write", "in commit"])
    audit, writer = complaints.found()
    assert (audit.error, audit.trace, audit.count) == ("AuditError", "in stored", 1)
    assert (writer.error, writer.trace) == (HANGS, "in write\nin commit")


def test_complaints_of_several_processes_are_one_from_the_first_moment():
    def complaint(error, text, count, first):
        return Complaint(error=error, text=text, count=count, first=first, trace=f"{first}")

    found = merged([
        complaint("A", "x", 2, 9.0), complaint("A", "x", 3, 4.0), complaint("A", "y", 7, 1.0),
        complaint("B", "x", 1, 0.0),
    ])  # fmt: skip

    assert [(each.error, each.text, each.count, each.first) for each in found] == [
        ("A", "y", 7, 1.0), ("A", "x", 5, 4.0), ("B", "x", 1, 0.0),
    ]  # fmt: skip
    assert found[1].trace == "4.0"
