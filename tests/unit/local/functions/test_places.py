"""How many invocations may be on, and what a function is unless its owner says otherwise."""

import json
from contextlib import ExitStack

import pytest

from pytest_rdsfailover.local.functions import fleet
from pytest_rdsfailover.local.functions.fleet import Concurrency
from pytest_rdsfailover.local.functions.settings import FunctionError, FunctionSettings, failed

USUAL = {
    "name": "f", "region": "eu-west-1", "runtime": "python3.11", "handler": "a.b", "role": "r",
    "code": None, "sha256": "", "size": 0,
}  # fmt: skip


def test_a_function_has_lambda_s_usual_settings():
    found = FunctionSettings(**USUAL)

    assert (found.timeout, found.memory, dict(found.variables)) == (3, 128, {})
    assert found.arn == "arn:aws:lambda:eu-west-1:123456789012:function:f"
    assert "secret" not in repr(FunctionSettings(**USUAL, variables={"KEY": "secret"}))


def test_a_refusal_reads_as_its_code_and_its_message():
    assert str(FunctionError(404, "ResourceNotFoundException", "gone")) == (
        "ResourceNotFoundException: gone"
    )


def test_an_invocation_that_lambda_ends_names_its_request():
    assert json.loads(failed("Kind", "why").payload) == {"errorType": "Kind", "errorMessage": "why"}
    told = json.loads(failed("Kind", "why", "r-1").payload)
    assert told["errorMessage"] == "RequestId: r-1 Error: why"
    assert failed("Kind", "why").error == "Unhandled"


@pytest.fixture
def places(monkeypatch):
    monkeypatch.setattr(fleet, "MOST_AT_ONCE", 3)
    return Concurrency()


def refused(places, name):
    with pytest.raises(FunctionError) as caught, places.taken(name):
        pass
    return caught.value.reason


def test_functions_without_places_of_their_own_share_what_is_left(places):
    places.reserved["own"] = 1
    assert places.unreserved == 2
    with ExitStack() as running:
        for name in ("own", "a", "b"):
            running.enter_context(places.taken(name))
        assert refused(places, "own") == "ReservedFunctionConcurrentInvocationLimitExceeded"
        assert refused(places, "c") == "ConcurrentInvocationLimitExceeded"
    with places.taken("own"), places.taken("c"):
        pass
    assert set(places.running.values()) == {0}


def test_a_place_is_free_again_after_an_error(places):
    places.reserved["own"] = 1
    with pytest.raises(ZeroDivisionError), places.taken("own"):
        raise ZeroDivisionError
    with places.taken("own"):
        assert places.running["own"] == 1
