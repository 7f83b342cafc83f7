"""What one request to the control plane carries besides what AWS reads of it."""

from contextvars import ContextVar
from typing import Any

from pytest_rdsfailover.local.aws_api.script import Script

# What the request wants to be played, and what it has looked at so far.
wanted: ContextVar[Script | None] = ContextVar("wanted", default=None)
seen: ContextVar[dict[str, Any] | None] = ContextVar("seen", default=None)


def begin(script: Script | None) -> None:
    """Start with a new request."""
    wanted.set(script)
    seen.set({})
