"""The HTML page of a run, and where to find what was written; does nothing on a worker."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from pytest_rdsfailover.model.paths import shown_path
from pytest_rdsfailover.plugin.run import Run

PAGE = "index.html"
Section = tuple[str, Sequence[str]]


class HtmlPage:
    """Writes the page of all trials when the run ends.

    Args:
        config: pytest's.
        run: what was measured.
        sections: returns more to show: titles and lines; asked when the run is over.
    """

    def __init__(
        self, config: pytest.Config, run: Run, sections: Callable[[], Sequence[Section]]
    ) -> None:
        self._run, self._sections = run, sections
        self._is_worker = hasattr(config, "workerinput")

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the page, also one that says that no trial was run: an older one would mislead."""
        directory = self._run.settings.report
        if directory is None or self._is_worker or session.config.option.collectonly:
            return
        path = Path(directory, PAGE)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self._page(), encoding="utf-8")

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say where the page and the journals are."""
        if self._is_worker or not self._run.measured:
            return
        settings = self._run.settings
        if settings.report is not None:
            terminalreporter.write_line(f"HTML report: {shown_path(Path(settings.report, PAGE))}")
        if settings.journal is not None:
            terminalreporter.write_line(f"journals: {shown_path(settings.journal)}")

    def _page(self) -> str:
        from pytest_rdsfailover.report import html

        measured = self._run.measured
        entries = [
            html.entry(
                trial["trial"],
                trial.get("portrait"),
                rerun=trial.get("rerun", ""),
                failed=trial["failed"],
                why=trial["why"],
            )
            for trial in measured
        ]
        return html.page(
            entries,
            self._run.document(),
            notes=self._run.environment_lines(),
            sections=self._sections(),
        )
