"""`rdsfailover render`: the HTML page of journals and result documents."""

from collections.abc import Sequence
from pathlib import Path

from pytest_rdsfailover.cli import inputs
from pytest_rdsfailover.cli.judge import run_of
from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.model.files import write_text
from pytest_rdsfailover.report import document, html
from pytest_rdsfailover.report.schema import RunDocument
from pytest_rdsfailover.report.trial_drawing import portrait

PAGE = "index.html"


def render(paths: Sequence[Path], directory: Path, *, title: str) -> Path:
    """Write the page of all trials that the files hold, and return its path.

    Args:
        paths: journal files, directories of them, and result documents; only journals hold what
            timelines are drawn from.
        directory: where the page goes.
        title: the heading of the page.

    Raises:
        ArchiveError: if a file is neither a journal nor a result document.
        SettingError: if some trials are local and some live.
    """
    entries: list[html.PageEntry] = []
    runs: list[RunDocument] = []
    for path in paths:
        more, run = _journals(path) if inputs.is_journal(path) else _document(path)
        entries += more
        runs.append(run)
    run = _merged(runs)
    with inputs.sound(*paths):
        text = html.page(entries, run, notes=_notes(runs), title=title)
    page = directory / PAGE
    write_text(page, text)
    return page


def _journals(path: Path) -> tuple[list[html.PageEntry], RunDocument]:
    trials = list(inputs.journals([path]))
    entries = []
    for trial in trials:
        with inputs.sound(trial.path):
            drawn = portrait(trial.summary, trial.evidence)
            entries.append(html.entry(trial.document, drawn, rerun=trial.label.rerun))
    return entries, run_of(trials)


def _document(path: Path) -> tuple[list[html.PageEntry], RunDocument]:
    run = inputs.result(path)
    return [html.entry(trial) for trial in run["trials"]], run


def _merged(runs: Sequence[RunDocument]) -> RunDocument:
    """Return several runs as one result document."""
    if len(runs) == 1:
        return runs[0]  # with the comparisons that the run has made
    modes = sorted({run["mode"] for run in runs})
    if len(modes) > 1:
        raise SettingError("one page cannot hold local and live trials; render them apart")
    versions = {name: text for run in runs for name, text in run["versions"].items()}
    trials = [trial for run in runs for trial in run["trials"]]
    return document.run_document(
        trials, mode=modes[0], seed=runs[0]["seed"], versions=versions
    )  # fmt: skip


def _notes(runs: Sequence[RunDocument]) -> list[str]:
    seeds = sorted({run["seed"] for run in runs})
    return [f"of {len(runs)} files, seeds {', '.join(map(str, seeds))}"] if len(runs) > 1 else []
