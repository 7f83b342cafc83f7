"""What functions of Lambda are told of a plan; nothing is invoked."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from quiet_loads import PLACE

from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.load.functions import LEAD, ROOM
from pytest_rdsfailover.load.workloads import choose
from pytest_rdsfailover.load.writer import ReconnectPolicy
from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.trial.fleet import function_load
from pytest_rdsfailover.trial.plan import Plan

READER = replace(PLACE, name="reader")


def arranged(options, *, retries=2, **more):
    """Return a load, and what was asked of its target."""
    plan = Plan(
        writers=4, rate=0.0, think=0.5, retries=retries, warmup=1.0, bound=5.0, cooldown=2.0,
        functions=3, function="load", **more,
    )  # fmt: skip
    make = choose(options, PLACE, retries=retries, policy=ReconnectPolicy(), classify=None)
    order = plan.order(make, run="r", events=None, classify=None, secrets=())
    asked = {}
    target = SimpleNamespace(
        functions=lambda **options: asked.update(options),
        storage=lambda: asked.update(storage=True),
        audit_endpoint=lambda: PLACE,
    )
    workload = SimpleNamespace(stored=lambda _: None)
    return function_load(target, plan, order, workload, Journal("r", 12)), asked


def test_functions_are_told_all_of_the_plan_and_waited_for_longer_than_they_run():
    load, asked = arranged({})
    told = load._order

    assert (told.function, told.functions, told.writers, told.start) == (0, 3, 12, 0)
    assert (told.seconds, told.retries, told.think, told.rate) == (8.0, 2, 0.5, 0.0)
    assert (told.place.name, told.reader, load._bucket) == ("cluster", None, None)
    assert asked == {"patience": LEAD + 8.0 + ROOM, "at_once": 3}
    assert load._stored() == ()  # of a load that nobody reads back


def test_results_that_no_answer_has_room_for_go_where_no_other_trials_are():
    load, asked = arranged({}, functions_bucket="results")

    assert asked["storage"]
    assert (load._bucket.name, load._bucket._prefix) == ("results", "rdsfailover/r")


def test_our_own_reads_go_where_the_test_says():
    load, _ = arranged({"workload": {"write": 1, "read": 1}, "reader": READER})

    assert (load._order.reader.name, load._order.workload) == ("reader", {"write": 1, "read": 1})


def test_code_of_the_users_own_is_refused():
    with pytest.raises(SettingError, match="they run our own steps"):
        arranged({"workload": lambda key: key, "stored": list}, retries=0)
