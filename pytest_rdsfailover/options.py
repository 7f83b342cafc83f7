"""Options, environment variables and ini values, parsed once into `Settings`.

Precedence: argument of a fixture, marker, command line, environment, ini file, default.
"""

import os
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from pytest_rdsfailover.errors import SettingError
from pytest_rdsfailover.settings import Settings, parse_duration

SEED = "rds_seed"  # among what a controller tells its workers


def _count(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise SettingError(f"{text!r} is not a whole number") from None


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        raise SettingError(f"{text!r} is not a number of writes per second") from None
    if rate <= 0:
        raise SettingError(f"a load needs a rate above 0 writes per second, not {rate:g}")
    return rate


@dataclass(frozen=True, slots=True)
class Option:
    """One setting as users write it: `--rds-NAME`, `RDS_NAME`, ini `rds_name`.

    Attributes:
        name: the field of `Settings`.
        metavar: what stands for its value in the help.
        parse: turns the text into the setting, or raises `SettingError`.
        help: one sentence for `--help`.
    """

    name: str
    metavar: str
    parse: Callable[[str], object]
    help: str

    @property
    def flag(self) -> str:
        """Return the command line flag."""
        return "--rds-" + self.name.replace("_", "-")

    @property
    def dest(self) -> str:
        """Return the name among pytest's options and ini values."""
        return f"rds_{self.name}"


OPTIONS = (
    Option("profile", "NAME", str, "failover profile, by name or path of a .toml file (quick)"),
    Option("seed", "N", _count, "decides every sampled duration (random, printed in the header)"),
    Option("server", "PATH|URL", str, "mysqld or mariadbd, or mysql://user:pw@host:port (PATH)"),
    Option(
        "toxiproxy", "PATH|URL|builtin", str, "toxiproxy-server to use (one on PATH, else builtin)"
    ),
    Option("instances", "N", _count, "instances of the local cluster, 2 to 16 (2)"),
    Option("port", "N", _count, "common port of a local cluster's endpoints (any free one)"),
    Option("writers", "N", _count, "concurrent writers of a load (32)"),
    Option("rate", "N", _rate, "writes per second that all writers intend together (200)"),
    Option("load", "NAME", str, "open (at --rds-rate), precise (1000 a second) or closed (open)"),
    Option("warmup", "TIME", parse_duration, "load before the trigger (1s)"),
    Option("cooldown", "TIME", parse_duration, "load after all writers are back (500ms)"),
    Option("bound", "TIME", parse_duration, "when a trial stops waiting for writers (60s)"),
    Option("json", "PATH", str, "write the result document to PATH"),
)


def add(parser: pytest.Parser) -> None:
    """Register every option, and an ini value of the same name."""
    group = parser.getgroup("rdsfailover", "database failover (pytest-rdsfailover)")
    for option in OPTIONS:
        group.addoption(option.flag, dest=option.dest, metavar=option.metavar, help=option.help)
        parser.addini(option.dest, option.help, default=None)


def read(config: pytest.Config) -> Settings:
    """Return the run's settings.

    Raises:
        pytest.UsageError: if a value cannot be honoured; the text names where it came from.
    """
    values: dict[str, Any] = {}
    for option in OPTIONS:
        source, text = _find(config, option)
        if text is None:
            continue
        try:
            values[option.name] = option.parse(text)
        except SettingError as error:
            raise pytest.UsageError(f"{source}: {error}") from None
    # The controller of pytest-xdist has told its workers, so that all sample from one seed.
    told = getattr(config, "workerinput", {}).get(SEED)
    values.setdefault("seed", random.SystemRandom().randrange(1_000_000) if told is None else told)
    try:
        _apply_load(values)
        settings = Settings(**values)
        _look(values)
    except SettingError as error:
        raise pytest.UsageError(str(error)) from None
    return settings


def _apply_load(values: dict[str, Any]) -> None:
    """Turn the load's mode into its rate; a mode that has its own allows no other beside it."""
    mode = values.pop("load", None)
    if mode is not None:
        from pytest_rdsfailover.load.modes import rate_of

        rate = rate_of(mode, values.get("rate"))
        values |= {} if rate is None else {"rate": rate}


def _look(given: Mapping[str, Any]) -> None:
    """Raise `SettingError` if what is named is not there; costs nothing if nothing is named."""
    if "profile" in given:
        from pytest_rdsfailover.local.profiles import load_profile

        load_profile(given["profile"])
    if "server" in given:
        from pytest_rdsfailover.local.programs import find_server

        find_server(given["server"])
    if "toxiproxy" in given:
        from pytest_rdsfailover.local.network import find_toxiproxy

        find_toxiproxy(given["toxiproxy"])


def _find(config: pytest.Config, option: Option) -> tuple[str, str | None]:
    """Return where an option was given and its text; the first source that has one wins."""
    text = config.getoption(option.dest)
    if text is not None:
        return option.flag, str(text)
    variable = option.dest.upper()
    if variable in os.environ:
        return variable, os.environ[variable]
    return f"{option.dest} (ini)", config.getini(option.dest) or None
