import copy
import json
import math
import operator
import pickle
import re
import statistics
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace

import pytest

from pytest_rdsfailover.analysis.figure import Figure
from pytest_rdsfailover.model.errors import UndecidedError

WIDE = Figure(1.9, 2.1)
DOUBTED = Figure(0.0, 2.5)  # 1.25 s ±1.25
NO_NUMBER = math.nan
OPEN = Figure(0.4, math.inf, best=0.7)


def test_the_value_is_the_middle_and_the_resolution_half_the_width():
    assert (WIDE.value, WIDE.resolution) == (pytest.approx(2.0), pytest.approx(0.1))


COMPARISONS = (operator.lt, operator.le, operator.gt, operator.ge, operator.eq)


def settled(compare, figure, bound):
    """Return what a comparison tells; None if it is undecided."""
    try:
        return compare(figure, bound)
    except UndecidedError:
        return None


@pytest.mark.parametrize(
    ("bound", "told"),
    [
        (1.89, [False, False, True, True, False]),
        (1.9, [False, None, None, True, None]),
        (2.0, [None] * 5),
        (2.1, [None, True, False, None, None]),
        (2.11, [True, True, False, False, False]),
    ],
)
def test_the_upper_end_alone_meets_a_bound_and_the_lower_end_alone_breaks_it(bound, told):
    assert [settled(compare, WIDE, bound) for compare in COMPARISONS] == told


def test_what_is_no_number_cannot_be_decided():
    with pytest.raises(TypeError, match="'2s' is no number"):
        WIDE.decide("<", "2s")


@pytest.mark.parametrize("other", ["2s", timedelta(seconds=2), None, True])
@pytest.mark.parametrize(
    ("figure", "remedy"),
    [
        (WIDE, 'a number of seconds, such as 2.0, or write trial.expect(NAME="< 2s")'),
        (Figure.exact(2), "a number, or write"),
        (Figure.exact(0.5, "%"), "a share from 0 to 1"),
    ],
)
def test_what_is_no_number_is_told_what_to_compare_with(figure, remedy, other):
    for compare in (operator.lt, operator.le, operator.gt, operator.ge):
        with pytest.raises(TypeError, match=re.escape(remedy)):
            compare(figure, other)
        with pytest.raises(TypeError, match=re.escape(remedy)):
            compare(other, figure)
    if other is not True:
        assert figure != other


@pytest.mark.parametrize("truth", [True, False])
def test_no_figure_is_true_or_false(truth):
    for compare in (operator.eq, operator.ne):
        with pytest.raises(TypeError, match="compare it with a number"):
            compare(Figure.exact(0), truth)


def test_a_bound_that_time_outs_blur_is_told_that_a_rate_does_not_help():
    assert (
        Figure(1.0, 3.0, rate=1000)
        .what_would_tell(2.0)
        .startswith("a higher rate would not decide it; more writers")
    )


def test_a_number_on_the_left_compares_alike():
    assert WIDE < 2.11
    assert WIDE > 1.89
    assert Fraction(3) > WIDE
    assert Decimal(3) > WIDE
    with pytest.raises(UndecidedError):
        assert WIDE < 2.05


