"""`rdsfailover compare`: the scenarios of two result documents beside each other."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_rdsfailover.analysis.statistics import median, median_interval, wilson
from pytest_rdsfailover.commands.inputs import result
from pytest_rdsfailover.errors import SettingError
from pytest_rdsfailover.settings import format_duration

Plain = Mapping[str, Any]  # what JSON can say
SAME = ("endpoint", "profile")  # what trials must share to be compared


def compare(before: Path, after: Path, *, anyway: bool) -> list[str]:
    """Return lines that put each scenario of one run beside the same one of another.

    Args:
        before: result document of the baseline.
        after: result document of the candidate.
        anyway: whether to compare what differs in mode, endpoint or profile.

    Raises:
        ArchiveError: if a file is no result document.
        SettingError: if the runs cannot be compared.
    """
    a, b = result(before), result(after)
    names = [each["name"] for each in a["scenarios"]]
    shared = [each["name"] for each in b["scenarios"] if each["name"] in names]
    if not shared:
        raise SettingError(f"{before} and {after} have no scenario in common")
    if not anyway:
        _check(a, b, shared)
    lines = [line for name in shared for line in _scenario(name, a, b)]
    return [*lines, *_differences(a, b), *_only(names, b)]


def _check(a: Plain, b: Plain, shared: Sequence[str]) -> None:
    """Refuse to compare what is not alike."""
    remedy = "; --anyway compares them all the same"
    if a["mode"] != b["mode"]:
        raise SettingError(f"a {a['mode']} run says nothing about a {b['mode']} one{remedy}")
    for name in shared:
        for field in SAME:
            first, second = (sorted({t[field] for t in _trials(run, name)}) for run in (a, b))
            if first != second:
                raise SettingError(
                    f"scenario {name}: {field} {', '.join(first)} is not {', '.join(second)}{remedy}"
                )


def _trials(run: Plain, name: str) -> list[Plain]:
    return [trial for trial in run["trials"] if trial["scenario"] == name]


def _scenario(name: str, a: Plain, b: Plain) -> Iterator[str]:
    yield f"{name}:"
    medians = []
    for label, run in (("before", a), ("after", b)):
        trials = _trials(run, name)
        downtimes = sorted(trial["downtime_s"] for trial in trials if trial["valid"])
        invalid = len(trials) - len(downtimes)
        medians.append(median(downtimes) if downtimes else None)
        first, *rest = _sample(downtimes)
        yield f"  {label:6}  {first}"
        yield from (f"          {line}" for line in rest)
        lost = [trial["lost"] for trial in trials]
        counted = "?" if None in lost else str(sum(map(len, lost)))
        yield f"          {counted} lost, {invalid} invalid"
    yield f"  change  {_change(*medians)}"


def _sample(downtimes: Sequence[float]) -> list[str]:
    if not downtimes:
        return ["no valid trial"]
    interval = median_interval(downtimes)
    between = "needs 6 trials" if interval is None else " to ".join(map(format_duration, interval))
    zero = downtimes.count(0.0)
    low, high = wilson(zero, len(downtimes))
    return [
        (
            f"median {format_duration(median(downtimes))} (95 %: {between}),"
            f" max {format_duration(downtimes[-1])}"
        ),
        (
            f"{zero} of {len(downtimes)} without downtime"
            f" (95 %: {100 * low:.1f} to {100 * high:.1f} %)"
        ),
    ]


def _change(before: float | None, after: float | None) -> str:
    if before is None or after is None:
        return "unknown"
    if before == after:
        return "none"
    sign = "+" if after >= before else "-"
    share = f" ({100 * (after - before) / before:+.0f} %)" if before else ""
    return f"{sign}{format_duration(abs(after - before))}{share} of the median"


def _differences(a: Plain, b: Plain) -> Iterator[str]:
    """Yield what else changed between the runs, because it may be why."""
    for name in sorted({*a["versions"], *b["versions"]}):
        first, second = (run["versions"].get(name, "absent") for run in (a, b))
        if first != second:
            yield f"note: {name} was {first}, is {second}"


def _only(names: Sequence[str], b: Plain) -> Iterator[str]:
    others = [each["name"] for each in b["scenarios"]]
    for name in names:
        if name not in others:
            yield f"note: {name} is in the first document only"
    for name in others:
        if name not in names:
            yield f"note: {name} is in the second document only"
