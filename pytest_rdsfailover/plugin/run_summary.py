"""What all trials of a run say together: tables, Markdown, and the comparison with a baseline."""

import os
import platform
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_rdsfailover.model.errors import ArchiveError, NotSavedError, SettingError
from pytest_rdsfailover.plugin.options import cache_directory
from pytest_rdsfailover.plugin.report_files import PASSING, Write, only_shows
from pytest_rdsfailover.plugin.run import SILENT, Run
from pytest_rdsfailover.trial.resume import seeds

if TYPE_CHECKING:
    from pytest_rdsfailover.report.baseline import Baseline, Machine
    from pytest_rdsfailover.report.baseline_comparison import Report

FAILED = "FAILED: "
Section = tuple[str, Sequence[str]]


class RunSummary:
    """The verdicts on a whole run; does nothing on a worker, and imports nothing if unused.

    Args:
        config: pytest's.
        run: what was measured.
    """

    def __init__(self, config: pytest.Config, run: Run) -> None:
        self._config, self._run = config, run
        self._is_worker = hasattr(config, "workerinput")
        self._compared: Report | None = None
        self._session: pytest.Session | None = None

    def pytest_report_header(self) -> list[str]:
        """Say what `--rds-resume` takes up, because nothing to take up is no error."""
        if not self._run.settings.resume:
            return []
        found, own = seeds(cache_directory(self._config)), self._run.settings.seed
        if own in found:
            return [f"rdsfailover: taking up seed {own}"]
        if not found:
            return ["rdsfailover: no interrupted trials to take up"]
        kept = ", ".join(map(str, found))
        return [
            f"rdsfailover: interrupted trials are of seed {kept}, and none counts for seed {own}"
        ]

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail the run if it is worse than its baseline."""
        settings = self._run.settings
        self._session = session
        if self._is_worker or only_shows(session.config):
            return
        if settings.compare is not None:
            self._compared = self._compare(settings.compare)
            if self._compared.problems and session.exitstatus in PASSING:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def files(self) -> Iterator[Write]:
        """Yield what writes the Markdown and the baseline."""
        settings = self._run.settings
        if settings.save is not None and self._run.measured:
            yield partial(self._save, settings.save)
        if settings.markdown is not None:
            yield partial(self._write_markdown, Path(settings.markdown))

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the tables of scenarios, comparisons, what the project adds, and what was cut short."""
        if self._is_worker:
            return
        for line in self._cut_short():
            terminalreporter.write_line(line, red=True)
        if not (self._run.measured or self._compared):
            return
        if terminalreporter.verbosity <= SILENT:
            return
        from pytest_rdsfailover.report.tables import summary_lines

        width = self._config.get_terminal_writer().fullwidth
        lines = summary_lines(self._run.document()["trials"], width)
        for title, more in self.sections():
            lines += ["", f"{title}:", *more]
        for line in lines:
            terminalreporter.write_line(line, red=line.startswith(FAILED))

    def _cut_short(self) -> list[str]:
        """Name, once, the trials whose process was killed, in this run or in one before."""
        from pytest_rdsfailover.journal import unfinished

        cache, chosen = cache_directory(self._config), self._run.settings.journal
        found = []
        if cache is not None:
            unfinished.prune(cache)
            found += unfinished.untold(cache)
        if chosen is not None:
            found += unfinished.untold(Path(chosen))
        for path in found:
            unfinished.mark_told(path)
        return [f"a trial was cut short: rdsfailover judge {path}" for path in found]

    def _compare(self, name: str) -> "Report":
        from pytest_rdsfailover.report import baseline
        from pytest_rdsfailover.report.baseline_comparison import Report, compare_with
        from pytest_rdsfailover.report.rules import parse_rules

        settings = self._run.settings
        if not self._run.measured:
            return Report([], ["nothing was measured that the baseline could be held to"])
        try:
            before = baseline.read(baseline.path_of(name, self._config.rootpath))
        except ArchiveError as error:  # it was there when the run began
            return Report([], [str(error)])
        rules = parse_rules(settings.compare_fail) if settings.compare_fail else ()
        return compare_with(before, self._as_baseline(), rules, anyway=settings.compare_anyway)

    def _save(self, name: str) -> str:
        from pytest_rdsfailover.report import baseline

        path = baseline.path_of(name, self._config.rootpath)
        why = "" if self._run.settings.save_anyway else self._unfit(path)
        if why:
            raise NotSavedError(path, ValueError(why))
        baseline.write(path, self._as_baseline())
        return ""

    def _unfit(self, path: Path) -> str:
        """Return why this run is no baseline to replace another by; empty if it is one."""
        from pytest_rdsfailover.report import baseline

        if self._session is not None and self._session.exitstatus != pytest.ExitCode.OK:
            return "this run did not pass"
        if any(entry["failed"] for entry in self._run.measured):
            return "a test of this run has passed only when it was run again"
        try:
            before = baseline.read(path)
        except SettingError:  # none, or none that can be read
            before = None
        return baseline.lacks(self._run.document(), before)

    def _as_baseline(self) -> "Baseline":
        from pytest_rdsfailover.report import baseline

        loads = [entry["environment"]["load"] for entry in self._run.measured]
        return baseline.baseline(self._run.document(), loads, machine())

    def _write_markdown(self, path: Path) -> str:
        from pytest_rdsfailover.model.files import write_text
        from pytest_rdsfailover.report.markdown import markdown

        text = markdown(self._run.document(), self._run.environment_lines(), self.sections())
        write_text(path, text)
        return ""

    def sections(self) -> list[Section]:
        """Return the sections of the reports beside the tables: title and lines."""
        return [*self._claims(), *self._comparison(), *self._run.sections()]

    def _claims(self) -> list[Section]:
        from pytest_rdsfailover.report.tables import wrap

        lines = [
            part
            for entry in self._run.measured
            for line in entry.get("claims", ())
            for part in wrap(f"{entry['trial']['test'].rpartition('::')[2]}: {line}")
        ]
        return [("claims", lines)] if lines else []

    def _comparison(self) -> list[Section]:
        report = self._compared
        if report is None:
            return []
        from pytest_rdsfailover.report.tables import wrap

        lines = [*report.lines, *(f"{FAILED}{problem}" for problem in report.problems)]
        wrapped = [part for line in lines for part in wrap(line)]
        return [(f"compared with the baseline {self._run.settings.compare}", wrapped)]


def machine() -> "Machine":
    """Return what decides how fast this machine is, as far as it may be told."""
    return {"system": platform.system(), "machine": platform.machine(), "cpus": os.cpu_count()}
