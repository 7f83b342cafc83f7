"""Failover profiles held to what they said when the baseline of a run was saved."""

import functools
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_rdsfailover.local.profiles.profiles import Profile, load_profile
from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.model.settings import Settings

if TYPE_CHECKING:
    from pytest_rdsfailover.report.baseline import Baseline


def check_profile(settings: Settings, name: str, root: Path) -> Profile:
    """Return a profile that a run may play.

    Args:
        settings: the run's.
        name: of the profile, or its path.
        root: the project's folder, which has the baselines.

    Raises:
        SettingError: if there is none, if it says something else than in the run's baseline, or if
            that cannot be read.
    """
    profile = load_profile(name)
    if settings.compare is not None:
        kept = _baseline(settings.compare, root)
        if not settings.compare_anyway:
            _check_same(profile, kept, settings.compare)
    return profile


def _baseline(name: str, root: Path) -> "Baseline":
    """Return a baseline, read once as long as it is the same: thousands of tests may ask."""
    from pytest_rdsfailover.report import baseline

    path = baseline.path_of(name, root)
    try:
        found = path.stat()
    except OSError:
        return baseline.read(path)  # says why it cannot be read
    return _read(path, (found.st_ino, found.st_mtime_ns, found.st_size))


@functools.lru_cache(maxsize=1)
def _read(path: Path, _written: tuple[int, ...]) -> "Baseline":
    from pytest_rdsfailover.report import baseline

    return baseline.read(path)


def _check_same(profile: Profile, kept: "Baseline", name: str) -> None:
    before = {
        load["profile"]
        for trial, load in zip(kept["document"]["trials"], kept["loads"], strict=True)
        if trial["profile"] == profile.name and "profile" in load
    }
    if before and profile.fingerprint not in before:
        raise SettingError(
            f"--rds-compare: the profile {profile.name} says something else than when the baseline"
            f" {name} was saved; --rds-save makes a new one, --rds-compare-anyway compares all the same"
        )
