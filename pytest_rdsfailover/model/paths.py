"""Paths as users write them, made absolute once, so that no later `chdir` moves what they mean."""

import os
from pathlib import Path

from pytest_rdsfailover.model.errors import SettingError

QUOTES = ('"', "'")  # which most formats take away, and an ini file does not
COMMENT = " #"


def absolute_path(text: str, base: str | Path = "") -> str:
    """Return a path with `~` and variables expanded, absolute.

    Args:
        text: the path.
        base: what a relative one is meant from; from the present directory unless given.

    Raises:
        SettingError: if it names nothing: empty, an unknown user or variable, or a NUL in it; or if what
            stands around it, quotes or a comment, would become part of the name.
    """
    expanded = os.path.expandvars(text.strip())
    if not expanded or "\0" in expanded:
        raise SettingError(f"{text!r} is no path")
    if len(expanded) > 1 and expanded[0] == expanded[-1] and expanded[0] in QUOTES:
        raise SettingError(f"{text!r} is no path: write it without the quotes")
    if COMMENT in expanded:
        raise SettingError(f"{text!r} is no path: a comment has a line of its own")
    try:
        path = (base / Path(expanded).expanduser()).absolute()
    except RuntimeError:
        raise SettingError(f"{text!r} is no path: there is no such user") from None
    if "$" in expanded:
        raise SettingError(f"{text!r} is no path: there is no such variable")
    return str(path)


def shown_path(path: str | Path) -> str:
    """Return a path for people: from the present directory if it is in there, else whole."""
    here = Path.cwd()
    return str(Path(path).relative_to(here)) if Path(path).is_relative_to(here) else str(path)


def is_there(path: str) -> bool:
    """Tell whether there is anything at a path: a link that leads nowhere counts.

    Raises:
        OSError: if that cannot be seen, because its directory is not there or is closed to us.
    """
    try:
        Path(path).lstat()
    except FileNotFoundError:
        Path(path).parent.stat()
        return False
    return True
