"""What the texts of options stand for, by their kinds.

Two kinds are read above this room: regions and rules of comparison.
"""

import re
from collections.abc import Callable, Mapping

from pytest_rdsfailover.model import options
from pytest_rdsfailover.model.durations import parse_duration, parse_share
from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.model.paths import absolute_path
from pytest_rdsfailover.model.settings import check_rate

WHOLE = re.compile(r"\s*[+-]?[0-9]{1,18}\s*")  # no digits of other scripts
SWITCHES = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


def _count(text: str) -> int:
    if WHOLE.fullmatch(text) is None:
        raise SettingError(f"{text!r} is not a whole number")
    return int(text)


def _rate(text: str) -> float:
    try:
        rate = float(text.encode("ascii"))  # no digits of other scripts
    except ValueError:
        raise SettingError(f"{text!r} is not a number of writes per second") from None
    check_rate(rate)
    return rate


def _switch(text: str) -> bool:
    if text.lower() not in SWITCHES:
        raise SettingError(f"{text!r} is neither yes nor no")
    return SWITCHES[text.lower()]


def _names(text: str) -> tuple[str, ...]:
    found = tuple(name.strip() for name in text.split(","))
    if not all(found):
        raise SettingError(
            f"{text!r} lacks a name: write names with commas between them, or leave the option out of"
            " the command line, the environment and the ini file"
        )
    return found


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
