"""Seconds as people write and read them: `250ms`, `2.31 s`.

Whatever shows seconds asks here. The HTML page has the same rules as a script
(`report/page/durations.js`), and a test holds the two against each other.
"""

import math
import re
from decimal import Decimal

from pytest_rdsfailover.model.errors import SettingError

LONGEST = 366 * 86400.0  # seconds; what is longer is a mistake, and clocks overflow
UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
DURATION = re.compile(r"(?P<number>\d+(?:\.\d+)?|\.\d+)\s*(?P<unit>ms|s|m|h)", re.ASCII)
SHARE = re.compile(r"(?P<percent>\d+(?:\.\d+)?)\s*%", re.ASCII)
# How a duration is shown: as a number below a limit, with so many decimals, in parts of a second.
SIZES = (
    (10.0, 2, 1000, "ms"), (100.0, 1, 1000, "ms"), (1000.0, 0, 1000, "ms"),
    (10.0, 2, 1, "s"), (100.0, 1, 1, "s"),
)  # fmt: skip


def parse_duration(text: str) -> float:
    """Return the seconds that a text such as `250ms`, `2s` or `1.5m` names.

    Raises:
        SettingError: if it names none; a bare number is refused, because nobody sees its unit.
    """
    match = DURATION.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise SettingError(f"{text!r} is not a duration; write 250ms, 2s or 1.5m")
    seconds = float(match["number"]) * UNITS[match["unit"]]
    if seconds > LONGEST:
        raise SettingError(f"{text[:20]!r}... is longer than {LONGEST / 86400:.0f} days")
    return seconds


def parse_share(text: str | float) -> float:
    """Return the share, from 0 to 1, that a text such as `1%` names.

    Raises:
        SettingError: if it names none; a bare number is refused, because 1 may mean 1 % or all.
    """
    match = SHARE.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None or float(match["percent"]) > 100:  # noqa: PLR2004 - percent
        raise SettingError(f"{text!r} is not a share; write 1% or 0.5%, 100% at most")
    return float(Decimal(match["percent"]) / 100)  # 99.9% is what 999 of 1000 are, to the last bit


def format_duration(seconds: float) -> str:
    """Return seconds with three digits: `0 s`, `4.20 ms`, `12.5 ms`, `2.31 s`, `30m 3s`."""
    if seconds < 0:
        return f"-{format_duration(-seconds)}"
    if seconds == 0:
        return "0 s"
    for limit, digits, factor, unit in SIZES:
        number = _rounded(seconds * factor, digits)
        if float(number) < limit:
            return f"{number} {unit}"
    minutes, rest = divmod(math.floor(seconds + 0.5), 60)
    return f"{minutes}m {rest}s"


def format_share(share: float) -> str:
    """Return a share from 0 to 1 in percent: `99.9 %`; only all is 100 %, and only none 0 %."""
    percent = float(_rounded(100 * share, 2))
    if 0 < share < 1:
        percent = min(max(percent, 0.01), 99.99)
    return f"{percent:g} %"


def format_change(change: float) -> str:
    """Return by which part something is more or less: `+30 %`, `-5 %`."""
    return f"{'-' if change < 0 else '+'}{_rounded(100 * abs(change), 0)} %"


def format_difference(seconds: float) -> str:
    """Return by how many seconds something is more or less: `+12.5 ms`, `-2.31 s`, `+0 s`."""
    return f"{'' if seconds < 0 else '+'}{format_duration(seconds)}"


def format_moment(seconds: float) -> str:
    """Return a time from the trigger, to a millisecond: `0.300 s`, `-1.250 s`."""
    return f"{_rounded(seconds, 3)} s"


def format_figure(seconds: float, resolution: float) -> str:
    """Return what was measured, with its resolution in one digit: `2.31 s ±0.004`, `0 to 0.02 s`.

    What may have been nothing at all is shown as its interval. The resolution is never rounded to
    nothing, because no figure is exact.
    """
    if resolution > seconds:
        return f"0 to {_one_digit(seconds + resolution)} s"
    size = _rounded(seconds, 2 if seconds >= 1 else 3) if seconds else "0"
    return f"{size} s ±{_one_digit(resolution)}"


def _one_digit(seconds: float) -> str:
    """Return seconds with their first digit, from a second on with tenths."""
    if seconds >= 1:
        return _rounded(seconds, 1)
    least = max(seconds, 0.0001)
    digits = next(digits for digits in range(1, 5) if least >= 10**-digits)
    return f"{float(_rounded(least, digits)):g}"


def _rounded(value: float, digits: int) -> str:
    """Return a number with so many decimals, a half rounded up: the page's script does the same."""
    scale = 10**digits
    return f"{math.floor(value * scale + 0.5) / scale:.{digits}f}"
