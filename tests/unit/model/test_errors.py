"""Error texts name what was meant, if that can be guessed."""

import pytest

from pytest_rdsfailover.model.errors import did_you_mean


@pytest.mark.parametrize(
    ("name", "hint"),
    [("wariter", "; did you mean 'writer'?"), ("bottle", ""), ("", ""), (7, "")],
)
def test_a_near_name_is_asked_for_and_a_far_one_is_not(name, hint):
    assert did_you_mean(name, ("writer", "reader")) == hint
