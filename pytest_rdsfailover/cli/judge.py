"""`rdsfailover judge`: journals judged again, without any database."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

from pytest_rdsfailover.analysis.verdicts.bounds import parse_expectations
from pytest_rdsfailover.analysis.verdicts.expectations import complaints
from pytest_rdsfailover.cli.inputs import Judged, journals
from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.model.files import write_text
from pytest_rdsfailover.report import document, terminal, trial_table
from pytest_rdsfailover.report.schema import RunDocument

MOST_DRAWN = 3  # with more trials, only those that break a bound are drawn unasked
BOUND = re.compile(r"(?P<name>\w+)\s*(?P<bound>[<>=].*)")


def judge(
    paths: Sequence[Path], *, expect: Sequence[str], json_path: Path | None, timelines: bool
) -> tuple[list[str], bool]:
    """Return the lines to show, and whether every trial is valid and keeps all bounds.

    Args:
        paths: journal files, or directories of them.
        expect: bounds such as `downtime < 2s` or `lost == 0`.
        json_path: where to write the result document; None for nowhere.
        timelines: whether to draw every trial, however many there are.

    Raises:
        ArchiveError: if a file is no journal.
        SettingError: if a bound makes no sense, or local and live trials go into one document.
    """
    expectations = parse_expectations(**bounds(expect))
    trials = list(journals(paths))
    lines = [line.text for line in trial_table.table([trial.document for trial in trials])]
    broken = {trial.path: complaints(trial.summary, expectations) for trial in trials}
    for trial in trials:
        if timelines or broken[trial.path] or len(trials) <= MOST_DRAWN:
            lines += ["", f"{trial.label.test}:", *terminal.timeline(trial.summary)]
        lines += broken[trial.path]
    if json_path is not None:
        write_text(json_path, json.dumps(run_of(trials), indent=2) + "\n")
    return lines, not any(broken.values())


def bounds(texts: Sequence[str]) -> dict[str, str]:
    """Return bounds by their names.

    Raises:
        SettingError: if a text is no bound, or a name is given twice.
    """
    named: dict[str, str] = {}
    for text in texts:
        match = BOUND.fullmatch(text.strip())
        if match is None:
            raise SettingError(f'{text!r} is no bound; write "downtime < 2s" or "lost == 0"')
        if match["name"] in named:
            raise SettingError(f"{match['name']} is bounded twice")
        named[match["name"]] = re.sub(r"^=(?!=)", "==", match["bound"])
    return named


def run_of(trials: Sequence[Judged]) -> RunDocument:
    """Return one result document of trials that may come from several runs.

    Raises:
        SettingError: if some are local and some live: one document cannot hold both.
    """
    modes = sorted({trial.summary.mode for trial in trials})
    if len(modes) > 1:
        raise SettingError("one document cannot hold local and live trials; judge them apart")
    versions = {name: text for trial in trials for name, text in trial.label.versions.items()}
    return document.run_document(
        [trial.document for trial in trials],
        mode=modes[0],
        seed=trials[0].label.seed,
        versions=versions,
    )
