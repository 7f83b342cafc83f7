"""The table of single trials: as wide as the terminal, and no two tests look alike."""

import pytest
from builders import course, everything_acked, journal
from populations import document
from test_terminal import EVENTS

from pytest_rdsfailover.analysis.judging import summarise
from pytest_rdsfailover.journal.stored import Stored
from pytest_rdsfailover.report.document import trial_document
from pytest_rdsfailover.report.terminal import WIDTH
from pytest_rdsfailover.report.trial_table import doubts, shown_names, table


def row(**changes):
    made = journal(EVENTS)
    trial = summarise(made, course(), Stored(positions=everything_acked(made)))
    found = trial_document(trial, test="tests/test_a.py::test_orders", scenario="cluster")
    return table([found | changes])[1]


def test_a_row_tells_the_figures_of_a_trial():
    assert row().split() == (
        ["test_orders", "writer", "quick", "2.09", "s", "±0.03", "0", "1/0", "0", "yes"]
    )


def test_what_was_not_read_back_is_a_question_mark():
    assert row(lost=None, recovered=None).split()[6:8] == ["?", "1/?"]


def test_an_invalid_trial_is_marked():
    assert row(valid=False).endswith("INVALID")


def test_a_long_test_name_keeps_its_parameters():
    text = row(test="test_a.py::test_that_has_a_very_long_name[proxy-14]")

    assert text.split()[0].endswith("[proxy-14]")
    assert len(text) <= WIDTH


def test_the_table_is_at_most_80_columns_wide():
    wide = row(profile="x" * 30, endpoint="y" * 30, unknown=123456, stuck_writers=99)

    assert len(wide) <= WIDTH


def test_the_longest_profile_is_shown_whole_beside_a_short_one():
    trials = [document(1.0, profile="quick"), document(1.0, profile="flip-flop-twice")]
    lines = table(trials, width=100)

    assert "flip-flop-twice" in lines[2]


def test_why_a_downtime_is_no_figure_is_said_once_for_each_reason():
    slow = {"reliable": False, "problem": "900 of 1000 slots found no free writer"}
    trials = [
        document(1.0),
        *[document(1.0, clock=slow)] * 3,
        document(1.0, clock=slow, valid=False),
    ]

    assert " ".join(doubts(trials)) == (
        "unreliable: test_it[cluster] and 2 more: 900 of 1000 slots found no free writer"
    )
    assert not list(doubts([document(1.0)]))
    many = [document(1.0, clock=slow | {"problem": f"reason {n}"}) for n in range(9)]
    assert len(list(doubts(many))) == 6


ALIKE = [
    "tests/eu/test_orders.py::TestShop::test_that_orders_survive_a_failover[writer-threads-200]",
    "tests/us/test_orders.py::TestShop::test_that_orders_survive_a_failover[writer-threads-200]",
    "tests/us/test_orders.py::TestShop::test_that_orders_survive_a_failover[proxy-threads-200]",
]


@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
def test_different_tests_never_look_alike_and_every_row_fits(width):
    lines = table([document(1.0) | {"test": test} for test in [*ALIKE, ALIKE[0]]], width=width)
    names = [line.partition(" writer ")[0] for line in lines[1:]]

    assert len(set(names)) == 3
    assert names[0] == names[3]
    assert max(map(len, lines)) <= max(width, WIDTH)


def test_names_are_whole_where_there_is_room():
    assert shown_names(ALIKE, 200) == ALIKE
    files = [test.rpartition("/")[2] for test in ALIKE[1:]]
    assert shown_names(ALIKE[1:], len(files[0])) == files
    last = [test.rpartition("::")[2] for test in ALIKE[1:]]
    assert shown_names(ALIKE[1:], len(last[0])) == last
    assert "quick" in row()
    assert (
        "a-profile-of-our-own"
        in table([document(1.0, profile="a-profile-of-our-own")])[1]
        + (table([document(1.0, profile="a-profile-of-our-own")], width=120)[1])
    )


def test_a_trial_that_ended_with_an_error_has_a_row_that_says_so():
    lines = table([document(1.0)], [("test_a.py::test_dead", "DiedError: mysqld died " + "x" * 99)])

    assert lines[2].startswith("test_dead")
    assert "no trial: DiedError: mysqld died" in lines[2]
    assert len(lines[2]) <= WIDTH
    assert len(table([], [("test_a.py::test_dead", "DiedError: it died")])) == 2
