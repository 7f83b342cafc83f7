"""A run measured against a baseline: what differs, and which growths break a rule."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

from pytest_rdsfailover.report import tables
from pytest_rdsfailover.report.baseline import Baseline
from pytest_rdsfailover.report.matching import Match, matched
from pytest_rdsfailover.report.rules import Rule, Samples, chance_of, judge, trials_needed
from pytest_rdsfailover.report.scenarios import Scenario, compared, paired, scenarios

REMEDY = "--rds-save makes a new baseline, --rds-compare-anyway goes without"


class Conditions(TypedDict):
    """What must be the same for two scenarios to be compared."""

    mode: str
    profile: str
    endpoint: str
    rate: list[float]
    writers: list[int]
    contents: list[str]


@dataclass(frozen=True, slots=True)
class Report:
    """What a comparison with a baseline says.

    Attributes:
        lines: for people.
        problems: what fails the run: growths beyond a rule, and what could not be compared.
    """

    lines: list[str]
    problems: list[str]


def compare_with(
    before: Baseline, after: Baseline, rules: Sequence[Rule], *, anyway: bool = False
) -> Report:
    """Return how a run differs from a baseline; both as `baseline` makes them.

    Scenarios under other conditions are refused, unless *anyway*. With rules, so is what has no
    partner: a rule that holds nothing to anything fails the run.
    """
    return _Comparison(before, after, rules, anyway=anyway).report()


class _Comparison:
    """A run against a baseline."""

    def __init__(
        self, before: Baseline, after: Baseline, rules: Sequence[Rule], *, anyway: bool
    ) -> None:
        self._before, self._after, self._rules, self._anyway = before, after, rules, anyway
        self._lines = _differences(before, after)
        self._problems: list[str] = []
        self._chance = 0.0

    def report(self) -> Report:
        found = matched(
            scenarios(self._before["document"]["trials"]),
            scenarios(self._after["document"]["trials"]),
        )
        pairs = [match for match in (*found.pairs, *found.likely) if self._is_same(match)]
        self._chance = chance_of(len(self._rules), len(pairs))
        held = [self._measure(match) for match in pairs]
        for scenario in found.added:
            self._miss(f"{scenario.key}: not in the baseline")
        for scenario in found.missing:
            self._miss(f"{scenario.key}: only in the baseline")
        if self._rules and pairs and not any(held) and not self._problems:
            needed = trials_needed(self._chance)
            self._problems.append(
                f"no scenario can be held to a rule: it takes {needed} trials of the same seed"
            )
        return Report(self._lines, self._problems)

    def _miss(self, what: str) -> None:
        """Say that something has no partner, which breaks a rule: it holds nothing any more."""
        if self._rules and not self._anyway:
            self._problems.append(f"{what}, so no rule holds it; {REMEDY}")
        else:
            self._lines.append(what)

    def _is_same(self, match: Match) -> bool:
        """Tell whether the two may be compared; say why not, or what is different."""
        if match.is_renamed:
            what = f"{match.after.key}: not in the baseline, where it may be {match.before.key}"
            if not self._anyway:
                self._miss(what)
                return False
            self._lines.append(f"warning, {what}")
        conflict = _conflict(
            _conditions(self._before, match.before), _conditions(self._after, match.after)
        )
        name = match.after.name
        if conflict and not self._anyway:
            self._problems.append(
                f"{name}: not compared, {conflict}; --rds-compare-anyway does it all the same"
            )
            return False
        if not match.before.downtimes or not match.after.downtimes:
            self._problems.append(f"{name}: not compared, no valid trial on one side")
            return False
        if conflict:
            self._lines.append(f"{name}: warning, {conflict}")
        return True

    def _lack(self, old: Scenario, new: Scenario) -> None:
        """Say that there are too few trials; that is a problem where the baseline has enough."""
        needed = trials_needed(self._chance)
        was, now = len(old.downtimes), len(new.downtimes)
        where = self._problems if was >= needed else self._lines
        where.append(
            f"{new.name}: held to no rule, {was} trials and {now} can show no growth; it takes"
            f" {needed} of the same seed"
        )

    def _measure(self, match: Match) -> bool:
        """Compare the two; return whether they can be held to the rules."""
        old, new = match.before, match.after
        self._lines.extend(tables.comparison("the baseline", new.name, compared(old, new)))
        for side, scenario in (("in the baseline", old), ("in this run", new)):
            if scenario.problem:
                self._problems.append(
                    f"{new.name}: {scenario.problem} {side}, which proves nothing"
                )
        if not self._rules:
            return False
        evidence = Samples.of(old.downtimes, new.downtimes, paired(old, new), self._chance)
        if evidence is None:
            self._lack(old, new)
            return False
        for rule in self._rules:
            judgement = judge(rule, evidence, self._chance)
            if judgement.text:
                where = self._problems if judgement.broken else self._lines
                where.append(f"{new.name}: {judgement.text}")
        return True


def _conditions(run: Baseline, scenario: Scenario) -> Conditions:
    loads = [run["loads"][place] for place in scenario.places]
    return {
        "mode": run["document"]["mode"],
        "profile": scenario.profile,
        "endpoint": scenario.endpoint,
        "rate": sorted({load["rate"] for load in loads}),
        "writers": sorted({load["writers"] for load in loads}),
        "contents": sorted({load["profile"] for load in loads if "profile" in load}),
    }


def _conflict(before: Conditions, after: Conditions) -> str:
    """Return which conditions differ; empty if none does."""
    told = [
        f"{name} was {_text(was)} and is {_text(now)}"
        for name, was, now in _changed(before, after)
        if name != "contents"
    ]
    was, now = before["contents"], after["contents"]
    # A baseline of an earlier version does not tell what its profiles said.
    if was and now and was != now and before["profile"] == after["profile"]:
        told.append(f"profile {after['profile']} says something else by now")
    return ", ".join(told)


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
