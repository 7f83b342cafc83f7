"""Which names on a shared server are of accounts of ours."""

import pytest

from pytest_rdsfailover.local.server import ownership
from pytest_rdsfailover.local.server.accounts import new_account


@pytest.mark.parametrize(
    "name",
    [
        "rdsfo_20240101_20240202", "rdsfo_19991231_20991231", "rdsfo_6955b8ff_00000000",
        "rdsfo_6a000000_0000000g", "rdsfo_6a000000", "rdsfo_6A000000_00000000", "mine",
    ],
)  # fmt: skip
def test_a_name_with_a_date_or_of_another_shape_is_somebody_elses(name):
    assert list(ownership._born([name])) == []


def test_a_name_that_an_account_of_ours_has_says_when_it_was_made():
    now, first = new_account().user, new_account(born=ownership.FIRST).user
    assert list(ownership._born([first])) == [(first, ownership.FIRST)]
    assert [name for name, _ in ownership._born([now])] == [now]
