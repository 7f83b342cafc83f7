"""What a fixture is called with in place of an endpoint: told with the fixture's name and an example."""

import asyncio
from types import SimpleNamespace

import pytest

from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.trial.awaited import LoadCall, TrialCall, TrialsCall

ENDPOINT = Endpoint(
    name="writer", kind="writer", host="127.0.0.1", port=3306, user="u", password="p", database="d"
)
RUNNER = SimpleNamespace(trial=None)
CALLS = {
    "rds_trial": TrialCall(RUNNER, None),
    "rds_trials": TrialsCall(None, None, None),
    "rds_load": LoadCall(None, None),
    "rds_trial.run": lambda *given: asyncio.run(TrialCall(None, None).run(*given)),
    "rds_trials.run": lambda *given: asyncio.run(TrialsCall(None, None, None).run(*given)),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ((), " needs an endpoint; write {}(rds_cluster.writer_endpoint)"),
        ((object(),), ": a object is no endpoint; write {}(rds_cluster.writer_endpoint)"),
        (("mysql://u:hidden@h",), ": a str is no endpoint; write {}("),
        ((ENDPOINT, print), ": only the endpoint has no name; write {}(endpoint, workload=...)"),
        ((ENDPOINT, 7), ": only the endpoint has no name; write {}(endpoint, NAME=...)"),
    ],
)
def test_the_error_names_the_fixture_and_shows_how_it_is_called(name, given, complaint):
    with pytest.raises(SettingError) as raised:
        CALLS[name](*given)

    assert str(raised.value).startswith(f"{name}{complaint.format(name)}")
    assert "hidden" not in str(raised.value)


def test_an_endpoint_may_be_given_by_its_name():
    assert LoadCall(None, None)(endpoint=ENDPOINT) is not None
