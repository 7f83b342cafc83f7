from dataclasses import replace

import pytest

from pytest_rdsfailover.analysis.reached import doubts, why_unconfirmed, why_untouched, why_untrue
from pytest_rdsfailover.analysis.reached_commits import why_uncommitted, why_unsaved
from pytest_rdsfailover.journal.witnessed import Witnessed, since
from pytest_rdsfailover.model.traffic import Traffic


def told(calm=None, whole=None, **more):
    return Witnessed(
        endpoint="proxy",
        address="127.0.0.1:3306",
        calm=calm,
        calm_at=0.0,
        whole=whole or {},
        **more,
    )


def came(statements=0, marked=0, connections=1, confirmed=0, writes=0, more=None, **keys):
    return Traffic(
        **(more or {}),
        connections=connections,
        statements=statements,
        writes=writes,
        marked=marked,
        confirmed=confirmed,
        keys={writer.removeprefix("w"): count for writer, count in keys.items()},
    )


def doubted(seen, *, failed=None, **counts):
    return doubts(seen, failed=failed or {}, **counts)


def every(count, writers=8):
    """Return that each writer had so many writes acknowledged."""
    return {str(writer): count for writer in range(writers)}


def keyed(counts, marked=None, writes=0):
    """Return what came to the proxy if so many keys of each writer were confirmed."""
    marked = sum(counts.values()) if marked is None else marked
    keys = {f"w{writer}": count for writer, count in counts.items() if count}
    return {"proxy": came(marked, marked, writes=writes, **keys)}


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        ({}, "0 statements came to the proxy endpoint at 127.0.0.1:3306"),
        ({"proxy": came(9)}, "9 statements came"),
        ({"proxy": came(10)}, ""),
        ({"proxy": came(1, marked=1)}, ""),
        ({"cluster": came(50, marked=50)}, "but to others: cluster (50 statements)"),
        ({"cluster": came(50, marked=50), "proxy": came(50, connections=0)}, "but to others"),
        ({"proxy": came(50, marked=50, connections=0)}, ""),  # by connections from before the load
        ({"instance-1": came(50, marked=50), "proxy": came(0, connections=1)}, ""),  # a driver that
        ({"cluster": came(500)}, "0 statements came"),  # others' work elsewhere is no work of ours
    ],
)  # finds its own way to the instances
def test_work_that_never_came_is_told(seen, says):
    reason = why_untouched(told(), seen, acked={"0": 100})
    assert bool(reason) is bool(says)
    assert says in reason


def test_where_this_process_was_connected_is_told_with_it():
    reason = why_untouched(told(peers=("10.0.0.7:3306",)), {}, acked={"0": 100})
    assert reason.endswith("meanwhile this process was connected to 10.0.0.7:3306")


def test_without_an_acknowledged_write_there_is_nothing_to_doubt():
    assert why_untouched(told(), {}, acked={"0": 0}) == ""
    assert why_untouched(told(), {}, acked={"0": 1}).startswith("1 writes count as acknowledged")


@pytest.mark.parametrize(
    ("calm", "whole", "missing"),
    [
        (100, 1000, 0),
        (100, 998, 0),
        (100, 997, 3),
        (99, 900, 0),  # a statement carries more than one write: nothing can be compared
        (150, 900, 100),
        (None, 900, 0),
    ],
)
def test_acknowledged_writes_that_the_cluster_never_confirmed_are_told(calm, whole, missing):
    before = None if calm is None else {"proxy": came(confirmed=calm)}
    seen = {"proxy": came(confirmed=whole - 100), "cluster": came(confirmed=100)}
    reason = why_unconfirmed(told(before, seen), calm={"0": 100}, acked={"0": 1000})

    assert bool(reason) is bool(missing)
    assert reason.startswith(f"{missing} of 1000" if missing else "")


def test_one_acknowledged_write_of_the_calm_is_enough_to_compare():
    def reason(calm):
        seen = told({"proxy": came(confirmed=1)}, {"proxy": came(confirmed=500)})
        return why_unconfirmed(seen, calm={"0": calm}, acked={"0": 1000})

    assert reason(1).startswith("500 of 1000")
    assert reason(0) == ""


def test_counts_are_since_the_load_began_and_nobody_who_looks_sees_nothing():
    before, now = {"proxy": came(5, 2)}, {"proxy": came(9, 3), "reader": came(1)}
    assert since(now, before) == {"proxy": came(4, 1, connections=0), "reader": came(1)}
    assert since(None, before) is None
    assert since(now, None) is None


