"""Where files that may outlive a run are kept."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from pytest_rdsfailover.model.errors import SettingError

NAME = "pytest-rdsfailover"
REMEDY = "set {} to a directory that can be written to and has room"
CACHE, STATE = "XDG_CACHE_HOME", "XDG_STATE_HOME"


def cache_directory(environ: Mapping[str, str]) -> Path:
    """Return this user's cache directory for us, created if missing.

    It is `pytest-rdsfailover` in `$XDG_CACHE_HOME`, or in `~/.cache`.

    Raises:
        SettingError: if it cannot be written to.
    """
    return _made(_base(environ, CACHE), CACHE)


def state_directory(environ: Mapping[str, str]) -> Path:
    """Return where this user's standing clusters are written down, created if missing.

    It is `pytest-rdsfailover` in `$XDG_STATE_HOME` where that is set, else the cache directory.

    Raises:
        SettingError: if it cannot be written to.
    """
    base = _base(environ, STATE)
    return _made(base, STATE) if base else cache_directory(environ)


def _base(environ: Mapping[str, str], variable: str) -> str | None:
    """Return what a variable names; a relative path counts as none, as the XDG specification says."""
    base = environ.get(variable)
    return base if base and Path(base).is_absolute() else None


def _made(base: str | None, variable: str) -> Path:
    """Return our folder in a directory; without one, in the user's own."""
    remedy = REMEDY.format(variable)
    try:
        path = (Path(base) if base else Path.home() / ".cache") / NAME
    except RuntimeError:  # neither HOME nor an entry of this user in the system's list
        raise SettingError(f"this user has no home directory; {remedy}") from None
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):  # a directory that exists may be read-only, or full
            pass
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise SettingError(f"{path} cannot be written to ({why}); {remedy}") from error
    return path
