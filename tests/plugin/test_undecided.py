"""What a user sees of a comparison that the figures do not settle."""

import pytest

HEAD = "from pytest_rdsfailover import Figure, UndecidedError\nDOWN = Figure(1.9, 2.1, rate=100)\n"


@pytest.mark.parametrize(
    "comparison",
    ["DOWN < 2", "not DOWN > 2", "max([DOWN, Figure(2, 2.05)]) < 3", "DOWN + 0 < 2", "DOWN == 2"],
)
def test_an_undecided_assertion_fails_with_both_ends_and_the_line_of_the_test(pytester, comparison):
    pytester.makepyfile(f"{HEAD}\ndef test_it():\n    assert {comparison}\n")
    found = pytester.runpytest_inprocess()

    found.assert_outcomes(failed=1)
    found.stdout.fnmatch_lines(
        [
            f">*assert {comparison}".replace("[", "[[]"),
            "E*UndecidedError: *is undecided: it was *",
        ]
    )
    found.stdout.no_fnmatch_line("*figure.py*")


MARKED = """
import pytest

@pytest.mark.rds_expect(downtime="< 2s")
def test_expects():
    pass

@pytest.mark.rds_trials(3)
def test_repeats():
    pass

@pytest.mark.rds_expect(lost=0)
def test_is_skipped():
    pytest.skip("not here")

@pytest.mark.rds_expect(lost=0)
class TestOfAClass:
    def test_of_something_else(self):
        pass
"""


def test_a_marker_that_holds_no_trial_to_anything_fails_its_test(pytester):
    pytester.makepyfile(MARKED)
    found = pytester.runpytest_inprocess("-p", "no:randomly")

    found.assert_outcomes(passed=3, errors=2, skipped=1)
    found.stdout.fnmatch_lines(
        [
            f"rds_{name} holds nothing to anything: the test took no trial*"
            for name in ("expect", "trials")
        ]
    )


def test_a_broken_assertion_is_a_plain_failure_with_the_figure(pytester):
    pytester.makepyfile(f"{HEAD}\ndef test_it():\n    assert DOWN < 1\n")
    found = pytester.runpytest_inprocess()

    found.assert_outcomes(failed=1)
    found.stdout.fnmatch_lines(["E*assert 2.00 s ±0.1 < 1*"])
