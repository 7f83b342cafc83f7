"""What the cluster's own side saw of commits and changed rows, at the bounds of each rule."""

import pytest

from pytest_rdsfailover.analysis.reached_commits import (
    why_early,
    why_hidden_unsaved,
    why_only_read,
    why_uncommitted,
    why_unsaved,
)
from pytest_rdsfailover.analysis.reached_keys import (
    astray,
    batch,
    named,
    tolerated,
    why_elsewhere,
    why_lacking,
    why_unseen,
)
from pytest_rdsfailover.analysis.reached_server import doubts_of_server, why_idle
from pytest_rdsfailover.model.traffic import SERVER, Traffic

ACKED = {"0": 60, "1": 40}
WHOLE = Traffic(keys=ACKED, stored_keys=ACKED, commits=100, marked=100)


def kept(**changes):
    """Return what came of 100 writes of which some lack their confirmation."""
    return {"cluster": Traffic(**{"commits": 97, "marked": 97} | changes)}


@pytest.mark.parametrize(
    ("lacking", "why"),
    [
        (0, ""),
        (2, ""),
        (3, "3 of 100 acknowledged writes (writer 0) reached the cluster and were never committed"),
    ],
)
def test_so_many_writes_may_lack_their_commit_and_no_more(lacking, why):
    seen = kept(keys={"0": 60 - lacking, "1": 40}, uncommitted_keys={"0": lacking})

    assert why_uncommitted(seen, ACKED).startswith(why)
    assert bool(why_uncommitted(seen, ACKED)) is bool(why)


def test_of_a_batch_twice_as_many_of_each_writer_may_wait_for_their_commit():
    batches = {"keys": {"0": 60 - 22, "1": 40}, "commits": 26}  # of three keys: (78 - 2) / 26

    assert batch(kept(**batches)["cluster"]) == 6
    assert why_uncommitted(kept(**batches, uncommitted_keys={"0": 14}), ACKED) == ""
    assert why_uncommitted(kept(**batches, uncommitted_keys={"0": 15}), ACKED).startswith("15 of")


@pytest.mark.parametrize(("lacking", "told"), [(14, False), (15, True)])
def test_writes_without_effect_may_wait_for_their_batch_as_well(lacking, told):
    batches = {"keys": {"0": 60 - 22, "1": 40}, "commits": 26}  # of three keys
    seen = kept(**batches, unchanged_keys={"0": lacking})

    assert why_unsaved(seen, ACKED).startswith("15 of 100" if told else "")
    assert bool(why_unsaved(seen, ACKED)) is told


@pytest.mark.parametrize(("writes", "told"), [(0, True), (4, True), (5, False)])
def test_writes_that_changed_nothing_are_told_unless_others_may_have_done_it(writes, told):
    seen = kept(keys={"0": 10, "1": 40}, unchanged_keys={"0": 50}, writes=writes)
    found = why_unsaved(seen, ACKED)

    assert (
        "50 of 100 acknowledged writes (writer 0) reached the cluster and changed" in found
    ) is told


@pytest.mark.parametrize(
    ("seen", "acked", "changed", "told"),
    [
        ({SERVER: Traffic()}, 100, 9, True),
        ({SERVER: Traffic()}, 100, 10, False),
        ({SERVER: Traffic()}, 20, 1, True),
        ({SERVER: Traffic()}, 19, 0, False),
        ({SERVER: Traffic()}, 100, None, False),
        ({"cluster": Traffic(stored_keys={"0": 5}, commits=30)}, 100, 2, True),
        ({"cluster": Traffic(stored_keys={"0": 5}, commits=30)}, 100, 3, False),
        ({"cluster": Traffic(keys={"0": 90})}, 100, 9, True),
        ({"cluster": Traffic(keys={"0": 89}, writes=30)}, 100, 3, False),
        ({"cluster": Traffic(keys={"0": 89}, writes=30)}, 100, 2, True),
    ],
)
def test_a_load_for_which_the_server_changed_hardly_a_row_only_reads(seen, acked, changed, told):
    assert bool(why_only_read(seen, {"0": acked}, changed)) is told


@pytest.mark.parametrize(("ahead", "told"), [(2, False), (3, True)])
def test_writes_that_are_acknowledged_before_they_are_done_are_told(ahead, told):
    assert why_early(WHOLE, ACKED, ahead).startswith("3 writes were acknowledged" if told else "")
    assert bool(why_early(WHOLE, ACKED, ahead)) is told
    assert why_early(Traffic(keys={"0": 1}, commits=1), ACKED, 50) == ""  # they lack it altogether


