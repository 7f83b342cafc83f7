"""Arithmetic of what lies between two ends: its ends, its one number, its problems."""

import math
import operator
from decimal import Decimal

import pytest

from pytest_rdsfailover.analysis.figure import Figure
from pytest_rdsfailover.model.errors import UndecidedError

ONE, TWO = Figure(1.0, 3.0, best=1.5), Figure(2.0, 8.0, best=4.0)
BELOW = Figure(-3.0, -1.0, best=-2.0)
ACROSS = Figure(-3.0, 1.0, best=-2.0)
OPEN = Figure(2.0, math.inf, best=4.0)


@pytest.mark.parametrize(
    ("make", "ends", "value"),
    [
        (lambda: ONE + TWO, (3.0, 11.0), 5.5),
        (lambda: 10 + ONE, (11.0, 13.0), 11.5),
        (lambda: TWO - ONE, (-1.0, 7.0), 2.5),
        (lambda: 10 - ONE, (7.0, 9.0), 8.5),
        (lambda: ONE - Decimal(1), (0.0, 2.0), 0.5),
        (lambda: ONE * TWO, (2.0, 24.0), 6.0),
        (lambda: ONE * BELOW, (-9.0, -1.0), -3.0),
        (lambda: -2 * ONE, (-6.0, -2.0), -3.0),
        (lambda: TWO / 2, (1.0, 4.0), 2.0),
        (lambda: 1 / TWO, (0.125, 0.5), 0.25),
        (lambda: 2 / BELOW, (-2.0, -2 / 3), -1.0),
        (lambda: ONE / TWO, (0.125, 1.5), 0.375),
        (lambda: TWO // 3, (0.0, 2.0), 1.0),
        (lambda: BELOW // 2, (-2.0, -1.0), -1.0),
        (lambda: -ONE, (-3.0, -1.0), -1.5),
        (lambda: +ONE, (1.0, 3.0), 1.5),
        (lambda: abs(ONE), (1.0, 3.0), 1.5),
        (lambda: abs(BELOW), (1.0, 3.0), 2.0),
        (lambda: abs(Figure(0.5, 3.0, best=1.5)), (0.5, 3.0), 1.5),
        (lambda: abs(Figure(0.0, 3.0)), (0.0, 3.0), 1.5),
        (lambda: abs(ACROSS), (0.0, 3.0), 2.0),
        (lambda: round(Figure(1.26, 3.24, best=1.55), 1), (1.3, 3.2), 1.6),
        (lambda: round(Figure(1.26, 3.24, best=1.55)), (1.0, 3.0), 2.0),
        (lambda: math.floor(Figure(-1.5, 3.9, best=1.5)), (-2.0, 3.0), 1.0),
        (lambda: math.ceil(Figure(-1.5, 3.1, best=1.5)), (-1.0, 4.0), 2.0),
        (lambda: math.trunc(Figure(-1.5, 3.9, best=1.5)), (-1.0, 3.0), 1.0),
        (lambda: OPEN + 1, (3.0, math.inf), 5.0),
        (lambda: OPEN * 0, (0.0, 0.0), 0.0),
        (lambda: 1 / OPEN, (0.0, 0.5), 0.25),
        (lambda: math.floor(OPEN), (2.0, math.inf), 4.0),
        (lambda: OPEN - OPEN, (-math.inf, math.inf), 0.0),
        (lambda: (OPEN - OPEN) - (OPEN - OPEN), (-math.inf, math.inf), 0.0),
    ],
)
def test_both_ends_and_the_number_are_kept(make, ends, value):
    made = make()
    assert (made.lower, made.upper) == pytest.approx(ends)
    assert made.value == pytest.approx(value)


@pytest.mark.parametrize("change", [round, math.floor, abs, operator.neg, lambda made: 1 / made])
def test_what_is_changed_keeps_its_problem_and_its_unit(change):
    made = change(Figure(1.0, 3.0, "asleep", unit="%"))

    assert (made.problem, made.unit) == ("asleep", "%")


def test_two_problems_are_both_told_and_one_of_two_once():
    asleep, busy = Figure(1, 3, "asleep"), Figure(1, 3, "busy")

    assert (asleep + busy).problem == "asleep; busy"
    assert (asleep * asleep + busy).problem == "asleep; busy"
    assert (ONE + busy).problem == "busy"


@pytest.mark.parametrize("made", [Figure(0.0, 1.0), Figure(-1.0, 0.0), ACROSS])
def test_nothing_is_divided_by_what_may_be_nothing(made):
    with pytest.raises(UndecidedError, match="to divide by what may be 0 would lose its ends"):
        1 / made


@pytest.mark.parametrize(
    ("use", "named"),
    [
        (float, r"float\(\)"), (int, r"int\(\)"), (complex, r"complex\(\)"),
        (operator.index, "an index"), (lambda made: made % 2, "% 2"),
        (lambda made: divmod(made, 2), "divmod 2"), (lambda made: made**2, r"\*\* 2"),
    ],
)  # fmt: skip
def test_what_wants_one_number_is_named(use, named):
    with pytest.raises(UndecidedError, match=f"{named} would lose its ends"):
        use(ONE)


def test_no_text_takes_part():
    for use in (operator.add, operator.sub, operator.truediv):
        with pytest.raises(TypeError):
            use(ONE, "2")