@pytest.mark.parametrize(
    ("endpoint", "address", "valid"),
    [
        ("cluster", "db.cluster-x.eu-west-1.rds.amazonaws.com:3306", True),
        ("cluster", "127.0.0.2:3306", False),
        ("cluster", "8.8.8.8:3306", False),
        ("proxy", "db.proxy-x.eu-west-1.rds.amazonaws.com:3306", False),
    ],
)
def test_a_name_of_the_cluster_leads_to_the_address_of_an_instance(endpoint, address, valid):
    by_name = replace(told(), endpoint=endpoint, address=address)
    seen = {"instance-1": came(50, marked=50)}
    assert (why_untouched(by_name, seen, acked={"0": 50}) == "") is valid


# Keys that can be read: whose are there, and whose are not.


@pytest.mark.parametrize("gone", [[5], [4, 5, 6, 7], [1, 2, 3, 4, 5, 6, 7]])
def test_writers_of_whom_no_key_came_are_named(gone):
    counts = {writer: 0 if int(writer) in gone else 20 for writer in every(20)}
    reason = why_untouched(told(), keyed(counts, writes=1000), every(20))
    word = "writer" if len(gone) == 1 else "writers"
    assert reason.startswith(f"{word} {', '.join(map(str, gone))} acknowledged {20 * len(gone)}")
    assert "they write elsewhere, or nowhere" in reason


@pytest.mark.parametrize("others", [0, 7])  # of one in ten they may be, in batches
def test_every_second_key_elsewhere_is_told(others):
    seen = keyed(every(10), writes=others)
    reason = why_untouched(told(peers=("10.0.0.7:3306",)), seen, every(20))
    assert reason.startswith(
        "the keys of 80 of 160 acknowledged writes (writers 0, 1, 2, 3, 4, 5, 6"
    )
    assert reason.endswith("meanwhile this process was connected to 10.0.0.7:3306")


@pytest.mark.parametrize(
    ("seen", "acked"),
    [
        (keyed(every(20)), every(20)),
        (keyed(every(21)), every(20)),  # an operation failed although its key was confirmed
        (keyed(every(10), writes=80), every(20)),  # the other half is of a kind that hides its key
        (keyed(every(10), writes=8), every(20)),  # in batches of ten
        (keyed(every(18), marked=16), every(20)),  # what waits for a batch of nine
        (keyed({"0": 18, "1": 0}, marked=2), {"0": 20, "1": 15}),
        (keyed(every(2), writes=200), every(20) | {"8": 20}),  # few keys show: that may be chance
        ({"proxy": came(500, 160)}, every(20)),  # our own inserts carry the mark and no keys
        (keyed({"0": 100, "1": 0}), {"0": 100, "1": 2}),  # too few to tell
    ],
)
def test_keys_that_may_be_hidden_or_on_their_way_are_no_doubt(seen, acked):
    assert why_untouched(told(), seen, acked) == ""


def test_keys_that_came_and_were_all_refused_are_told():
    none = {"proxy": came(160, 160, confirmed=80, **{f"w{writer}": 0 for writer in range(8)})}
    assert why_untouched(told(), none, every(10)).startswith("the keys of 80 of 80 acknowledged")


def test_writers_whose_keys_came_to_another_endpoint_only_are_named():
    half = {f"w{writer}": 20 for writer in range(4)}, {f"w{writer}": 20 for writer in range(4, 8)}
    seen = {"proxy": came(80, 80, **half[0]), "cluster": came(80, 80, **half[1])}
    reason = why_untouched(told(), seen, every(20))
    assert reason == (
        "nothing of writers 4, 5, 6, 7 came to the proxy endpoint at 127.0.0.1:3306, but to others"
    )
    at_cluster = replace(told(), endpoint="cluster")
    own_way = {"cluster": came(80, 80, **half[0]), "instance-2": came(80, 80, **half[1])}
    assert why_untouched(at_cluster, own_way, every(20)) == ""


def test_a_few_swallowing_writers_are_named_whatever_else_came():
    whole = every(100) | {"2": 80, "6": 90}
    seen = told(keyed(every(20)), keyed(whole, writes=10_000))
    reason = why_unconfirmed(seen, calm=every(20), acked=every(100))
    assert reason.startswith("30 of 800 acknowledged writes (writers 2, 6) were never confirmed")