@pytest.mark.parametrize(
    ("seen", "why"),
    [
        ({}, ""),
        ({"writes": 10, "uncommitted": 50}, ""),
        ({"writes": 9, "uncommitted": 10}, "10 statements wrote and were never committed, 9 were"),
        ({"writes": 9, "uncommitted": 9}, ""),
        ({"rows": 10, "writes": 2, "uncommitted": 1}, ""),
        ({"rows": 10, "writes": 1, "uncommitted": 1}, "1 statements wrote and were never committed"),
        ({"rows": 10, "writes": 1, "uncommitted": 1, "unchanged": 1}, ""),
        ({"writes": 9, "unchanged": 10}, "10 statements changed no row that lasts"),
        ({"writes": 9, "refused": 10}, "10 statements that write were refused by the cluster, 9 were"),
        ({"writes": 9, "unchanged": 9, "refused": 9}, ""),
    ],
)  # fmt: skip
def test_writes_without_readable_keys_are_held_against_a_tenth_of_them(seen, why):
    found = why_hidden_unsaved(Traffic(**seen), 100)

    assert why in found
    assert bool(found) is bool(why)


@pytest.mark.parametrize(
    ("statements", "writes", "told"), [(100, 0, False), (99, 10, False), (99, 9, True)]
)
def test_a_server_that_did_so_little_was_not_the_one(statements, writes, told):
    found = why_idle("the cluster", Traffic(statements=statements, writes=writes), 1000)

    assert bool(found) is told
    assert (
        not told
        or "1000 writes count as acknowledged, and the writer behind the cluster had 99" in found
    )


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({}, []),
        ({"rollbacks": 50}, []),
        ({"writes": 94}, ["counted 94 statements"]),
        ({"commits": 49, "rollbacks": 50}, ["49 commits and 50 transactions that were rolled back"]),
        ({"commits": 49, "rollbacks": 49, "uncommitted": 50}, ["open transactions held 50 changed"]),
        ({"commits": 49, "rollbacks": 49, "uncommitted": 49, "unseen": True}, ["(PROCESS)"]),
        ({"commits": 49, "rollbacks": 49, "uncommitted": 49}, []),
        ({"writes": 94, "commits": 0, "rollbacks": 90}, ["counted 94", "never commits"]),
    ],
)  # fmt: skip
def test_what_a_writer_counted_leaves_doubts_below_a_share_of_the_load(counts, said):
    found = doubts_of_server(Traffic(**{"writes": 95, "commits": 50} | counts), 100)

    assert len(found) == len(said)
    assert all(part in doubt for part, doubt in zip(said, found, strict=True))
    assert doubts_of_server(Traffic(unseen=True), 0) == []


def test_of_many_writers_the_first_are_named():
    assert named(["3"]) == "writer 3"
    assert named(list("01234567")) == "writers 0, 1, 2, 3, 4, 5, 6, 7"
    assert named(list("0123456789")) == "writers 0, 1, 2, 3, 4, 5, 6, 7 and 2 more"


def test_a_writer_of_whom_no_key_came_lacks_all_of_them():
    lacking = why_lacking(Traffic(keys={"0": 60}, commits=60), {"0": 60, "7": 3})
    assert lacking == "3 of 63 acknowledged writes (writer 7)"


@pytest.mark.parametrize(("acked", "most"), [(0, 2), (2000, 2), (3000, 3), (10_000, 10)])
def test_one_in_a_thousand_may_lack_its_confirmation_and_always_two(acked, most):
    assert tolerated(acked) == most


@pytest.mark.parametrize(
    ("keys", "commits", "size"), [(100, 99, 0), (101, 99, 3), (199, 99, 4), (201, 99, 5), (9, 0, 0)]
)
def test_more_keys_than_transactions_are_batches(keys, commits, size):
    assert batch(Traffic(keys={"0": keys}, commits=commits)) == size


def test_keys_that_came_to_others_only_are_astray():
    near, anywhere = Traffic(keys={"0": 5}), Traffic(keys={"0": 7, "1": 3, "2": 0})

    assert astray(near, anywhere) == 5
    assert why_elsewhere("the cluster", near, anywhere) == (
        "nothing of writer 1 came to the cluster, but to others")  # fmt: skip
    assert why_elsewhere("the cluster", Traffic(), anywhere) == ""
    assert why_elsewhere("the cluster", anywhere, anywhere) == ""


def test_a_writer_of_whom_nothing_came_is_named_if_that_is_no_accident():
    seen = Traffic(keys={"0": 60}, commits=60)

    assert why_unseen(seen, {"0": 60, "7": 40}).startswith(
        "writer 7 acknowledged 40 writes, and no"
    )
    assert why_unseen(seen, {"0": 60, "7": 2}) == ""  # so few may have been missed
    one = why_unseen(Traffic(keys={"0": 1}, commits=1), {"0": 1, "7": 5})
    assert one.startswith("writer 7 acknowledged 5 writes, and no")
    batches = Traffic(keys={"0": 201}, commits=99)
    assert why_unseen(batches, {"0": 201, "7": 5}) == ""  # as many may wait for their batch
    assert why_unseen(batches, {"0": 201, "7": 6}).startswith("writer 7 acknowledged 6 writes")
    assert why_unseen(Traffic(), {"0": 60}) == ""
    assert why_unseen(Traffic(keys={"0": 60}, commits=60), {"0": 60}) == ""
