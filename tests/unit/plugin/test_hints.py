"""What an unknown name is said to mean."""

import pytest

from pytest_rdsfailover.analysis.figure import Figure
from pytest_rdsfailover.plugin.hints import hint
from pytest_rdsfailover.trial.awaited import TrialCall


def notes(ask):
    with pytest.raises(AttributeError) as found:
        ask()
    hint(found.value)
    return getattr(found.value, "__notes__", [])


def awaited(call, name):
    made = call.run(None)
    try:
        return notes(lambda: getattr(made, name))
    finally:
        made.close()


def test_an_unknown_name_of_an_object_of_ours_may_be_a_near_one():
    figure = Figure(1.0, 2.0)

    assert notes(lambda: figure.lowr) == ["did you mean 'lower'?"]
    assert notes(lambda: figure.far_from_everything) == []
    assert notes(lambda: "theirs".lowr) == []


def test_what_was_not_called_or_not_awaited_is_said_to_be_so():
    call = TrialCall(None, None)

    assert notes(lambda: call.expect) == [
        "call rds_trial first, and ask what it returns: rds_trial(...).expect"
    ]
    assert awaited(call, "expect") == ["await it: await rds_trial.run(...)"]
