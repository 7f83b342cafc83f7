"""What a name is likely to mean that Python or pytest does not know, where it is one of ours."""

import inspect
from collections.abc import Iterable
from pathlib import Path

import pytest

from pytest_rdsfailover.model.errors import did_you_mean

PACKAGE = Path(__file__).parents[1]
CALLS = {
    "TrialCall": "rds_trial",
    "TrialsCall": "rds_trials",
    "FailOverCall": "rds_failover",
    "LoadCall": "rds_load",
}


def hint(error: BaseException, fixtures: Iterable[str] = ()) -> None:
    """Let an error say what an unknown name may mean, of an object of ours or of a fixture.

    Pytest shows it below the error.

    Args:
        error: why a test failed.
        fixtures: the names of ours.
    """
    if isinstance(error, pytest.FixtureLookupError):
        asked = error.argname or ""
        near = did_you_mean(asked, fixtures) if asked.startswith("rds") else ""
        if near and error.msg is None:
            error.msg = f"fixture '{asked}' not found{near}"
    elif isinstance(error, AttributeError) and error.name is not None:
        note = _attribute(error.obj, error.name)
        if note:
            error.add_note(note)


def _attribute(owner: object, name: str) -> str:
    if inspect.iscoroutine(owner):
        call, _, method = owner.cr_code.co_qualname.partition(".")
        ours = PACKAGE in Path(owner.cr_code.co_filename).parents
        return f"await it: await {CALLS[call]}.{method}(...)" if ours and call in CALLS else ""
    kind = type(owner)
    if kind.__module__.partition(".")[0] != PACKAGE.name:
        return ""
    if kind.__name__ in CALLS:
        fixture = CALLS[kind.__name__]
        return f"call {fixture} first, and ask what it returns: {fixture}(...).{name}"
    known = [public for public in dir(owner) if not public.startswith("_")]
    return did_you_mean(name, known).removeprefix("; ")
