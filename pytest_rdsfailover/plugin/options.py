"""The options of `model/options.py` as pytest has them: a flag, an environment variable, an ini value.

Every pytest run imports this, so it is little; `option_values.py` reads the texts.
"""

import os
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pytest_rdsfailover.model.options import NAMES, OPTIONS, SWITCH, Option

SEED, STARTED = "rds_seed", "rds_started"  # among what a controller tells its workers


def add(parser: pytest.Parser) -> None:
    """Register every option, and an ini value of the same name."""
    group = parser.getgroup("rdsfailover", "database failover (pytest-rdsfailover)")
    for option in OPTIONS:
        value: dict[str, Any] = {"metavar": option.metavar}
        if option.kind == SWITCH:
            value = {"action": "store_const", "const": "yes"}
        group.addoption(option.flag, dest=option.dest, help=option.help, **value)
        parser.addini(option.dest, option.help, default=None)


class Given(NamedTuple):
    """An option's text, and where it was given.

    Attributes:
        source: the flag, the variable or the ini value.
        text: what is written there; a TOML file may hold something else than a text.
        base: the directory that a relative path is meant from: an ini's own, else pytest's.
    """

    source: str
    text: Any
    base: Path


def given(config: pytest.Config) -> dict[Option, Given]:
    """Return the options that were given.

    The first source that has one wins: the command line, the environment, the ini file.
    """
    found = ((option, _find(config, option)) for option in OPTIONS)
    return {option: where for option, where in found if where is not None}


def _find(config: pytest.Config, option: Option) -> Given | None:
    here, text = config.invocation_params.dir, config.getoption(option.dest)
    if text is not None:
        return Given(option.flag, str(text), here)
    variable = option.dest.upper()
    if variable in os.environ:
        return Given(variable, os.environ[variable], here)
    if (text := config.getini(option.dest)) is None:
        return None
    if isinstance(text, list) and option.kind == NAMES:  # TOML has lists
        text = ",".join(map(str, text))
    typed = config.getoption("override_ini", None) or ()
    if config.inipath is None or any(setting.startswith(f"{option.dest}=") for setting in typed):
        return Given(f"-o {option.dest}", text, here)
    return Given(f"{option.dest} (ini)", text, config.inipath.parent)


def cache_directory(config: pytest.Config) -> Path | None:
    """Return where pytest caches what outlives a run of ours; None if it caches nothing, or cannot."""
    cache = getattr(config, "cache", None)
    try:
        return None if cache is None else Path(cache.mkdir("rdsfailover"))
    except OSError:
        return None
