"""A run kept as a baseline, and a later run measured against it."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from pytest_rdsfailover.analysis.population import population
from pytest_rdsfailover.model.durations import format_duration, parse_duration
from pytest_rdsfailover.model.errors import ArchiveError, SettingError
from pytest_rdsfailover.model.files import read_json, write_text
from pytest_rdsfailover.model.records import LoadDocument
from pytest_rdsfailover.model.typed import NotOfTypeError, typed
from pytest_rdsfailover.report import tables
from pytest_rdsfailover.report.scenarios import Scenario, compared, scenarios
from pytest_rdsfailover.report.schema import RunDocument

FOLDER = "rds-baselines"  # in the project's root, to be committed
FORMAT = 1
FIGURES = ("median", "p95", "max")
RULE = re.compile(r"(?P<figure>\w+):(?P<growth>.+)")
PERCENT = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?\s*%")


class Machine(TypedDict):
    """What decides how fast a machine is, as far as it may be told."""

    system: str
    machine: str
    cpus: int | None


class Baseline(TypedDict):
    """A run as it is kept.

    Attributes:
        baseline: the format of the file.
        machine: what the run ran on.
        loads: rate and writers of each of its trials.
        document: its result document.
    """

    baseline: int
    machine: Machine
    loads: list[LoadDocument]
    document: RunDocument


class Conditions(TypedDict):
    """What must be the same for two scenarios to be compared."""

    mode: str
    profile: str
    endpoint: str
    rate: list[float]
    writers: list[int]


@dataclass(frozen=True, slots=True)
class Rule:
    """A growth that fails the run.

    Attributes:
        figure: `median`, `p95` or `max` of the downtimes of a scenario.
        factor: the share of the baseline by which it may grow, if *seconds* is None.
        seconds: the seconds by which it may grow; None for a share.
        text: the rule as it was written.
    """

    figure: str
    factor: float
    seconds: float | None
    text: str

    def allowed(self, before: float) -> float:
        """Return the largest figure that passes, given the one of the baseline."""
        return before * (1 + self.factor) if self.seconds is None else before + self.seconds


@dataclass(frozen=True, slots=True)
class Report:
    """What a comparison with a baseline says.

    Attributes:
        lines: for people.
        problems: what fails the run: growths beyond a rule, and what could not be compared.
    """

    lines: list[str]
    problems: list[str]


def parse_rules(text: str) -> tuple[Rule, ...]:
    """Return the rules of a text such as `median:10%,max:500ms`.

    Raises:
        SettingError: if it is none.
    """
    return tuple(_parse_rule(part.strip()) for part in text.split(","))


def _parse_rule(text: str) -> Rule:
    match = RULE.fullmatch(text)
    if match is None or match["figure"] not in FIGURES:
        raise SettingError(
            f"{text!r} is no rule; write median:10% or max:500ms (known: {', '.join(FIGURES)})"
        )
    growth = match["growth"].strip()
    if not growth.endswith("%"):
        return Rule(match["figure"], 0.0, parse_duration(growth), text)
    if PERCENT.fullmatch(growth) is None:  # no growth would ever exceed nan or inf
        raise SettingError(f"{growth!r} is no share by which a figure may grow; write 10%")
    return Rule(match["figure"], float(growth[:-1]) / 100, None, text)


def path_of(name: str, root: Path) -> Path:
    """Return where a baseline is kept: a name in the project's folder of them, or a path."""
    if name.endswith(".json") or "/" in name:
        return root / name
    return root / FOLDER / f"{name}.json"


def baseline(document: RunDocument, loads: Sequence[LoadDocument], machine: Machine) -> Baseline:
    """Return a run as a baseline.

    Args:
        document: the run's result document.
        loads: `rate` and `writers` of each of its trials.
        machine: what it ran on.
    """
    return {
        "baseline": FORMAT,
        "machine": machine,
        "loads": list(loads),
        "document": document,
    }


def write(path: Path, content: Baseline) -> None:
    """Write a baseline, and the folder that it needs.

    Raises:
        FileWriteError: if it cannot be written.
    """
    write_text(path, json.dumps(content, indent=1) + "\n")


