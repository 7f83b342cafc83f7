"""What the options stand for: texts from anywhere, read once into `Settings`.

Precedence: argument of a fixture, marker, command line, environment, ini file, default.
"""

import os
import random
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import pytest

from pytest_rdsfailover.model import option_texts, options
from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.model.live_settings import FIELDS, HEEDED_BY, LiveSettings
from pytest_rdsfailover.model.options import LIVE_OPTIONS, OPTIONS
from pytest_rdsfailover.model.paths import absolute_path, shown_path
from pytest_rdsfailover.model.settings import (
    LIVE_BOUND,
    LIVE_RATE,
    LOCAL_ONLY,
    RATE,
    Settings,
)
from pytest_rdsfailover.plugin.ini_choice import check_ini
from pytest_rdsfailover.plugin.options import SEED, STARTED, cache_directory
from pytest_rdsfailover.plugin.options import given as given_options
from pytest_rdsfailover.trial.resume import latest_seed

FILES = {"json", "markdown", "record"}  # what the end of the run writes
DIRECTORIES = {"report", "journal"}
WRITTEN = FILES | DIRECTORIES
# What `Settings` judges without naming it.
ALONE = {"instances", "trials", "port", "writers", "warmup", "cooldown", "spacing", "bound"}


def read(config: pytest.Config) -> Settings:
    """Return the run's settings.

    Raises:
        pytest.UsageError: if a value cannot be honoured; the text names where it came from.
    """
    values, sources = _parsed(config)
    try:
        check_ini(config, live=bool(values.get("live")))  # first: what is missing may stand in it
    except SettingError as error:
        raise pytest.UsageError(str(error)) from None
    # The controller of pytest-xdist has told its workers, so that all sample from one seed.
    told = getattr(config, "workerinput", {}).get(SEED)
    if told is None and values.get("resume"):
        told = latest_seed(cache_directory(config))
    if told is None and "seed" not in values:
        told = _seed_of_baseline(config, values)
    values.setdefault("seed", random.SystemRandom().randrange(1_000_000) if told is None else told)
    try:
        _check_baseline(config, values)
        live = _live(config, values)
        _apply_load(values, RATE if live is None else LIVE_RATE)
        settings = Settings(**values, live=live)
        _look(values, settings, config.rootpath, sources)
    except SettingError as error:
        raise pytest.UsageError(str(error)) from None
    return settings


def _parsed(config: pytest.Config) -> tuple[dict[str, Any], dict[str, str]]:
    """Return what each option that was given stands for, and where it was given."""
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for option, (source, text, base) in given_options(config).items():
        sources[option.name] = source
        try:
            values[option.name] = _value(option, text, base)
            if option.name in ALONE:
                Settings(**{option.name: values[option.name]})
        except SettingError as error:
            raise pytest.UsageError(f"{source}: {error}") from None
    return values, sources


def _value(option: options.Option, text: object, base: Path) -> object:
    if not isinstance(text, str):
        raise SettingError(f"{text!r} is no text: write one value, in quotes")
    if option.kind == options.PATH:
        return absolute_path(text, base)
    return PARSERS[option.kind](text)


def _seed_of_baseline(config: pytest.Config, values: Mapping[str, Any]) -> int | None:
    """Return the seed of the baseline: trials of the same failovers tell a growth from chance."""
    if "compare" not in values:
        return None
    from pytest_rdsfailover.report import baseline

    try:
        path = baseline.path_of(values["compare"], config.rootpath)
        return baseline.read(path)["document"]["seed"]
    except SettingError as error:
        raise pytest.UsageError(str(error)) from None


def _region(text: str) -> str:
    from pytest_rdsfailover.local.dns.names import check_region

    return check_region(text)


def _rules(text: str) -> str:
    from pytest_rdsfailover.report.rules import parse_rules

    parse_rules(text)
    return text


PARSERS: Mapping[str, Callable[[str], object]] = {
    **option_texts.PARSERS,
    options.REGION: _region,
    options.RULES: _rules,
}


def _check_baseline(config: pytest.Config, values: Mapping[str, Any]) -> None:
    """Raise `SettingError` if the command line says how to use a baseline, but names none."""
    for needed, names in (
        ("compare", ("compare_fail", "compare_anyway")),
        ("save", ("save_anyway",)),
    ):
        typed = _typed(config, names)
        if typed and needed not in values:
            raise SettingError(f"{', '.join(typed)}: with which baseline? add --rds-{needed}=NAME")


