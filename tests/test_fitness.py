"""A trial that says that it is no figure is taken again; no other, and not for ever."""

from types import SimpleNamespace

import fitness
import pytest
from fitness import TIMES, fit, unfit_line


def trials(*problems):
    """Return what takes trials with these problems, and the list of those that it took."""
    taken = []

    def take():
        taken.append(SimpleNamespace(clock=SimpleNamespace(problem=problems[len(taken)])))
        return taken[-1]

    return take, taken


def test_a_trial_that_is_a_figure_is_taken_once_whatever_is_wrong_with_it():
    take, taken = trials("")

    assert fit(take) is taken[0]


def test_a_trial_that_is_no_figure_is_taken_again():
    take, taken = trials("it stood still", "it stood still", "")

    assert fit(take) is taken[2]


def test_after_a_few_it_fails_with_what_they_said_and_with_the_load_of_the_machine(monkeypatch):
    monkeypatch.setattr(fitness.os, "getloadavg", lambda: (25.0, 3.0, 1.0))
    take, taken = trials(*["it stood still"] * TIMES, "")

    with pytest.raises(pytest.fail.Exception, match=r"load average of 25\.0, .*it stood still"):
        fit(take)
    assert len(taken) == TIMES


def test_an_error_is_not_tried_again():
    taken = []

    def take():
        taken.append(1)
        raise AssertionError("the writer did not change")

    with pytest.raises(AssertionError, match="the writer did not change"):
        fit(take)
    assert taken == [1]


@pytest.mark.parametrize(
    ("line", "unfit"),
    [
        ("test_downtime[cluster] 4/5: unreliable; median 0.490 s", True),
        ("E   FAIL: downtime < 2 s: no figure (0 to 1.06 s)", True),
        ("down 397 ms or more, not over when observation ended; 212 acked, 0 lost", True),
        ("E   UndecidedError: 397 ms or more < 2 is undecided: it was at least 382 ms", True),
        ("test_downtime[cluster] 1/5: down 0.490 s; median 0.490 s", False),
    ],
)
def test_a_run_of_pytest_tells_by_its_output(line, unfit):
    result = pytest.RunResult(1, ["= test session starts =", line], [], 0.1)

    assert unfit_line(result) == line * unfit
