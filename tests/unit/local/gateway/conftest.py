"""What the tests of the witness share."""

import pytest
from client_sessions import Session

from pytest_rdsfailover.local.gateway.witness import TrafficCounter


@pytest.fixture
def witness():
    witness = TrafficCounter()
    witness.watch(b"run")
    return witness


@pytest.fixture
def session(witness):
    return Session(witness)
