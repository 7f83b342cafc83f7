"""What a test's markers ask for, refused before any server starts if it cannot be."""

from typing import Any

import pytest

from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.model.settings import (
    Settings,
    check_abroad,
    check_instances,
    check_trials,
)

# A marker in any other form would be ignored, and a bound that is ignored never breaks.
ONE_ARGUMENT = {
    "rds_instances": "rds_instances(3)",
    "rds_global": "rds_global(1)",
    "rds_trials": "rds_trials(15)",
    "rds_profile": 'rds_profile("aurora")',
    "rds_aws_names": 'rds_aws_names("eu-west-1")',
}
BY_NAME = {
    "rds_expect": 'rds_expect(downtime="< 2s", lost=0)',
    "rds_proxy": "rds_proxy(require_tls=True)",
}


ABOUT_TRIALS = ("rds_expect", "rds_trials")


def fail_without_trial(item: pytest.Item) -> None:
    """Fail a test whose own markers are about trials, and that took none; those of a module may be idle."""
    for marker in item.own_markers:
        if marker.name in ABOUT_TRIALS:
            pytest.fail(
                f"{marker.name} holds nothing to anything: the test took no trial; call rds_trial,"
                " rds_trials or rds_load in it, or take the marker away",
                pytrace=False,
            )


def argument_of(item: pytest.Item, marker: str) -> Any:
    """Return the only argument of a test's marker; None if the test has none."""
    found = item.get_closest_marker(marker)
    return None if found is None else found.args[0]


def check_markers(item: pytest.Item, settings: Settings) -> None:
    """Raise `pytest.UsageError` if a marker of a test asks for what cannot be."""
    for marker in item.iter_markers():
        try:
            _check_shape(marker)
            _check_value(marker, settings, item)
        except (SettingError, TypeError) as error:
            raise pytest.UsageError(f"{item.nodeid}: {error}") from None


def _check_shape(marker: pytest.Mark) -> None:
    name = marker.name
    if name in ONE_ARGUMENT and (len(marker.args) != 1 or marker.kwargs):
        raise SettingError(f"{name} takes one argument without a name: {ONE_ARGUMENT[name]}")
    if name in BY_NAME and marker.args:
        raise SettingError(f"{name} takes arguments by name only: {BY_NAME[name]}")
    if name == "rds_expect" and not marker.kwargs:
        raise SettingError(f"rds_expect() holds trials to nothing; write {BY_NAME[name]}")


def _check_value(marker: pytest.Mark, settings: Settings, item: pytest.Item) -> None:
    """Ask whoever reads the marker later; what that takes is imported only for it."""
    match marker.name:
        case "rds_expect":
            from pytest_rdsfailover.analysis.verdicts.bounds import (
                check_resolution,
                parse_expectations,
            )

            check_resolution(parse_expectations(**marker.kwargs), settings.rate)
        case "rds_instances":
            check_instances(*marker.args)
        case "rds_global":
            check_abroad(marker.args[0], argument_of(item, "rds_instances") or settings.instances)
        case "rds_trials":
            check_trials(*marker.args)
        case "rds_profile":
            from pytest_rdsfailover.plugin.compared_profiles import check_profile

            check_profile(settings, marker.args[0], item.config.rootpath)
        case "rds_aws_names":
            from pytest_rdsfailover.local.dns.names import check_region

            check_region(*marker.args)
        case "rds_proxy":
            from pytest_rdsfailover.local.gateway.proxy.settings import ProxySettings

            ProxySettings.of(marker.kwargs)
