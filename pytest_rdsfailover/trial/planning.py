"""Makes the plan of a load: what a test leaves open, the run's settings say."""

from dataclasses import fields
from typing import Any, cast

from pytest_rdsfailover.load.modes import rate_of
from pytest_rdsfailover.load.options import WorkloadOptions
from pytest_rdsfailover.load.workloads import OPTIONS
from pytest_rdsfailover.model.durations import parse_duration, parse_share
from pytest_rdsfailover.model.errors import SettingError, did_you_mean
from pytest_rdsfailover.model.settings import Settings
from pytest_rdsfailover.trial.options import LoadOptions
from pytest_rdsfailover.trial.plan import Plan

DURATIONS = ("warmup", "cooldown", "bound", "think")
SHARES = frozenset({"calm_errors", "calm_not_issued"})
SETTINGS = LoadOptions.__optional_keys__ & {field.name for field in fields(Settings)}


def planned(options: LoadOptions, settings: Settings) -> tuple[Plan, WorkloadOptions]:
    """Return the plan of a load, and what it does.

    Raises:
        SettingError: if an option is unknown or makes no sense.
    """
    for name in options:
        if name not in LoadOptions.__optional_keys__:
            known = sorted(LoadOptions.__optional_keys__)
            hint = did_you_mean(name, known) or f"; known: {', '.join(known)}"
            raise SettingError(f"a load has no option {name!r}{hint}")
    # What a test wrote may be of any type; the plan refuses what no load can do.
    asked: dict[str, Any] = {name: value for name, value in options.items() if name not in OPTIONS}
    if "load" in asked:
        rate = rate_of(asked.pop("load"), asked.get("rate"))
        asked["rate"] = _open_rate(settings) if rate is None else rate
    for name in DURATIONS:
        if isinstance(asked.get(name), str):
            asked[name] = parse_duration(asked[name])
    for name in SHARES & asked.keys():
        asked[name] = parse_share(asked[name])
    usual = {name: getattr(settings, name) for name in SETTINGS}
    workload = {name: value for name, value in options.items() if name in OPTIONS}
    return Plan(**(usual | asked), seed=settings.seed), cast("WorkloadOptions", workload)


def _open_rate(settings: Settings) -> float:
    """Return the rate of a test that asks for an open load, whatever mode the run has."""
    return settings.rate if settings.open_rate is None else settings.open_rate