def test_keys_that_were_not_all_seen_in_the_calm_say_nothing_later():
    seen = told(keyed(every(10)), keyed(every(40)))
    assert why_unconfirmed(seen, calm=every(20), acked=every(100)) == ""


# What was written and never committed.


def uncommitted(counts, left, commits=None):
    """Return what came if so many keys of each writer were committed, and others were not."""
    more = {
        "commits": sum(counts.values()) if commits is None else commits,
        "uncommitted_keys": left,
    }
    keys = {f"w{writer}": count for writer, count in counts.items()}
    return {"proxy": came(400, 400, more=more, **keys)}


@pytest.mark.parametrize(
    ("counts", "left", "says"),
    [
        (every(0), every(20), "160 of 160 acknowledged writes (writers 0, 1, 2, 3, 4, 5, 6, 7)"),
        (every(20) | {"3": 0}, {"3": 20}, "20 of 160 acknowledged writes (writer 3)"),
        (every(10), every(10), "80 of 160"),
    ],
)
def test_writes_that_nobody_committed_make_the_trial_invalid(counts, left, says):
    seen = uncommitted(counts, left)
    reason = why_uncommitted(seen, every(20))
    assert says in reason
    assert "never committed; commit before the workload returns" in reason
    assert why_untrue(told(seen, seen), calm=every(20), acked=every(20)) == reason


@pytest.mark.parametrize(
    "seen",
    [
        uncommitted(every(20), every(1)),  # what is on its way
        uncommitted(every(20), every(90)),  # tries that were rolled back before the one that counts
        uncommitted(every(16), every(4), commits=25),  # five at a time
    ],
)
def test_transactions_that_are_open_or_were_tried_again_are_no_doubt(seen):
    assert why_uncommitted(seen, every(20)) == ""


@pytest.mark.parametrize(
    ("writes", "more", "says"),
    [
        (0, {"uncommitted": 100}, "100 statements wrote and were never committed, 0 were; commit"),
        (0, {"refused": 100}, "100 statements that write were refused by the cluster, 0 were not"),
        (0, {"unchanged": 100}, "and 100 statements changed no row that lasts"),
        (0, {}, ""),  # it only reads
        (10, {"uncommitted": 90}, ""),
        (100, {"refused": 900}, ""),
    ],
)
def test_writes_whose_keys_cannot_be_read_are_committed_or_not(writes, more, says):
    seen = {"proxy": came(300, writes=writes, more=more)}
    reason = why_untouched(told(), seen, {"0": 100})
    assert bool(reason) is bool(says)
    assert says in reason


def unchanged(counts, left, writes=0):
    """Return what came if so many keys of each writer were kept, and others changed no row."""
    keys = {f"w{writer}": count for writer, count in counts.items()}
    return {"proxy": came(400, 400, writes=writes, more={"unchanged_keys": left}, **keys)}


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        (unchanged(every(0), every(20)), "160 of 160 acknowledged writes (writers 0, 1, 2"),
        (unchanged(every(20) | {"3": 0}, {"3": 20}), "20 of 160 acknowledged writes (writer 3)"),
        (unchanged(every(20), every(90)), ""),  # an update that meets nothing, and then an insert
        (unchanged(every(0), every(20), writes=160), ""),  # the insert hides its key
    ],
)
def test_writes_that_change_no_row_make_the_trial_invalid(seen, says):
    reason = why_unsaved(seen, every(20))
    assert bool(reason) is bool(says)
    assert says in reason
    assert not reason or "changed no row that lasts" in reason


# What was acknowledged before it was done.


@pytest.mark.parametrize(
    ("ahead", "seen", "early"),
    [
        (30, keyed(every(20)), True),
        (2, keyed(every(20)), False),
        (30, uncommitted(every(20), {}, commits=32), False),  # five at a time
        (30, keyed(every(15), writes=900), False),  # some hide their keys
    ],
)
def test_writes_that_are_confirmed_only_later_were_acknowledged_too_early(ahead, seen, early):
    reason = why_untrue(told(seen, seen, ahead=ahead), calm=every(20), acked=every(20))
    assert reason.startswith(f"{ahead} writes were acknowledged at one time") is early
    assert bool(reason) is early


