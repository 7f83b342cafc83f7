"""Reading back: what is tried again, what is told at once, and keys that are not as they were."""

import decimal
import itertools
import json
import uuid
from types import SimpleNamespace
from typing import NamedTuple

import pymysql
import pytest
from builders import acks, journal
from clocks import SteppingClock

from pytest_rdsfailover.load.audit import PATIENCE, is_mistake, read_back
from pytest_rdsfailover.load.stored_keys import found_in
from pytest_rdsfailover.load.user_code import CallWorkload
from pytest_rdsfailover.model.errors import AuditError, SettingError

JOURNAL = journal(acks(0.01, 0.04, 0.01))  # three acknowledged writes
KEYS = ["run-0-0", "run-0-1", "run-0-2"]


class Row(NamedTuple):
    reference: str


def audited(stored, **options):
    """Return what is read back, and after how many seconds of trying."""
    clock = SteppingClock()
    workload = CallWorkload(JOURNAL, print, stored=stored, **options)
    try:
        return read_back(workload, lambda: None, clock), clock.moment
    except AuditError as error:
        return str(error), clock.moment


@pytest.mark.parametrize(
    "form",
    [str, str.encode, lambda key: bytearray(key.encode()), lambda key: memoryview(key.encode()),
     lambda key: (key,), lambda key: [key.encode()], Row, lambda key: {"reference": key}],
)  # fmt: skip
def test_keys_that_can_be_read_in_one_way_only_are_taken(form):
    found, waited = audited(lambda: [form(key) for key in KEYS])

    assert found.positions == [(0, 0), (0, 1), (0, 2)]
    assert waited == 0


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (7, "stored returned 7 in place of a key, which is a text; return the column"),
        (1.5, "in place of a key"),
        (True, "in place of a key"),
        (decimal.Decimal(4), "in place of a key"),
        (uuid.UUID(int=3), "in place of a key"),
        (None, "stored returned None in place of a key, which is a text; leave NULLs out"),
        ((None,), "leave NULLs out"),
        (("run-0-0", 5), r"a row of 2 columns, ('run-0-0', 5); return the key alone"),
        ((), "a row of 0 columns"),
        ({"id": 1, "reference": "run-0-0"}, "a row of 2 columns"),
    ],
)
def test_what_is_no_key_is_told_at_once(value, reason):
    told, waited = audited(lambda: [*KEYS, value])

    assert reason in told
    assert waited == 0


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "is a `return` missing?"),
        (3, "has to return a list"),
        ("run-0-0", "has to return a list"),
        (b"run-0-0", "has to return a list"),
        ({"run-0-0": 1}, "has to return a list"),
        (set(KEYS), "stored returned a set, in which what is stored twice is there once"),
        (dict.fromkeys(KEYS).keys(), "stored returned a set"),
    ],
)
def test_an_answer_that_is_no_list_of_keys_is_told_at_once(value, reason):
    told, waited = audited(lambda: value)

    assert reason in told
    assert waited == 0


@pytest.mark.parametrize(
    ("changed", "how"),
    [
        (lambda key: f"  {key}", "padded"),
        (lambda key: f"{key}\n", "padded"),
        (lambda key: f'"{key}"', "quoted"),
        (lambda key: f"'{key}'", "quoted"),
        (lambda key: json.dumps({"reference": key}), "as JSON"),
        (lambda key: f"order-{key}", "with a prefix"),
        (lambda key: f"{key}-eu", "with a suffix"),
        (lambda key: f"<{key}>", "with text around"),
        (lambda key: key.upper(), "in other letters"),
        (lambda key: str(key.encode()), "with text around"),
    ],
)
def test_keys_that_come_back_changed_are_named_and_never_counted_as_lost(changed, how):
    told, waited = audited(lambda: [changed(key) for key in KEYS])

    assert f"the keys come back {how}" in told
    assert "'run-0-0'" in told
    assert waited == 0


def test_one_changed_key_among_many_good_ones_is_named():
    told, _ = audited(lambda: [*KEYS[:2], " run-0-2"])
    assert "the keys come back padded" in told


def test_what_is_derived_from_a_stored_key_is_somebody_else_s():
    found, _ = audited(lambda: [*KEYS, "refund-run-0-1", "other-0-0"])
    assert found.positions == [(0, 0), (0, 1), (0, 2)]


@pytest.mark.parametrize("foreign", ["17", "c4ca4238a0b9", "other-0-0"])
def test_answers_without_any_key_of_ours_name_all_that_it_can_be(foreign):
    told, _ = audited(lambda: [foreign] * 5)

    assert (
        f"none of the 5 keys that stored returned is one of this load, such as '{foreign}'" in told
    )
    assert "or every acknowledged write is lost" in told


def test_keys_that_a_column_was_too_short_for_are_named():
    told, _ = audited(lambda: [key[:5] for key in KEYS])
    assert "they come back cut short" in told


