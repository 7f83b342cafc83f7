"""`rdsfailover compare`: the scenarios of two result documents beside each other."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from pytest_rdsfailover.analysis.statistics import median, median_interval
from pytest_rdsfailover.cli.inputs import result, sound
from pytest_rdsfailover.model.durations import (
    format_change,
    format_difference,
    format_duration,
)
from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.model.shown import one_line
from pytest_rdsfailover.report import tables
from pytest_rdsfailover.report.matching import Match, Matching, matched
from pytest_rdsfailover.report.scenarios import Scenario, compared, scenarios
from pytest_rdsfailover.report.schema import RunDocument

REMEDY = "; --anyway compares them all the same"


def compare(before: Path, after: Path, *, anyway: bool) -> list[str]:
    """Return lines that put each scenario of one run beside the same scenario of another run.

    Args:
        before: result document of the baseline.
        after: result document of the candidate.
        anyway: whether to compare even runs that differ in mode, endpoint or profile.

    Raises:
        ArchiveError: if a file is no result document.
        SettingError: if the runs cannot be compared.
    """
    a, b = result(before), result(after)
    try:
        with sound(before, after):
            return _compared(a, b, (before, after), anyway=anyway)
    except SettingError as error:  # names scenarios and profiles, which are texts of the files
        raise SettingError(one_line(str(error))) from None


def _compared(
    a: RunDocument, b: RunDocument, names: tuple[Path, Path], *, anyway: bool
) -> list[str]:
    found = matched(scenarios(a["trials"]), scenarios(b["trials"]))
    pairs = [*found.pairs, *(match for match in found.likely if anyway or not match.is_renamed)]
    if not pairs:
        guesses = [
            f"; {match.after.key} may be {match.before.key}{REMEDY}" for match in found.likely
        ]
        hint = guesses[0] if guesses else ""
        raise SettingError(f"{names[0]} and {names[1]} have no scenario in common{hint}")
    if not anyway:
        _check_modes(a, b)
        for match in pairs:
            _check(match)
    lines = [line for match in pairs for line in _scenario(match)]
    return [*lines, *_differences(a, b), *_only(found, pairs)]


def _check_modes(a: RunDocument, b: RunDocument) -> None:
    if a["mode"] != b["mode"]:
        raise SettingError(f"a {a['mode']} run says nothing about a {b['mode']} one{REMEDY}")


def _check(match: Match) -> None:
    """Refuse to compare scenarios that differ in endpoint or profile."""
    old, new = match.before, match.after
    for field, before, after in (
        ("endpoint", old.endpoint, new.endpoint), ("profile", old.profile, new.profile),
    ):  # fmt: skip
        if before != after:
            raise SettingError(f"scenario {old.name}: {field} {before} is not {after}{REMEDY}")


def _scenario(match: Match) -> Iterator[str]:
    old, new = match.before, match.after
    yield f"{new.name}, which may have been {old.key}:" if match.is_renamed else f"{new.name}:"
    for label, scenario in (("before", old), ("after", new)):
        headline, *details = _sample(scenario)
        yield f"  {label:6}  {headline}"
        lost = [keys for trial in scenario.trials if (keys := trial["lost"]) is not None]
        counted = str(sum(map(len, lost))) if len(lost) == len(scenario.trials) else "?"
        counts = scenario.population
        details += [f"{counted} lost, {counts.invalid} invalid, {counts.unreliable} unreliable"]
        yield from (f"          {line}" for line in details)
    yield from (f"  {line}" for line in _change(old, new))


def _sample(scenario: Scenario) -> list[str]:
    downtimes, found = sorted(scenario.downtimes), scenario.population
    if not downtimes:
        return ["no valid trial"]
    interval = median_interval(downtimes)
    between = "needs 6 trials" if interval is None else " to ".join(map(format_duration, interval))
    return [
        (
            f"median {format_duration(median(downtimes))} (95 %: {between}),"
            f" max {format_duration(downtimes[-1])}"
        ),
        (
            f"{found.zero} of {found.trials} without downtime"
            f" (95 %: {100 * found.zero_low:.1f} to {100 * found.zero_high:.1f} %)"
        ),
    ]


def _change(old: Scenario, new: Scenario) -> list[str]:
    if not old.downtimes or not new.downtimes:
        return ["change  unknown"]
    found = compared(old, new)
    share = "" if found.change is None else f" ({format_change(found.change)})"
    between = (
        "one trial has no interval"
        if found.low is None or found.high is None
        else f"95 %: {format_difference(found.low)} to {format_difference(found.high)}"
    )
    return [
        f"change  {format_difference(found.difference)}{share} of the median ({between})",
        f"        p = {found.p_value:.4f}, the chance of this if nothing had changed",
        *([f"        {tables.counts(found)}"] if found.pairs else []),
        *(f"        note: {scenario.problem} {side}" for scenario, side in ((old, "before"), (new, "after"))
          if scenario.problem),
    ]  # fmt: skip


def _differences(a: RunDocument, b: RunDocument) -> Iterator[str]:
    """Yield the versions that differ between the runs, because they may explain a change."""
    for name in sorted({*a["versions"], *b["versions"]}):
        before, after = (run["versions"].get(name, "absent") for run in (a, b))
        if before != after:
            yield f"note: {name} was {before}, is {after}"


def _only(found: Matching, pairs: Sequence[Match]) -> Iterator[str]:
    left = [match for match in found.likely if match not in pairs]
    for scenario in (*found.missing, *(match.before for match in left)):
        yield f"note: {scenario.key} is in the first document only"
    for scenario in (*found.added, *(match.after for match in left)):
        yield f"note: {scenario.key} is in the second document only"
