"""What the control plane keeps about a request while it answers it, besides AWS' parameters."""

import io
import re
from contextvars import ContextVar
from wsgiref.types import WSGIEnvironment

from pytest_rdsfailover.local.aws_api.script import Script

# The script that the request wants to be played, and what the gateway has answered within it.
wanted_script: ContextVar[Script | None] = ContextVar("wanted_script", default=None)
answers: ContextVar[dict[str, object] | None] = ContextVar("answers", default=None)


def begin(script: Script | None) -> None:
    """Begin a new request, which wants *script* to be played."""
    wanted_script.set(script)
    answers.set({})


# By these nothing is kept but what the gateway knows.
HARMLESS = re.compile(r"(Describe|Get|List|BatchGet|Lookup|Filter|FailoverDB|RebootDB)[A-Z]")
FORM = re.compile(rb"(?:^|&)Action=(\w+)")


def changes(environ: WSGIEnvironment) -> bool:
    """Tell whether a request may change what later ones are answered."""
    action = _action(environ)
    return environ["REQUEST_METHOD"] != "GET" if action is None else not HARMLESS.match(action)


def _action(environ: WSGIEnvironment) -> str | None:
    """Return the name of a request's call; None if its method and path are its name."""
    target: str | None = environ.get("HTTP_X_AMZ_TARGET")
    path: str = environ["PATH_INFO"]
    if target is not None or "/operation/" in path:
        return re.split(r"[./]", target or path)[-1]
    if not environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        return None
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    found = FORM.search(body)
    return None if found is None else found[1].decode()
