"""Whether pytest has read the project's own ini file: a path among the options may lead it astray.

pytest looks for its ini file before it knows our options. In `--rds-ca ../elsewhere/ca.pem` it takes
the value, if there is such a file, for a test path, and then looks for the ini file there. The gates
in the project's own are gone then. With `--rds-ca=../elsewhere/ca.pem` that does not happen.
"""

import configparser
import os
import shlex
import tomllib
import warnings
from itertools import pairwise
from pathlib import Path

import pytest

from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.model.options import OPTIONS, SWITCH

ALWAYS = ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini")
SECTIONS = {"tox.ini": "pytest", "setup.cfg": "tool:pytest"}
VALUED = frozenset(option.flag for option in OPTIONS if option.kind != SWITCH)


def check_ini(config: pytest.Config, *, live: bool) -> None:
    """Hold the ini file that pytest has read to the one of the directory that it was started in.

    A local run warns of a value that was taken for a test path. Whoever chooses the file with `-c`
    has chosen.

    Raises:
        SettingError: in live mode, if it is another.
    """
    if hasattr(config, "workerinput") or config.getoption("inifilename", None):
        return
    here = config.invocation_params.dir
    own, taken = own_ini(here), config.inipath
    if _directory(own) == _directory(taken):
        return
    stray = stray_value(config.invocation_params.args, here)
    if stray is None and (own is None or not live):
        return
    flag, value = stray or ("", "")
    cause = f"{flag} {value} was taken for a test path: write {flag}={value}" if stray else (
        "start pytest in the directory of its ini file, or choose one with -c"
    )  # fmt: skip
    text = f"pytest has read {taken or 'no ini file'} instead of {own or 'none'}; {cause}"
    if live:
        raise SettingError(f"--rds-live: {text}; the gates may be in the other one")
    warnings.warn(pytest.PytestConfigWarning(text), stacklevel=2)


def own_ini(directory: Path) -> Path | None:
    """Return the ini file of a directory, or of the nearest above it, as pytest would."""
    for place in (directory, *directory.parents):
        for name in (*ALWAYS, "pyproject.toml", *SECTIONS):
            if _is_ini(place / name):
                return place / name
    return None


def stray_value(arguments: tuple[str, ...], here: Path) -> tuple[str, str] | None:
    """Return the first of our options whose value pytest takes for a path, and the value."""
    added = shlex.split(os.environ.get("PYTEST_ADDOPTS", ""))
    for flag, value in pairwise([*added, *map(str, arguments)]):
        if flag not in VALUED or value.startswith("-"):
            continue
        # A name that is too long, or in a closed folder, is no path to pytest: Path.exists would raise.
        if os.path.exists(here / value.split("::")[0]):  # noqa: PTH110
            return flag, value
    return None


def _directory(ini: Path | None) -> Path | None:
    return None if ini is None else ini.parent.resolve()


def _is_ini(path: Path) -> bool:
    if not path.is_file():
        return False
    try:
        if path.name == "pyproject.toml":
            return "pytest" in tomllib.loads(path.read_text()).get("tool", {})
        if path.name in SECTIONS:
            parser = configparser.RawConfigParser(strict=False)
            parser.read_string(path.read_text())
            return parser.has_section(SECTIONS[path.name])
    except (OSError, ValueError, configparser.Error):
        return False  # pytest itself complains of a file that it cannot read
    return True