def test_foreign_rows_beside_a_load_that_stored_nothing_are_no_fault():
    assert found_in(journal([]), ["other-0-0"]).positions == []


def test_an_empty_table_is_an_answer():
    found, _ = audited(list)
    assert found.positions == []  # the audit calls all of them lost


def programming_error(code):
    return pymysql.err.ProgrammingError(code, "said the server")


@pytest.mark.parametrize(
    "error",
    [TypeError("no"), AttributeError("no"), NameError("no"), KeyError("no"), ValueError("no"),
     programming_error(1064), programming_error(1146), pymysql.err.OperationalError(1054, "no"),
     pymysql.err.OperationalError(1045, "no")],
)  # fmt: skip
def test_a_mistake_in_stored_is_told_at_once_with_its_text(error):
    def stored():
        raise error

    told, waited = audited(stored)

    assert waited == 0
    assert type(error).__name__ in told
    assert "no failover makes this fail" in told


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (pymysql.err.InterfaceError(0, ""), "The failover has cut this connection"),
        (pymysql.err.OperationalError(2013, "Lost"), "The failover has cut this connection"),
        (pymysql.err.OperationalError(1836, "read only"), "stayed on the demoted writer"),
        (pymysql.err.OperationalError(2003, "refused"), "tried for 10 s"),
        (pymysql.err.OperationalError(1040, "too many"), "tried for 10 s"),
        (RuntimeError("the shop is closed"), "the shop is closed; tried for 10 s"),
    ],
)
def test_what_a_failover_can_cause_is_tried_again_within_a_bound(error, remedy):
    def stored():
        raise error

    told, waited = audited(stored)

    assert remedy in told
    assert waited == pytest.approx(PATIENCE, abs=0.1)


def test_a_password_that_is_refused_while_it_is_rotated_is_tried_again():
    errors = [pymysql.err.OperationalError(1045, "Access denied")] * 3

    def stored():
        if errors:
            raise errors.pop()
        return KEYS

    clock, rotates = SteppingClock(), SimpleNamespace(renew=lambda _: False, lost=str)
    read = read_back(CallWorkload(JOURNAL, print, stored=stored), lambda: rotates, clock)

    assert len(read.positions) == 3
    assert 0 < clock.moment < 1


def test_a_password_that_can_be_had_no_more_is_tried_no_more_and_named():
    def stored():
        raise pymysql.err.OperationalError(1045, "Access denied")

    clock = SteppingClock()
    lost = SimpleNamespace(renew=lambda _: False, lost=lambda: "its secret is denied")
    with pytest.raises(AuditError, match=r"1045.*; its secret is denied$"):
        read_back(CallWorkload(JOURNAL, print, stored=stored), lambda: lost, clock)
    assert clock.moment == 0


def test_a_mistake_that_wraps_a_lost_connection_is_none():
    def stored():
        raise ValueError("no orders") from pymysql.err.OperationalError(2013, "Lost")

    assert audited(stored)[1] > 0


def test_what_passes_leaves_no_trace():
    errors = [pymysql.err.OperationalError(2013, "Lost")] * 3

    def stored():
        if errors:
            raise errors.pop()
        return KEYS

    found, waited = audited(stored)
    assert len(found.positions) == 3
    assert 0 < waited < 1


def test_a_batch_of_which_rows_are_missing_is_torn_and_one_stored_twice_is_duplicated():
    found, _ = audited(lambda: KEYS[:1] * 3 + KEYS[1:2] * 2 + KEYS[2:] * 6, rows=3)

    assert found.torn == [(0, 1)]
    assert found.positions.count((0, 0)) == 1
    assert found.positions.count((0, 1)) == 1
    assert found.positions.count((0, 2)) == 2


@pytest.mark.parametrize("rows", [0, -1, 1.5, True, "3"])
def test_a_number_of_rows_that_is_none_is_refused(rows):
    with pytest.raises(SettingError, match="how many rows one write stores"):
        CallWorkload(JOURNAL, print, stored=list, rows=rows)


def chained(*errors):
    for outer, inner in itertools.pairwise(errors):
        outer.__cause__ = inner
    return errors[0]


LOST = (pymysql.err.OperationalError, 2013, "lost")
NO_TABLE = (pymysql.err.ProgrammingError, 1146, "no such table")


@pytest.mark.parametrize(
    ("errors", "mistake"),
    [
        ([(TypeError, "x")], True),
        ([(RuntimeError, "x")], False),
        ([NO_TABLE], True),
        ([(RuntimeError, "x"), NO_TABLE], True),
        ([LOST], False),
        ([(TypeError, "x"), LOST], False),
        ([NO_TABLE, LOST], False),
        ([(LookupError, "x"), (RuntimeError, "y"), LOST], False),
    ],
)
def test_one_error_of_a_connection_in_the_chain_is_no_mistake(errors, mistake):
    assert is_mistake(chained(*(kind(*words) for kind, *words in errors))) is mistake
