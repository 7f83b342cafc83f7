"""A run kept as a baseline, for later runs to be measured against."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypedDict

from pytest_rdsfailover.model.errors import ArchiveError, SettingError
from pytest_rdsfailover.model.files import read_json, write_text
from pytest_rdsfailover.model.records import LoadDocument
from pytest_rdsfailover.model.typed import typed
from pytest_rdsfailover.report.scenarios import Scenario, scenarios
from pytest_rdsfailover.report.schema import RunDocument

FOLDER = "rds-baselines"  # in the project's root, to be committed
FORMAT = 1
FEWEST = 0.5  # of the trials of a baseline: whoever stops early has fewer, too


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
        found = typed(Baseline, content, "the baseline")
        _check_whole(found)
    except ValueError as error:
        raise SettingError(f"{path} is no whole baseline: {error}; --rds-save makes one") from None
    return found


def _check_whole(found: Baseline) -> None:
    """Raise `ValueError` if nothing can be compared with a baseline."""
    trials, loads = len(found["document"]["trials"]), len(found["loads"])
    if not trials or trials != loads:
        raise ValueError(f"it has {trials} trials and {loads} loads")


def lacks(document: RunDocument, before: Baseline | None) -> str:
    """Return why a run would make a bad baseline; empty if it would not.

    Args:
        document: the run's.
        before: the baseline that it would replace; None if there is none.
    """
    found = scenarios(document["trials"])
    problems = [f"{scenario.name}: {scenario.problem}" for scenario in found if scenario.problem]
    if before is not None:
        problems += _worse(scenarios(before["document"]["trials"]), found)
    return "; ".join(problems)


def _worse(before: Sequence[Scenario], after: Sequence[Scenario]) -> Iterator[str]:
    """Yield what a run lacks of the baseline: scenarios, and most trials of one."""
    counts = {scenario.key: len(scenario.trials) for scenario in after}
    missing = [str(scenario.key) for scenario in before if scenario.key not in counts]
    if missing:
        yield f"it has {', '.join(missing)}, and this run has not"
    for scenario in before:
        was, now = len(scenario.trials), counts.get(scenario.key, 0)
        if 0 < now < was * FEWEST:
            yield f"it has {was} trials of {scenario.key}, and this run {now}"
