"""What the cluster's own side is asked for, and when."""

from dataclasses import replace

import pytest
from clocks import SteppingClock
from quiet_loads import PLACE

from pytest_rdsfailover.model.traffic import SERVER, Traffic
from pytest_rdsfailover.trial import witness
from pytest_rdsfailover.trial.server_counts import ServerCounts
from pytest_rdsfailover.trial.witness import Witness


class Target:
    """A cluster whose clients have called so many procedures."""

    def __init__(self, calls):
        self.calls = [0, calls]

    def traffic(self, _mark):
        return {"cluster": Traffic(calls=self.calls.pop(0))}


@pytest.mark.parametrize(
    ("may_call", "calls", "asked", "told"),
    [(False, 0, 0, None), (True, 0, 1, None), (True, 9, 2, 7)],
    ids=["our own statements", "code that calls nothing", "code that calls procedures"],
)
def test_the_server_is_asked_for_its_rollbacks_only_where_procedures_may_be_called(
    monkeypatch, may_call, calls, asked, told
):
    counts = iter([ServerCounts(5, 0), ServerCounts(12, 0)])
    monkeypatch.setattr(witness, "server_counts", lambda _: next(counts))
    monkeypatch.setattr(witness, "tables_in_memory", lambda _: ("app.carts",))
    looks = Witness(Target(calls), PLACE, "mark", SteppingClock(), may_call=may_call)
    looks.begin()

    found = looks.end()
    assert found.rollbacks == told
    assert bool(found.in_memory) is may_call
    assert 2 - len([*counts]) == asked


class Cluster:
    """A cluster that tells one look after the other; the last one again and again."""

    def __init__(self, *looks):
        self.looks = list(looks)

    def traffic(self, mark):
        assert mark == "mark"
        return self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]


def begun(*looks, endpoint=PLACE, may_call=False):
    """Return a witness of a load that has begun, and its clock."""
    clock = SteppingClock(10.0)
    found = Witness(Cluster(*looks), endpoint, "mark", clock, may_call=may_call)
    found.begin()
    return found, clock


def came(**counts):
    return {"cluster": Traffic(**counts)}


def confirmed(count, writer="0"):
    return came(keys={writer: count}, stored_keys={writer: count}, statements=100, marked=100)


@pytest.mark.parametrize(
    ("looks", "told"),
    [
        ([None], None),
        ([came(statements=3), came(statements=5), came(statements=9)], (2, 6)),
        ([came(statements=3), came(statements=5), None], (2, None)),
        ([came(statements=3), None, came(statements=9)], (None, 6)),
    ],
    ids=["nobody can look", "each look", "not in the end", "only in the end"],
)
def test_what_has_come_since_the_beginning_is_told_as_far_as_anybody_could_look(looks, told):
    looking, clock = begun(*looks)
    clock.sleep(1.0)
    looking.look({"0": 0})
    clock.sleep(1.0)
    found = looking.end()

    if told is None:
        assert found is None
        return
    seen = [part and part["cluster"].statements for part in (found.calm, found.whole)]
    assert tuple(seen) == told
    assert (found.calm_at, found.rollbacks, found.changed) == (11.0, None, None)


@pytest.mark.parametrize(
    ("alias", "address"), [("", "h:1"), ("orders.rds.amazonaws.com", "orders.rds.amazonaws.com:1")]
)
def test_an_endpoint_is_told_by_the_name_that_the_application_knows(alias, address):
    looking, _ = begun({}, endpoint=replace(PLACE, alias=alias))

    assert (looking.end().endpoint, looking.end().address) == ("cluster", address)


