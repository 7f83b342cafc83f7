import pytest

from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.trial.plan import Plan


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
    ],
)
def test_what_no_load_can_do_is_refused_with_the_remedy(options, complaint):
    with pytest.raises(SettingError, match=complaint):
        Plan(**{"writers": 4, "rate": 100.0} | options)


def test_all_of_it_may_be_asked_for_where_it_makes_sense():
    plan = Plan(writers=4, rate=0.0, retries=3, think=0.1, processes=4)

    assert (plan.retries, plan.think, plan.processes) == (3, 0.1, 4)
