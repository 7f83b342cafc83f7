"""The command that takes a trial again: same cluster, limits and sampled durations, no secret."""

import shlex
from collections.abc import Iterator
from dataclasses import fields
from decimal import Decimal

from pytest_rdsfailover.model.live_settings import COMPANIONS, FIELDS, LiveSettings, flag
from pytest_rdsfailover.model.settings import LIVE_BOUND, LIVE_RATE, LOCAL_ONLY, Settings

# The settings that decide a trial, or its verdict. Where reports go decides none.
SHARES = ("calm_errors", "calm_not_issued")
REPEATED = (
    "profile", "blue_green", "seed", "toxiproxy", "aurora", "instances", "port", "aws_names", "writers", "rate", "warmup",
    "cooldown", "bound", *SHARES, "trials", "spacing", "strict",
)  # fmt: skip
ALWAYS = {"profile", "seed", *COMPANIONS}


def command(settings: Settings, test: str) -> str:
    """Return the command for a shell that runs one test as this run did.

    A URL in which a password may be is left out: a server's always, another if somebody is named
    in it.

    Args:
        settings: the run's.
        test: the test's node id.
    """
    live = settings.live
    words = ["pytest", test, *_run(settings)]
    if live is not None:
        words += ["--rds-live", *_live(live)]
    elif settings.server is not None and "://" not in settings.server:
        words.append(f"--rds-server={settings.server}")
    return shlex.join(words)


def _run(settings: Settings) -> Iterator[str]:
    """Yield the options of any run that are not as usual."""
    usual = {field.name: field.default for field in fields(Settings)}
    if settings.live is not None:
        usual |= {"rate": LIVE_RATE, "bound": LIVE_BOUND}
    for name in REPEATED:
        value = getattr(settings, name)
        if settings.live is not None and name in LOCAL_ONLY:
            continue
        if name == "rate" and settings.open_rate not in (None, value):
            yield f"--rds-load={'precise' if value else 'closed'}"  # `--rds-rate` cannot say that
        elif name in ALWAYS or value != usual[name]:
            yield from _option(name, value)


def _live(live: LiveSettings) -> Iterator[str]:
    """Yield what says which cluster may be touched, and within which limits."""
    for field in fields(LiveSettings):
        value = getattr(live, field.name)
        if field.name not in FIELDS or not live.heeds(field.name):
            continue  # what waits for another trigger may not be on a command line
        if field.name in ALWAYS or value != field.default:
            yield from _option(field.name, value)


def _option(name: str, value: object) -> Iterator[str]:
    if value is True:
        yield flag(name)
    elif value is not None and not ("://" in str(value) and "@" in str(value)):
        yield f"{flag(name)}={_text(name, value)}"


def _text(name: str, value: object) -> str:
    """Return a value as its option is written, exactly."""
    if isinstance(value, tuple):
        return ",".join(value)
    if name in SHARES:
        return f"{(Decimal(repr(value)) * 100).normalize():f}%"
    if isinstance(value, float) and name != "rate":  # every other one is a number of seconds
        return f"{Decimal(repr(value)):f}".removesuffix(".0") + "s"
    return str(value)
