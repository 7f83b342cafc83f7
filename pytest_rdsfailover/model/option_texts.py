"""What the texts of options stand for, by their kinds.

Two kinds are read above this room: regions and rules of comparison.
"""

from collections.abc import Callable, Mapping

from pytest_rdsfailover.model import options
from pytest_rdsfailover.model.durations import parse_duration, parse_share
from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.model.paths import absolute_path
from pytest_rdsfailover.model.settings import check_rate

SWITCHES = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


def _count(text: str) -> int:
    try:
        return int(_of_ascii(text))
    except ValueError:
        raise SettingError(f"{text!r} is not a whole number") from None


def _rate(text: str) -> float:
    try:
        rate = float(_of_ascii(text))
    except ValueError:
        raise SettingError(f"{text!r} is not a number of writes per second") from None
    check_rate(rate)
    return rate


def _switch(text: str) -> bool:
    if text.lower() not in SWITCHES:
        raise SettingError(f"{text!r} is neither yes nor no")
    return SWITCHES[text.lower()]


def _names(text: str) -> tuple[str, ...]:
    names = tuple(filter(None, (name.strip() for name in text.split(","))))
    if not names:
        raise SettingError(
            f"{text!r} names nothing; give names with commas between, or leave it out"
        )
    return names


def _of_ascii(text: str) -> str:
    """Return a number's text; other scripts have digits too, which only Python takes for some."""
    if not text.isascii():
        raise ValueError(text)
    return text


PARSERS: Mapping[str, Callable[[str], object]] = {
    options.TEXT: str,
    options.SWITCH: _switch,
    options.COUNT: _count,
    options.RATE: _rate,
    options.SHARE: parse_share,
    options.DURATION: parse_duration,
    options.NAMES: _names,
    options.PATH: absolute_path,
}