def read(path: Path) -> Baseline:
    """Return a baseline.

    Raises:
        SettingError: if there is none, or if it is of another format.
    """
    try:
        content = read_json(path)
    except ArchiveError as error:
        raise SettingError(f"the baseline {error}; --rds-save makes one") from None
    if not isinstance(content, dict) or content.get("baseline") != FORMAT:
        raise SettingError(f"{path} is no baseline of format {FORMAT}; --rds-save makes one")
    try:
        return typed(Baseline, content, "the baseline")
    except NotOfTypeError as error:
        raise SettingError(f"{path} is no whole baseline: {error}; --rds-save makes one") from None


def compare_with(
    before: Baseline, after: Baseline, rules: Sequence[Rule], *, anyway: bool = False
) -> Report:
    """Return how a run differs from a baseline; both as `baseline` makes them.

    Scenarios are matched by name. Those under other conditions are refused, unless *anyway*.
    """
    report = Report(_differences(before, after), [])
    old = {new.name: new for new in scenarios(before["document"]["trials"])}
    for new in scenarios(after["document"]["trials"]):
        kept = old.pop(new.name, None)
        if kept is None:
            report.lines.append(f"{new.name}: not in the baseline")
            continue
        conflict = _conflict(_conditions(before, kept), _conditions(after, new))
        if conflict and not anyway:
            report.problems.append(
                f"{new.name}: not compared, {conflict}; --rds-compare-anyway does it all the same"
            )
        elif not kept.downtimes or not new.downtimes:
            report.problems.append(f"{new.name}: not compared, no valid trial on one side")
        else:
            if conflict:
                report.lines.append(f"{new.name}: warning, {conflict}")
            _measure(report, kept, new, rules)
    report.lines.extend(f"{name}: only in the baseline" for name in old)
    return report


def _measure(report: Report, old: Scenario, new: Scenario, rules: Sequence[Rule]) -> None:
    difference = compared(old, new)
    report.lines.extend(tables.comparison("the baseline", new.name, difference))
    for side, scenario in (("in the baseline", old), ("in this run", new)):
        if scenario.problem:
            report.problems.append(f"{new.name}: {scenario.problem} {side}, which proves nothing")
    before, after = population(old.downtimes), population(new.downtimes)
    for rule in rules:
        was, now = getattr(before, rule.figure), getattr(after, rule.figure)
        if now > rule.allowed(was):
            report.problems.append(
                f"{new.name}: {rule.figure} grew from {format_duration(was)} to"
                f" {format_duration(now)}, beyond {rule.text}"
            )


def _conditions(run: Baseline, scenario: Scenario) -> Conditions:
    loads = [run["loads"][place] for place in scenario.places]
    return {
        "mode": run["document"]["mode"],
        "profile": scenario.profile,
        "endpoint": scenario.endpoint,
        "rate": sorted({load["rate"] for load in loads}),
        "writers": sorted({load["writers"] for load in loads}),
    }


def _conflict(before: Conditions, after: Conditions) -> str:
    """Return which conditions differ; empty if none does."""
    return ", ".join(
        f"{name} was {_text(was)} and is {_text(now)}" for name, was, now in _changed(before, after)
    )


def _text(value: object) -> str:
    return ", ".join(f"{number:g}" for number in value) if isinstance(value, list) else str(value)


def _differences(before: Baseline, after: Baseline) -> list[str]:
    """Return warnings: parts of the machine and versions that differ, though runs can be compared."""
    pairs = [
        *_changed(before["machine"], after["machine"]),
        *_changed(before["document"]["versions"], after["document"]["versions"]),
    ]
    return [f"warning: {name} was {old!r} and is {new!r}" for name, old, new in pairs]


def _changed(
    before: Mapping[str, object], after: Mapping[str, object]
) -> list[tuple[str, object, object]]:
    names = dict.fromkeys([*before, *after])
    return [
        (name, before.get(name), after.get(name))
        for name in names
        if before.get(name) != after.get(name)
    ]
