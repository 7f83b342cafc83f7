"""What an unknown name is said to mean."""

from types import SimpleNamespace

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


@pytest.mark.parametrize(
    ("asked", "msg", "told"),
    [
        ("rds_clustr", None, "fixture 'rds_clustr' not found; did you mean 'rds_cluster'?"),
        ("rds_clustr", "their own", "their own"), ("clustr", None, None),
        ("rds_far_from_everything_there_is", None, None), (None, None, None),
    ],
)  # fmt: skip
def test_an_unknown_fixture_may_be_a_near_one_of_ours(asked, msg, told):
    request = SimpleNamespace(_get_fixturestack=list)
    error = pytest.FixtureLookupError(asked, request, msg)
    hint(error, ["rds_cluster", "clusters"])
    assert error.msg == told
