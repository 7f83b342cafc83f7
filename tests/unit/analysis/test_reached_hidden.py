"""Writes whose keys nobody can read, in the calm and later."""

import pytest

from pytest_rdsfailover.analysis.reached import why_unconfirmed, why_untouched
from pytest_rdsfailover.analysis.reached_keys import batch
from pytest_rdsfailover.journal.witnessed import Witnessed
from pytest_rdsfailover.model.traffic import Traffic

CALM, ACKED = {"0": 50, "1": 50}, {"0": 150, "1": 150}  # 200 after the calm


def unconfirmed(before, after):
    seen = Witnessed(
        endpoint="cluster", address="h:1", calm={"cluster": Traffic(**before)}, calm_at=0.0,
        whole={"cluster": Traffic(**after)},
    )  # fmt: skip
    return why_unconfirmed(seen, calm=CALM, acked=ACKED)


@pytest.mark.parametrize(
    ("before", "after", "missing"),
    [
        ({"writes": 100}, {"writes": 280}, 20),
        ({"writes": 100, "rows": 100}, {"writes": 280, "rows": 280}, 20),
        (
            {"writes": 104, "rows": 5},
            {"writes": 284, "rows": 900},
            20,
        ),  # no row a write in the calm
        ({"writes": 10, "rows": 100}, {"writes": 200, "rows": 280}, 20),  # batches of ten
        ({"unchanged": 100}, {"unchanged": 280}, 20),
        ({"writes": 98}, {"writes": 278}, 20),  # under way when the calm was looked at
    ],
)
def test_hidden_writes_that_came_in_the_calm_and_not_later_are_told(before, after, missing):
    assert unconfirmed(before, after).startswith(f"{missing} of 300 acknowledged writes were never")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"writes": 100}, {"writes": 300}),
        ({"writes": 100}, {"writes": 297}),  # under way when it was looked
        ({"writes": 100}, {"writes": 280, "unanswered": 20}),  # looked for, and found
        ({"writes": 100}, {"writes": 280, "unchanged": 20}),  # tried again by INSERT IGNORE
        ({"writes": 100, "rows": 100}, {"writes": 130, "rows": 300}),  # in batches
        ({"writes": 90}, {"writes": 200}),  # not all of them in the calm either
        ({"writes": 100, "marked": 1}, {"writes": 200, "marked": 90}),  # some show their key
        ({"writes": 10, "rows": 100}, {"writes": 30, "rows": 300}),
        ({"writes": 10, "rows": 100}, {"writes": 30, "rows": 280, "unanswered": 20}),
        ({"writes": 97}, {"writes": 197}),  # not all of them in the calm either
    ],
)
def test_hidden_writes_that_may_have_come_are_no_doubt(before, after):
    assert unconfirmed(before, after) == ""


def untouched(**traffic):
    seen = Witnessed(endpoint="cluster", address="h:1", calm=None, calm_at=0.0, whole={})
    return why_untouched(seen, {"cluster": Traffic(connections=1, **traffic)}, {"0": 1000})


def test_an_honest_group_commit_that_hides_its_keys_is_known_by_its_rows():
    assert untouched(statements=50, writes=50, rows=1000) == ""
    assert "50 statements wrote and were never committed" in untouched(
        statements=50, uncommitted=50, rows=1000
    )


@pytest.mark.parametrize(
    ("keys", "commits", "waiting"),
    [
        ({"0": 21, "1": 21}, 40, 0),  # each has its own, and each writer lost one answer
        ({"0": 20, "1": 20}, 40, 0),
        ({"0": 51, "1": 51}, 20, 10),  # five at a time, twice as many under way
        ({}, 0, 0),
    ],
)
def test_keys_wait_for_a_batch_only_where_a_commit_carries_several(keys, commits, waiting):
    assert batch(Traffic(keys=keys, commits=commits)) == waiting
