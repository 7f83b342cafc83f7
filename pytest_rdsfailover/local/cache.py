"""Where files that may outlive a run are kept."""

from collections.abc import Mapping
from pathlib import Path

NAME = "pytest-rdsfailover"


def cache_directory(environ: Mapping[str, str]) -> Path:
    """Return this user's cache directory for us, created if missing.

    It is `pytest-rdsfailover` in `$XDG_CACHE_HOME`, or in `~/.cache`.
    """
    base = environ.get("XDG_CACHE_HOME")
    path = (Path(base) if base else Path.home() / ".cache") / NAME
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path
