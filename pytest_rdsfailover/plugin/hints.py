"""What a name is likely to mean that Python or pytest does not know, where it is one of ours."""

import inspect
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


class Hints:
    """Adds a line to the errors of unknown names, which pytest shows below them."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, call: pytest.CallInfo[None]) -> None:
        """Look at the error of a test before it is reported."""
        if call.excinfo is not None:
            hint(call.excinfo.value)


def hint(error: BaseException) -> None:
    """Say what an unknown name may mean: an attribute of an object of ours, or a fixture of ours."""
    if isinstance(error, pytest.FixtureLookupError):
        near = did_you_mean(error.argname, _fixtures()) if error.argname else ""
        if near and error.msg is None:
            error.msg = f"fixture '{error.argname}' not found{near}"
    elif isinstance(error, AttributeError) and error.name is not None:
        note = _attribute(error.obj, error.name)
        if note:
            error.add_note(note)


def _fixtures() -> list[str]:
    from pytest_rdsfailover.plugin import fixtures

    return [name for name in vars(fixtures) if name.startswith("rds_")]


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
    known = [each for each in dir(owner) if not each.startswith("_")]
    return did_you_mean(name, known).removeprefix("; ")