# What must not let a doubt pass: each of these is true or false of 0 s to 2.5 s by luck alone.
EXPRESSIONS = {
    "less": lambda d: d < 2,
    "not more": lambda d: not d > 2,
    "not at least": lambda d: not d >= 2,
    "at most": lambda d: d <= 2,
    "on the left": lambda d: d < 2,
    "between": lambda d: 0 <= d < 2,
    "is nothing": lambda d: d == 0,
    "is something": lambda d: d != 0,
    "one of": lambda d: d in [1.0, 2.0],
    "in a set": lambda d: d in {0.0, 9.0},
    "counted": lambda d: [d].count(1.0) == 0,
    "max": lambda d: max([Figure(0.5, 0.6), d]) < 2,
    "min": lambda d: min(Figure(1.0, 1.1), d) < 2,
    "max of itself": lambda d: max([d]) < 2,
    "max of two alike": lambda d: max([d, d]) < 2,
    "max with a number": lambda d: max(d, 1.0) < 2,
    "sorted": lambda d: sorted([d, Figure(1.0, 1.1), Figure(3, 4)])[1] < 2,
    "sum": lambda d: sum([d, Figure(0, 0.1)]) < 2,
    "plus": lambda d: d + 0 < 2,
    "plus on the left": lambda d: 0 + d < 2,
    "minus": lambda d: d - 2 < 0,
    "from": lambda d: 2 - d > 0,
    "half": lambda d: d / 2 < 1,
    "milliseconds": lambda d: d * 1000 < 2000,
    "on the left times": lambda d: 1000 * d < 2000,
    "whole": lambda d: d // 1 < 2,
    "share of": lambda d: d / Figure(2, 2) < 1,
    "rest": lambda d: d % 10 < 2,
    "divmod": lambda d: divmod(d, 10)[1] < 2,
    "squared": lambda d: d**2 < 4,
    "a power": lambda d: 2**d < 4,
    "rounded": lambda d: round(d, 3) < 2,
    "rounded to a whole": lambda d: round(d) < 2,
    "negative": lambda d: -d > -2,
    "positive": lambda d: +d < 2,
    "distance": lambda d: abs(d - 1) < 1,
    "floor": lambda d: math.floor(d) < 2,
    "ceil": lambda d: math.ceil(d) < 2,
    "trunc": lambda d: math.trunc(d) < 2,
    "float": lambda d: float(d) < 2,
    "int": lambda d: int(d) < 2,
    "complex": lambda d: complex(d).real < 2,
    "bool": bool,
    "not": lambda d: not d,
    "or": lambda d: d or True,
    "index": lambda d: [True][d],
    "percent": lambda d: float("%.3f" % d) < 2,  # noqa: UP031 - what people write
    "hash": lambda d: hash(d) < 2,
    "isclose": lambda d: math.isclose(d, 1.25),
    "sqrt": lambda d: math.sqrt(d) < 2,
    "mean": lambda d: statistics.mean([d, d]) < 2,
    "fmean": lambda d: statistics.fmean([d]) < 2,
    "median": lambda d: statistics.median([d]) < 2,
    "median of two": lambda d: statistics.median([d, Figure(1.0, 1.1)]) < 2,
    "approx": lambda d: d == pytest.approx(1.25, abs=0.5),
    "approx on the left": lambda d: pytest.approx(1.25, abs=0.5) == d,
    "pickled": lambda d: pickle.loads(pickle.dumps(d)) < 2,
    "copied": lambda d: copy.copy(d) < 2,
    "copied deeply": lambda d: copy.deepcopy(d) < 2,
    "a fraction": lambda d: d < Fraction(2),
    "a decimal": lambda d: d < Decimal(2),
    "with another": lambda d: d < Figure(1.9, 2.1),
    "the same as another": lambda d: d == Figure(1.9, 2.1),
    "not a number": lambda d: not d < NO_NUMBER,
}


@pytest.mark.parametrize("expression", EXPRESSIONS.values(), ids=EXPRESSIONS)
def test_no_expression_lets_a_doubt_pass(expression):
    with pytest.raises((UndecidedError, TypeError)):
        expression(DOUBTED)


@pytest.mark.parametrize(
    "number",
    [DOUBTED, Figure(1.25, 1.25)],
    ids=["doubted", "exact"],
)
def test_what_would_make_a_plain_number_of_it_is_refused_by_json_too(number):
    with pytest.raises(TypeError):
        json.dumps(number)


def test_what_is_sure_passes_by_arithmetic_as_well():
    assert WIDE + 1 < 3.2
    assert sum([WIDE, WIDE]) < 4.21
    assert 5 - WIDE > 2.8
    assert abs(WIDE - 2) < 0.11
    assert round(WIDE, 1) <= 2.1
    assert WIDE * 1000 < 2200
    assert WIDE / 2 < 1.06
    assert 1 / WIDE < 0.53
    assert WIDE / WIDE < 1.2
    assert math.floor(WIDE) >= 1
    assert max(Figure(3, 4), WIDE) > 2.9
    assert statistics.median([Figure(3, 4), WIDE, Figure(5, 6)]) < 4.1
    assert WIDE == pytest.approx(2.0, abs=0.11)  # noqa: SIM300 - it knows its ends
    assert WIDE != pytest.approx(3.0, abs=0.11)  # noqa: SIM300
    assert Figure(1.5, 1.5) == pytest.approx(1.0, abs=0.5)  # what is as far away as allowed
    assert WIDE != SimpleNamespace(tolerance=0.1)  # noqa: SIM300 - approximates nothing
    assert bool(WIDE)
    assert WIDE != 0
    assert WIDE not in [0, 5]


def test_arithmetic_keeps_the_problem():
    doubted = WIDE.doubted("the generator slept")
    assert (doubted + WIDE).problem == (2 * doubted).problem == "the generator slept"
    assert (doubted + doubted).problem == "the generator slept"


def test_a_problem_proves_no_lower_end_and_leaves_the_upper_one():
    doubted = WIDE.doubted("the generator slept")

    assert doubted < 2.11
    with pytest.raises(UndecidedError, match="the generator slept"):
        assert not doubted > 1
    with pytest.raises(UndecidedError):
        assert WIDE.unproven("nobody looked") < 9
    share = Figure.exact(0.5, "%").unproven("nobody looked")
    assert (share.lower, share.upper) == (0, 1)


def test_what_had_not_ended_proves_no_upper_bound():
    assert OPEN > 0.3
    assert not OPEN < 0.4
    for expression in (lambda: OPEN < 1e9, lambda: OPEN - OPEN < 1, lambda: OPEN * 0 + OPEN < 9):
        with pytest.raises(UndecidedError, match="a longer one would tell"):
            expression()
    assert (str(OPEN), OPEN.ends) == (
        "700 ms or more, not over when observation ended",
        "at least 400 ms",
    )