def _live(config: pytest.Config, values: dict[str, Any]) -> LiveSettings | None:
    """Take what concerns live mode out of *values*; return it, or None in local mode.

    In an ini file or the environment both modes' settings may wait side by side; on the command
    line those of the other mode are a mistake.

    Raises:
        SettingError: if the command line contradicts itself, or a companion is missing.
    """
    found = {option.name: values.pop(option.name, None) for option in LIVE_OPTIONS}
    live = found.pop("live")
    typed = _typed(config, LOCAL_ONLY if live else tuple(found))
    if typed and live:
        raise SettingError(f"{', '.join(typed)}: not with --rds-live, they are for local clusters")
    if typed:
        raise SettingError(f"{', '.join(typed)}: only with --rds-live")
    if not live:
        return None
    for name in LOCAL_ONLY:
        values.pop(name, None)
    values.setdefault("bound", LIVE_BOUND)
    found["alarms"] = found.pop("alarm")
    given = {name: found[name] for name in FIELDS if found[name] is not None}
    told = getattr(config, "workerinput", {}).get(STARTED)
    settings = LiveSettings(**given, **({} if told is None else {"started": told}))
    _check_heeded(config, settings)
    return settings


def _typed(config: pytest.Config, names: Collection[str]) -> list[str]:
    """Return the flags among some options that are on the command line."""
    return [option.flag for option in OPTIONS
            if option.name in names and config.getoption(option.dest) is not None]  # fmt: skip


def _check_heeded(config: pytest.Config, settings: LiveSettings) -> None:
    """Raise `SettingError` if the command line was typed for another trigger than would act."""
    for name, triggers in HEEDED_BY.items():
        if not settings.heeds(name) and (typed := _typed(config, (name,))):
            raise SettingError(
                f"{typed[0]}: only with --rds-trigger={' or '.join(triggers)}; the trigger of this"
                f" run is {settings.trigger}"
            )


def _apply_load(values: dict[str, Any], usual: float) -> None:
    """Turn the load's mode into its rate; a mode that has its own allows no other beside it.

    The rate of an open load is kept for tests that ask for an open load themselves.
    """
    mode, asked = values.pop("load", None), values.get("rate")
    values["rate"] = values["open_rate"] = usual if asked is None else asked
    if mode is not None:
        from pytest_rdsfailover.load.modes import rate_of

        rate = rate_of(mode, asked)
        values |= {} if rate is None else {"rate": rate}


def _look(
    given: Mapping[str, Any], settings: Settings, root: Path, sources: Mapping[str, str]
) -> None:
    """Raise `SettingError` if what is named is not there; costs nothing if nothing is named."""
    _check_written({name: Path(given[name]) for name in sorted(WRITTEN & given.keys())})
    for name in sorted(NAMED.keys() & given.keys()):
        try:
            NAMED[name](given[name])
        except SettingError as error:
            raise SettingError(f"{sources[name]}: {error}") from None
    if "compare" in given:
        from pytest_rdsfailover.plugin.compared_profiles import check_profile

        check_profile(settings, settings.profile, root)


def _profile(name: str) -> None:
    from pytest_rdsfailover.local.profiles.profiles import load_profile

    load_profile(name)


def _blue_green(name: str) -> None:
    from pytest_rdsfailover.local.profiles.switchovers import load_switchover

    load_switchover(name)


def _server(name: str) -> None:
    from pytest_rdsfailover.local.server.programs import find_server

    find_server(name)


def _toxiproxy(name: str) -> None:
    from pytest_rdsfailover.local.toxiproxy.program import find_toxiproxy

    find_toxiproxy(name)


NAMED: Mapping[str, Callable[[str], object]] = {
    "profile": _profile,
    "blue_green": _blue_green,
    "server": _server,
    "toxiproxy": _toxiproxy,
}


def _check_written(places: Mapping[str, Path]) -> None:
    """Raise `SettingError` if the end of the run could not write one of these, or would write two in one."""
    taken: dict[str, str] = {}
    for name, path in places.items():
        _check_reached(name, path)
        (_check_file if name in FILES else _check_directory)(name, path)
        other = taken.setdefault(os.path.realpath(path), name)
        both_directories = {other, name} == DIRECTORIES
        if other != name and not both_directories and (path.is_file() or not path.exists()):
            raise SettingError(f"--rds-{other} and --rds-{name}: both would be {shown_path(path)}")


def _check_reached(name: str, path: Path) -> None:
    """Raise `SettingError` if a name is too long, or its folder is closed to us."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return  # what is missing is made; what is no directory is named as such
    except OSError as error:
        why = error.strerror
        raise SettingError(f"--rds-{name}: {shown_path(path)} cannot be written: {why}") from None


def _check_file(name: str, path: Path) -> None:
    """Raise `SettingError` if a file cannot be written there, before the end of the run does."""
    if path.is_dir():
        raise SettingError(f"--rds-{name}: {shown_path(path)} is a directory; name a file in it")
    if path.exists() and os.access(path, os.W_OK):  # also where nothing can be added to its folder
        return
    _check_directory(name, path.parent)


def _check_directory(name: str, path: Path) -> None:
    """Raise `SettingError` if no directory can be made there."""
    nearest = next(place for place in (path, *path.parents, Path()) if place.exists())
    if not nearest.is_dir():
        raise SettingError(f"--rds-{name}: {shown_path(nearest)} is no directory")
    if not os.access(nearest, os.W_OK):
        raise SettingError(f"--rds-{name}: {shown_path(nearest)} cannot be written to")
