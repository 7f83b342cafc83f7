"""Options, environment variables and ini values, parsed once into `Settings`.

Precedence: argument of a fixture, marker, command line, environment, ini file, default.
"""

import os
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pytest_rdsfailover.errors import SettingError
from pytest_rdsfailover.live_settings import FIELDS, LiveSettings
from pytest_rdsfailover.resumption import latest_seed
from pytest_rdsfailover.settings import Settings, parse_duration

SWITCHES = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
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


def _region(text: str) -> str:
    from pytest_rdsfailover.local.names import check_region

    return check_region(text)


def _switch(text: str) -> bool:
    if text.lower() not in SWITCHES:
        raise SettingError(f"{text!r} is neither yes nor no")
    return SWITCHES[text.lower()]


def _rules(text: str) -> str:
    from pytest_rdsfailover.baseline import parse_rules

    parse_rules(text)
    return text


def _names(text: str) -> tuple[str, ...]:
    return tuple(filter(None, (name.strip() for name in text.split(","))))


@dataclass(frozen=True, slots=True)
class Option:
    """One setting as users write it: `--rds-NAME`, `RDS_NAME`, ini `rds_name`.

    Attributes:
        name: the field of `Settings`, or of its `live`.
        metavar: what stands for its value in the help; empty for a switch.
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


LIVE_OPTIONS = (
    Option(
        "live", "", _switch, "use a real Aurora cluster; needs cluster, account, region, schema"
    ),
    Option("cluster", "ID", str, "live: identifier of the cluster"),
    Option("account", "N", str, "live: the only account in which anything may be done"),
    Option("region", "NAME", str, "live: region of the cluster"),
    Option("schema", "NAME", str, "live: schema in which the load creates its own table"),
    Option("proxy_name", "NAME", str, "live: the RDS Proxy in front of the cluster"),
    Option("auth", "KIND", str, "live: password from secret, iam or environment (secret)"),
    Option("secret", "ARN", str, "live: secret to read (the cluster's or the proxy's own)"),
    Option("user", "NAME", str, "live: database user, where no secret names it"),
    Option("ca", "PATH", str, "live: PEM file to trust besides the system's authorities"),
    Option("tls", "KIND", str, "live: verify, or off for a stand-in region (verify)"),
    Option("endpoint_url", "URL", str, "live: where a stand-in region answers instead of AWS"),
    Option("dry_run", "", _switch, "live: describe what would be done, do nothing, skip"),
    Option("trigger", "KIND", str, "live: failover, fis, reboot or crash (failover)"),
    Option("fis_template", "ID", str, "live: experiment template for the trigger fis"),
    Option("allow_reboot", "", _switch, "live: the trigger reboot may be used"),
    Option("allow_crash", "", _switch, "live: the trigger crash may be used"),
    Option("opt_in", "KEY=VALUE", str, "live: tag of the cluster (rdsfailover:allowed=true)"),
    Option("production_override", "ID", str, "live: the one cluster that may look like production"),
    Option("max_failovers", "N", _count, "live: triggers in this session, over all workers (1)"),
    Option("min_interval", "TIME", parse_duration, "live: between two failovers (5m)"),
    Option("max_time", "TIME", parse_duration, "live: no trigger later than this (no limit)"),
    Option("hours", "SPAN", str, "live: UTC times that allow a trigger, as 01:00-05:00 (any)"),
    Option("alarm", "NAMES", _names, "live: CloudWatch alarms that must be OK, with commas"),
    Option("kill_switch", "PATH", str, "live: a file whose existence forbids every trigger"),
    Option("audit", "PATH", str, "live: where every decision is recorded (cache directory)"),
    Option("poll", "TIME", parse_duration, "live: between two looks at the AWS API (1s)"),
    Option(
        "effect_within", "TIME", parse_duration, "live: wait before a trigger is repeated (60s)"
    ),
    Option("attempts", "N", _count, "live: how often a trigger without effect is issued (3)"),
    Option("lock_wait", "TIME", parse_duration, "live: wait for other users of the cluster (30m)"),
)
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
    Option("aws_names", "REGION", _region, "call the endpoints as AWS does there (addresses)"),
    Option("json", "PATH", str, "write the result document to PATH"),
    Option("report", "DIR", str, "write an HTML page of all trials to DIR/index.html"),
    Option("journal", "DIR", str, "write each trial's journal to a file in DIR"),
    Option("trials", "N", _count, "how often rds_trials repeats a trial (15)"),
    Option("spacing", "TIME", parse_duration, "rest between two repeats (200ms)"),
    Option("resume", "", _switch, "take up the trials of the run that was interrupted last"),
    Option("markdown", "PATH", str, "write the summary to PATH as Markdown, for CI job pages"),
    Option("save", "NAME", str, "keep this run as a baseline: a name or a path"),
    Option("compare", "NAME", str, "compare this run with a baseline"),
    Option(
        "compare_fail",
        "RULES",
        _rules,
        "growths over the baseline that fail the run, as max:500ms or with a percent sign",
    ),
    Option("compare_anyway", "", _switch, "compare even if mode, profile, rate or writers differ"),
    Option("record", "PATH", str, "write a failover profile of what the trials measured to PATH"),
    *LIVE_OPTIONS,
)


def add(parser: pytest.Parser) -> None:
    """Register every option, and an ini value of the same name."""
    group = parser.getgroup("rdsfailover", "database failover (pytest-rdsfailover)")
    for option in OPTIONS:
        value: dict[str, Any] = {"metavar": option.metavar}
        if not option.metavar:
            value = {"action": "store_const", "const": "yes"}
        group.addoption(option.flag, dest=option.dest, help=option.help, **value)
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
    if told is None and values.get("resume"):
        told = latest_seed(cache_directory(config))
    values.setdefault("seed", random.SystemRandom().randrange(1_000_000) if told is None else told)
    try:
        live = _live(config, values)
        _apply_load(values)
        settings = Settings(**values, live=live)
        _look(values, config.rootpath)
    except SettingError as error:
        raise pytest.UsageError(str(error)) from None
    return settings


LOCAL_ONLY = ("profile", "server", "toxiproxy", "instances", "port", "aws_names")
LIVE_BOUND = 300.0  # seconds: a real failover may take half a minute to be felt at all


def _live(config: pytest.Config, values: dict[str, Any]) -> LiveSettings | None:
    """Take what concerns live mode out of *values*; return it, or None in local mode.

    In an ini file or the environment both modes' settings may wait side by side; on the command
    line those of the other mode are a mistake.

    Raises:
        SettingError: if the command line contradicts itself, or a companion is missing.
    """
    found = {option.name: values.pop(option.name, None) for option in LIVE_OPTIONS}
    live = found.pop("live")
    others = LOCAL_ONLY if live else tuple(found)
    typed = [option.flag for option in OPTIONS
             if option.name in others and config.getoption(option.dest) is not None]  # fmt: skip
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
    return LiveSettings(**{name: found[name] for name in FIELDS if found[name] is not None})


def cache_directory(config: pytest.Config) -> Path | None:
    """Return where pytest caches what outlives a run of ours; None if it caches nothing."""
    cache = getattr(config, "cache", None)
    return None if cache is None else Path(cache.mkdir("rdsfailover"))


def _apply_load(values: dict[str, Any]) -> None:
    """Turn the load's mode into its rate; a mode that has its own allows no other beside it."""
    mode = values.pop("load", None)
    if mode is not None:
        from pytest_rdsfailover.load.modes import rate_of

        rate = rate_of(mode, values.get("rate"))
        values |= {} if rate is None else {"rate": rate}


def _look(given: Mapping[str, Any], root: Path) -> None:
    """Raise `SettingError` if what is named is not there; costs nothing if nothing is named."""
    if "profile" in given:
        from pytest_rdsfailover.local.profiles import load_profile

        load_profile(given["profile"])
    if "compare" in given:
        from pytest_rdsfailover import baseline

        baseline.read(baseline.path_of(given["compare"], root))
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
