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
    return table([found | changes])[-1].text


def test_a_row_tells_the_figures_of_a_trial():
    assert row().split() == (
        ["test_orders", "writer", "quick", "2.09", "s", "±0.03", "0", "1/0", "0", "yes"]
    )


def test_what_was_not_read_back_is_a_question_mark():
    assert row(lost=None, recovered=None).split()[6:8] == ["?", "1/?"]


def test_an_invalid_trial_is_marked():
    assert row(valid=False).endswith("INVALID")


def test_the_table_is_at_most_80_columns_wide():
    wide = row(profile="x" * 30, endpoint="y" * 30, unknown=123456, stuck_writers=99)

    assert len(wide) <= WIDTH


@pytest.mark.parametrize("profile", ["zero-downtime-restart", "a-profile-of-our-own"])
def test_profiles_are_whole_at_any_width(profile):
    assert profile in row(profile=profile).split()
    assert profile in table([document(1.0, profile=profile)], width=120)[1].text.split()


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
def test_the_figures_of_a_test_stand_beside_or_below_its_whole_name(width):
    trials = [document(1.0) | {"test": test} for test in [*ALIKE, ALIKE[0]]]
    heading, *lines = table(trials, width=width)

    assert heading.row is None
    assert max(len(line.text) for line in [heading, *lines]) <= max(width, WIDTH)
    found, name = {}, ""
    for line in lines:
        if line.row is None:
            name = line.text if not line.text.startswith(" ") else name + line.text.strip()
        else:
            beside = line.text.partition(" writer ")[0].strip()
            found.setdefault(beside or name, []).append(line.row)
    assert found == {ALIKE[0]: [0, 3], ALIKE[1]: [1], ALIKE[2]: [2]}


def test_a_name_is_as_short_as_it_may_be_and_its_parameters_are_whole():
    assert shown_names(ALIKE, [200]) == ALIKE
    files = [test.rpartition("/")[2] for test in ALIKE[1:]]
    assert shown_names(ALIKE[1:], [len(files[0])]) == files
    last = [test.rpartition("::")[2] for test in ALIKE[1:]]
    assert shown_names(ALIKE[1:], [len(last[0]), 200]) == last
    assert shown_names(ALIKE, [20, 30]) == ALIKE
    assert shown_names(["a/test_b.py::test_c[http://d/e::f]"], [30]) == ["test_c[http://d/e::f]"]


def test_a_trial_that_ended_with_an_error_has_a_row_that_says_so():
    lines = table([document(1.0)], [("test_a.py::test_dead", "DiedError: mysqld died " + "x" * 99)])

    assert lines[2].text.startswith("test_dead")
    assert "no trial: DiedError: mysqld died" in lines[2].text
    assert len(lines[2].text) <= WIDTH
    assert len(table([], [("test_a.py::test_dead", "DiedError: it died")])) == 2