# A real cluster's writer tells only what all of its clients did.


@pytest.mark.parametrize(
    ("statements", "writes", "says"),
    [
        (0, 0, "statements from all its clients"),
        (9, 0, "statements from all its clients"),
        (10, 0, ""),  # others' work, perhaps
        (4, 4, ""),  # batches of 25
        (5000, 5000, ""),
    ],
)
def test_a_writer_with_nothing_to_do_was_not_written_to(statements, writes, says):
    seen = {"server": came(statements, writes=writes)}
    reason = why_untouched(told(), seen, {"0": 100})
    assert bool(reason) is bool(says)
    assert says in reason


def test_what_was_seen_up_to_the_trigger_is_held_against_what_was_acknowledged_by_then():
    before = {"server": came(100, writes=100)}
    seen = replace(told(before), whole=None)
    assert why_untrue(seen, calm={"0": 100}, acked={"0": 100_000}) == ""
    assert doubted(seen, calm={"0": 100}, acked={"0": 100_000}) == []
    (doubt,) = doubted(seen, calm={"0": 110}, acked={"0": 110})
    assert "counted 100 statements that write" in doubt


def test_keys_that_some_writes_may_hide_are_doubted():
    seen = told(None, keyed(every(10), writes=80))
    assert why_untrue(seen, calm={}, acked=every(20)) == ""
    (doubt,) = doubted(seen, calm={}, acked=every(20))
    assert "the keys of 80 of 160 acknowledged" in doubt
    assert doubted(told(None, keyed(every(20))), calm={}, acked=every(20)) == []


def test_keys_of_which_some_came_to_another_endpoint_are_told():
    half = {f"w{writer}": 10 for writer in range(8)}
    seen = told(None, {"proxy": came(80, 80, **half), "cluster": came(80, 80, **half)})
    assert why_untrue(seen, calm={}, acked=every(20)) == ""
    (doubt,) = doubted(seen, calm={}, acked=every(20))
    assert doubt.startswith("80 keys came to other endpoints than the proxy endpoint")
    by_name = {"cluster": came(80, 80, **half), "instance-2": came(80, 80, **half)}
    at_cluster = replace(told(None, by_name), endpoint="cluster")
    assert doubted(at_cluster, calm={}, acked=every(20)) == []


@pytest.mark.parametrize(("astray", "says"), [(2, []), (3, ["3 keys came to other endpoints"])])
def test_two_keys_that_came_to_another_endpoint_are_no_doubt(astray, says):
    seen = told(None, {"proxy": came(100, 100, w0=100 - astray), "cluster": came(9, w0=astray)})
    found = doubted(seen, calm={}, acked={"0": 100})
    assert [text in doubt for text, doubt in zip(says, found, strict=True)] == [True] * len(says)


def test_keys_whose_latest_write_failed_are_doubted_but_for_those_that_were_not_acknowledged():
    half = {"proxy": came(400, 400, more={"failing_keys": {"0": 5, "1": 5}}, w0=20, w1=20)}
    failed = {"0": 5, "1": 1}
    (doubt,) = doubted(told(None, half), calm={}, acked={"0": 20, "1": 20}, failed=failed)
    assert doubt.startswith("4 acknowledged writes have their key in one statement that was stored")
    assert (
        doubted(told(None, half), calm={}, acked={"0": 20, "1": 20}, failed={"0": 5, "1": 3}) == []
    )
    three = {"proxy": came(20, 20, more={"failing_keys": {"0": 3}}, w0=20)}
    (doubt,) = doubted(told(None, three), calm={}, acked={"0": 20}, failed={})
    assert doubt.startswith("3 acknowledged writes have their key")


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"commits": 50}, ""),
        ({"commits": 49, "unseen": True}, "whether it commits by itself nobody could see"),
        ({}, ""),  # it commits by itself: no transaction is open, and none was rolled back
        ({"rollbacks": 50, "unseen": True}, "50 transactions that were rolled back"),
        ({"uncommitted": 50}, "open transactions held 50 changed rows"),
    ],
)
def test_what_speaks_against_commits_on_a_real_cluster_is_doubted(more, says):
    seen = told({"server": came(100, writes=100, more=more)}, None)
    found = doubted(replace(seen, whole=None), calm={"0": 100}, acked={"0": 100})
    assert len(found) == bool(says)
    assert says in "".join(found)