def test_to_divide_by_what_may_be_nothing_is_refused():
    with pytest.raises(UndecidedError, match="may be 0"):
        operator.truediv(1, DOUBTED)
    with pytest.raises(ZeroDivisionError):
        operator.truediv(1, Figure.exact(0))


def test_what_is_exact_is_a_number_in_every_way():
    three = Figure.exact(3)

    assert three == 3
    assert three in {3, 4}
    assert [0, 1, 2, 7][three] == 7
    assert (float(three), int(three), len(range(three))) == (3, 3, 3)
    assert f"{three}" == "3"
    assert not Figure.exact(0)
    with pytest.raises(TypeError, match="no whole number"):
        operator.index(Figure.exact(0.5))


def test_the_error_names_both_ends_and_what_would_tell():
    with pytest.raises(UndecidedError) as caught:
        assert not Figure(1.90, 2.10, rate=10) > 2.09

    assert str(caught.value).splitlines() == [
        "2.00 s ±0.1 > 2.09 is undecided: it was 1.90 s to 2.10 s",
        "  a rate of about 26 writes per second would tell",
    ]
    with pytest.raises(UndecidedError, match=r"key=lambda figure: figure\.value"):
        sorted([WIDE, DOUBTED])
    with pytest.raises(UndecidedError, match=r"take \.value"):
        float(WIDE)


def test_figures_are_put_in_order_by_their_values():
    assert sorted([WIDE, DOUBTED], key=lambda figure: figure.value) == [DOUBTED, WIDE]


def test_a_record_equals_itself():
    assert Figure(0, 1, rate=5) == Figure(0, 1, rate=5)


def test_ends_that_are_none_are_refused():
    for lower, upper in ((2, 1), (math.nan, 1), (0, math.nan)):
        with pytest.raises(ValueError, match="no interval"):
            Figure(lower, upper)


def test_a_rate_that_decides_is_named_only_if_the_spacing_of_the_writes_blurs_the_bound():
    spaced = Figure(1.90, 2.10, rate=10)  # half a period is a half of its resolution
    waited = Figure(1.90, 2.10, rate=1000)

    assert 25 <= spaced.deciding_rate(2.09) <= 26
    assert spaced.deciding_rate(2.04) is None
    assert waited.deciding_rate(2.09) is None
    assert Figure(1.9, 2.1).deciding_rate(2.09) is None
    assert Figure(10.0, 12.0, rate=0.5).deciding_rate(11.5) == 2
    assert Figure(0.0, 1 / 32, rate=64, best=0.0).deciding_rate(1 / 32) == 65  # more than it was


@pytest.mark.parametrize(
    ("rate", "told"), [(0, ""), (1, "a higher rate would not"), (0.5, "too few writes (0.5 per")]
)
def test_what_would_tell_depends_on_a_rate_that_is_known(rate, told):
    assert Figure(1.0, 3.0, rate=rate).what_would_tell(2.0)[:23] == told[:23]


def test_no_outage_is_zero_up_to_the_largest_natural_gap():
    none = Figure(0.0, 0.04, best=0.0)

    assert none.value == 0
    assert none.resolution == none.upper  # a reader of 0 to 0.02 s takes it for all
    assert none < 0.05
    with pytest.raises(UndecidedError):
        assert none == 0


@pytest.mark.parametrize(
    ("figure", "text"),
    [
        (Figure(2.306, 2.314), "2.31 s ±0.004"),
        (Figure(3.41, 3.43), "3.42 s ±0.01"),
        (Figure(0.40, 0.42), "0.410 s ±0.01"),
        (Figure(0, 0.04, best=0), "0 to 0.04 s"),
        (Figure(0, 6), "3.00 s ±3.0"),
        (Figure(2.0, 2.0), "2.00 s ±0.0001"),
        (Figure(0, 2, "asleep"), "no figure (0 s to 2.00 s)"),
        (Figure.exact(12), "12"),
        (Figure(1, 3, unit=""), "1 to 3"),
        (Figure.exact(0.998, "%"), "99.8 %"),
        (Figure.exact(0.99999, "%"), "99.99 %"),
    ],
)
def test_its_text_tells_what_is_known(figure, text):
    assert repr(figure) == str(figure) == f"{figure}" == text


def test_a_format_of_its_number_keeps_the_resolution():
    assert f"{WIDE:.1f} s" == "2.0 ±0.1 s"
    assert f"{OPEN:.1f}" == "at least 0.4"
    assert f"{Figure.exact(3):03.0f}" == "003"


def test_it_survives_pickling():
    again = pickle.loads(pickle.dumps(Figure(1, 3, "p", rate=100, best=1.5)))

    assert (again.lower, again.upper, again.value, again.rate) == (1, 3, 1.5, 100)
    assert again.problem == "p"


@pytest.mark.parametrize(
    ("figure", "said"),
    [
        (Figure(0.1, 0.2) - Figure(0.3, 0.5), "-400 ms to -100 ms"),
        (Figure(0.1, 0.2) - Figure(0.15, 0.3), "-200 ms to 50.0 ms"),
        (-Figure.exact(3), "-3"),
    ],
)
def test_a_difference_below_0_says_so(figure, said):
    assert str(figure) == said
