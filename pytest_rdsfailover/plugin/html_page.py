"""The HTML page of a run, and where to find what was written."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from pytest_rdsfailover.model.files import write_text
from pytest_rdsfailover.model.paths import shown_path
from pytest_rdsfailover.plugin.report_files import Write
from pytest_rdsfailover.plugin.run import Run

PAGE = "index.html"
Section = tuple[str, Sequence[str]]


class HtmlPage:
    """Writes the page of all trials.

    Args:
        run: what was measured.
        sections: returns more to show: titles and lines; asked when the run is over.
    """

    def __init__(self, run: Run, sections: Callable[[], Sequence[Section]]) -> None:
        self._run, self._sections = run, sections

    def files(self) -> Iterator[Write]:
        """Yield what writes the page, and what says where the journals are."""
        settings = self._run.settings
        if settings.report is not None:
            yield partial(self._write, Path(settings.report, PAGE))
        if settings.journal is not None and self._run.measured:
            yield partial(_where, settings.journal)

    def _write(self, path: Path) -> str:
        """Write the page, also one that says that no trial was run: an older one would mislead."""
        write_text(path, self._page())
        return f"HTML report: {shown_path(path)}" if self._run.measured else ""

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


def _where(journals: str) -> str:
    return f"journals: {shown_path(journals)}"
