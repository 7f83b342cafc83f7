"""What the control plane keeps about a request while it answers it, besides AWS' parameters."""

from contextvars import ContextVar
from typing import Any

from pytest_rdsfailover.local.aws_api.script import Script

# The script that the request wants to be played, and what the gateway has answered within it.
wanted_script: ContextVar[Script | None] = ContextVar("wanted_script", default=None)
answers: ContextVar[dict[str, Any] | None] = ContextVar("answers", default=None)


def begin(script: Script | None) -> None:
    """Begin a new request, which wants *script* to be played."""
    wanted_script.set(script)
    answers.set({})