@pytest.mark.parametrize(
    ("watched", "ahead"),
    [
        ([({"0": 5}, 5)], 0),
        ([({"0": 7}, 5)], 2),
        ([({"0": 5}, 7)], 0),  # that more is confirmed than is known here is no loan
        ([({"0": 9}, 5), ({"0": 10}, 9)], 4),
        ([({"0": 6, "1": 3}, 5)], 4),
        ([({"0": 6}, None)], 0),
    ],
)
def test_it_is_told_by_how_many_writes_the_load_was_ahead_of_the_cluster(watched, ahead):
    looking, clock = begun({}, confirmed(4))
    looking.look({"0": 4})
    for acked, seen in watched:
        clock.sleep(1.0)
        looking._target.looks = [None if seen is None else confirmed(seen)]
        looking.watch(lambda acked=acked: acked)
    looking._target.looks = [{}]

    assert looking.end().ahead == ahead


def test_a_cluster_is_watched_ten_times_a_second_and_only_where_keys_can_be_read():
    looking, clock = begun({}, confirmed(4))
    looking.look({"0": 4})
    looks = []
    for _ in range(20):
        looking.watch(lambda: looks.append(clock.now()) or {"0": 4})
        clock.sleep(0.05)
    assert looks == pytest.approx([10.0 + n / 10 for n in range(10)])

    unreadable, clock = begun({}, came(statements=9))
    unreadable.watch(pytest.fail)  # before anybody has looked
    unreadable.look({"0": 4})
    unreadable.watch(pytest.fail)


NEAR, OFTEN = "10.0.0.1:3306", "10.0.0.2:3306"


def test_a_load_of_which_nothing_came_is_told_where_this_process_is_connected(monkeypatch):
    """A connection may be short; one of the load's own endpoint is none, one from before comes last."""
    clock, looks = SteppingClock(10.0), []

    def peers():
        looks.append(clock.now())
        return {"h:1", OFTEN} if len(looks) == 3 else {NEAR}

    monkeypatch.setattr(witness, "peers", peers)
    looking = Witness(Cluster({}, came()), PLACE, "mark", clock, may_call=False)
    looking.begin()

    why = looking.look({"0": 50})
    assert f"connected to {OFTEN}, {NEAR}" in why
    assert looking.end().peers == (OFTEN, NEAR)
    assert len(looks) > 100
    assert looks[-1] <= 11.0


def test_nobody_asks_where_else_a_load_is_connected_that_came_through(monkeypatch):
    monkeypatch.setattr(witness, "peers", set)
    looking, _ = begun({}, confirmed(50))
    monkeypatch.setattr(witness, "peers", pytest.fail)

    assert looking.look({"0": 50}) == ""
    assert looking.end().peers == ()


@pytest.mark.parametrize(
    ("before", "calm", "counts", "changed"),
    [
        ({SERVER: Traffic(rows=2)}, {SERVER: Traffic(rows=62, statements=60, writes=60)}, [], 60),
        (came(), confirmed(50), [ServerCounts(5, 4), ServerCounts(5, 11)], 7),
        (came(), confirmed(50), [ServerCounts(5, 4), None], None),
        (came(), confirmed(50), [None], None),
    ],
    ids=["the writer's own", "the server's", "it answers no more", "it cannot be asked"],
)
def test_changed_rows_are_those_since_the_beginning(monkeypatch, before, calm, counts, changed):
    left = list(counts)
    monkeypatch.setattr(witness, "server_counts", lambda _: left.pop(0))
    monkeypatch.setattr(witness, "tables_in_memory", lambda _: ())
    looking, _ = begun(before, calm, may_call=bool(counts))
    looking.look({"0": 50})

    assert (looking.end().changed, left) == (changed, [])


def test_a_load_is_told_that_the_server_has_changed_no_row_for_it(monkeypatch):
    counts = [ServerCounts(0, 4), ServerCounts(0, 4)]
    monkeypatch.setattr(witness, "server_counts", lambda _: counts.pop(0))
    monkeypatch.setattr(witness, "tables_in_memory", lambda _: ())
    asked = came(keys={"0": 50}, statements=50, marked=50, confirmed=50)
    looking, _ = begun(came(), asked, may_call=True)

    assert "row" in looking.look({"0": 50})
