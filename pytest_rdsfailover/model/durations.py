"""Durations as people write and read them: `250ms`, `2.31 s`."""

import re

from pytest_rdsfailover.model.errors import SettingError

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
DURATION = re.compile(r"(?P<number>\d+(?:\.\d+)?|\.\d+)\s*(?P<unit>ms|s|m|h)")


def parse_duration(text: str) -> float:
    """Return the seconds that a text such as `250ms`, `2s` or `1.5m` names.

    Raises:
        SettingError: if it names none; a bare number is refused, because nobody sees its unit.
    """
    match = DURATION.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise SettingError(f"{text!r} is not a duration; write 250ms, 2s or 1.5m")
    return float(match["number"]) * UNITS[match["unit"]]


def format_duration(seconds: float) -> str:
    """Return seconds as people read them: `0 s`, `12.5 ms`, `2.31 s`, `12.0 s`, `30m 0s`."""
    size = abs(seconds)
    if size == 0:
        return "0 s"
    if size < 0.01:  # noqa: PLR2004 - below this a third digit matters
        return f"{seconds * 1000:.2f} ms"
    if size < 1:
        return f"{seconds * 1000:.0f} ms"
    if size < 10:  # noqa: PLR2004 - three digits in all
        return f"{seconds:.2f} s"
    if size < 100:  # noqa: PLR2004 - minutes read better beyond
        return f"{seconds:.1f} s"
    minutes, rest = divmod(seconds, 60)
    return f"{minutes:.0f}m {rest:.0f}s"
