"""The options of `model/options.py` as pytest has them: a flag, an environment variable, an ini value.

Every pytest run imports this, so it is little; `option_values.py` reads the texts.
"""

import os
from pathlib import Path
from typing import Any

import pytest

from pytest_rdsfailover.model.options import OPTIONS, SWITCH, Option

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


def given(config: pytest.Config) -> dict[Option, tuple[str, str]]:
    """Return the options that were given: where each was, and its text.

    The first source that has one wins: the command line, the environment, the ini file.
    """
    found = {}
    for option in OPTIONS:
        source, text = _find(config, option)
        if text is not None:
            found[option] = source, text
    return found


def _find(config: pytest.Config, option: Option) -> tuple[str, str | None]:
    text = config.getoption(option.dest)
    if text is not None:
        return option.flag, str(text)
    variable = option.dest.upper()
    if variable in os.environ:
        return variable, os.environ[variable]
    return f"{option.dest} (ini)", config.getini(option.dest) or None


def cache_directory(config: pytest.Config) -> Path | None:
    """Return where pytest caches what outlives a run of ours; None if it caches nothing, or cannot."""
    cache = getattr(config, "cache", None)
    try:
        return None if cache is None else Path(cache.mkdir("rdsfailover"))
    except OSError:
        return None
