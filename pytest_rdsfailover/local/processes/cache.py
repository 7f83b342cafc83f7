"""Where files that may outlive a run are kept."""

from collections.abc import Mapping
from pathlib import Path

from pytest_rdsfailover.model.errors import SettingError

NAME = "pytest-rdsfailover"


def cache_directory(environ: Mapping[str, str]) -> Path:
    """Return this user's cache directory for us, created if missing.

    It is `pytest-rdsfailover` in `$XDG_CACHE_HOME`, or in `~/.cache`.

    Raises:
        SettingError: if it cannot be created.
    """
    base = environ.get("XDG_CACHE_HOME")
    path = (Path(base) if base else Path.home() / ".cache") / NAME
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingError(
            f"{path} cannot be created ({error.strerror}); set XDG_CACHE_HOME to a directory that"
            " can be written to"
        ) from error
    return path
