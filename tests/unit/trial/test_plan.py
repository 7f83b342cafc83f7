"""What a plan refuses, and what it comes to."""

import pytest

from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.model.settings import Settings
from pytest_rdsfailover.trial.plan import MOST_FUNCTIONS, Plan
from pytest_rdsfailover.trial.planning import planned

FUNCTIONS = {"function": "load", "functions": 2}


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"engine": "quick"}, "no engine is called 'quick'"),
        ({"retries": -1}, "a number of times"),
        ({"retries": True}, "a number of times"),
        ({"retries": 1.5}, "a number of times"),
        ({"think": -1.0, "rate": 0.0}, "nobody can think"),
        ({"think": 0.1}, "only with load='closed'"),
        ({"processes": 0}, "from 1 to the number of writers, 4"),
        ({"processes": 5}, "from 1 to the number of writers, 4"),
        ({"processes": True}, "from 1 to the number of writers, 4"),
        ({"engine": "fast", "retries": 1}, "leave out engine='fast'"),
        ({"engine": "fast", "think": 0.1, "rate": 0.0}, "leave out engine='fast'"),
        ({"function": "load"}, "functions: from 1 to 10,000, not 0"),
        ({"function": "load", "functions": MOST_FUNCTIONS + 1}, "from 1 to 10,000, not 10001"),
        ({"function": "load", "functions": True}, "not True"),
        ({"functions": -1}, "functions: from 1"),
        ({"functions": 2}, "functions and function belong together"),
        ({"functions_bucket": "b"}, "functions_bucket: only with functions"),
        (FUNCTIONS | {"processes": 2}, "processes: not with functions"),
        (FUNCTIONS | {"function": 7}, "function: a name, not 7"),
        (FUNCTIONS | {"functions_bucket": 7}, "functions_bucket: a name, not 7"),
        (FUNCTIONS | {"bound": 890.0}, "891.5 s, and Lambda lets them for 890 s at most"),
    ],
)
def test_what_no_load_can_do_is_refused_with_the_remedy(options, complaint):
    with pytest.raises(SettingError, match=complaint):
        Plan(**{"writers": 4, "rate": 100.0} | options)


def test_all_of_it_may_be_asked_for_where_it_makes_sense():
    plan = Plan(writers=4, rate=0.0, retries=3, think=0.1, processes=4)

    assert (plan.retries, plan.think, plan.processes) == (3, 0.1, 4)


@pytest.mark.parametrize("functions", [1, MOST_FUNCTIONS])
def test_functions_have_so_many_writers_each_and_write_for_a_time_of_their_own(functions):
    plan = Plan(
        writers=4, rate=8.0, warmup=1.0, cooldown=2.0, bound=30.0, functions_bucket="b",
        **FUNCTIONS | {"functions": functions},
    )  # fmt: skip

    assert (plan.all_writers, plan.seconds, plan.is_here) == (4 * functions, 33.0, False)


def test_a_plan_that_says_nothing_else_is_that_of_a_run_without_options():
    plan = Plan(writers=Settings().writers, rate=Settings().rate)

    assert plan == planned({}, Settings())[0]
    assert (plan.is_here, plan.all_writers) == (True, plan.writers)


def test_the_first_process_is_told_all_of_the_load():
    plan = Plan(writers=4, rate=0.0, processes=2, think=0.5)
    order = plan.order(list, run="r", events=None, classify=None, secrets=("p",))

    assert (order.process, order.processes, order.writers) == (0, 2, 4)
    assert (order.think, order.rate, order.engine) == (0.5, 0.0, "threads")
    assert not Plan(writers=4, rate=1.0, processes=2).is_here
