"""What this run measured: carried on test reports, and gathered for whoever shows or writes it.

What judges and draws is imported where it is used, because this module is a part of every run of
pytest, and most runs measure nothing.

Trials travel as plain data on the test's report, which pytest-xdist carries to the controller as
each test ends; so a worker that is killed later takes nothing of it along.
"""

import os
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from pytest_rdsfailover.model.errors import NotHereError, RdsFailoverError, SettingError
from pytest_rdsfailover.model.settings import Settings
from pytest_rdsfailover.plugin.environment import environment_lines, live_lines
from pytest_rdsfailover.plugin.markers import check_markers, fail_without_trial
from pytest_rdsfailover.plugin.options import SEED, STARTED
from pytest_rdsfailover.plugin.timelines import timelines

if TYPE_CHECKING:
    from pytest_rdsfailover.model.records import Environment
    from pytest_rdsfailover.plugin.measured import Kept, MeasuredTrial
    from pytest_rdsfailover.report.schema import RunDocument
    from pytest_rdsfailover.report.trial_schema import TrialDocument

RUN = pytest.StashKey["Run"]()
MEASURED = pytest.StashKey[list["MeasuredTrial"]]()
ASKED = pytest.StashKey[set[str]]()
ORDER = pytest.StashKey[int]()
PASSED, REPORTED = pytest.StashKey[bool](), pytest.StashKey[bool]()
CLUSTERS = {"rds_cluster", "rds_session_cluster", "rds_clusters"}  # fixtures that start one
AGAIN = "rerun"  # how a plugin calls a try that has failed, and that it takes again
SILENT = -2  # pytest's own summary is left out by -qq, too
ATTRIBUTE, ERRORED = "rdsfailover", "rdsfailover_errored"  # of the test report


class Run:
    """The results of one pytest run, on a worker or on the controller.

    Args:
        config: pytest's.
        settings: the run's.
        unreported: returns what workers have finished of tests that made no report.
    """

    def __init__(
        self,
        config: pytest.Config,
        settings: Settings,
        unreported: Callable[[], Sequence["MeasuredTrial"]] = tuple,
    ) -> None:
        self.settings, self._config, self._unreported = settings, config, unreported
        self._document: RunDocument | None = None
        self.measured: list[MeasuredTrial] = []
        self.errored: list[tuple[str, str]] = []  # tests whose trial ended with an error, and it
        self._is_worker = hasattr(config, "workerinput")

    def note(
        self,
        item: pytest.Item,
        trial: "TrialDocument",
        timeline: list[str],
        where: "Environment",
    ) -> None:
        """Keep a trial with its test, whatever the test goes on to assert.

        Args:
            item: the test.
            trial: the trial's document.
            timeline: the lines that draw it.
            where: what it was taken on, as `environment_lines` shows it.
        """
        self.noted(item).append({"trial": trial, "timeline": timeline, "environment": where})

    def note_more(self, item: pytest.Item, kept: "Kept") -> None:
        """Keep more of the trial that was noted last, for the HTML page."""
        noted = self.noted(item)[-1]
        noted["rerun"] = kept["rerun"]
        noted["unwritten"] = kept["unwritten"]
        if "portrait" in kept:
            noted["portrait"] = kept["portrait"]

    def noted(self, item: pytest.Item) -> list["MeasuredTrial"]:
        """Return what `note` has kept of a test so far; what is added to it is kept, too."""
        return item.stash.setdefault(MEASURED, [])

    def asked(self, item: pytest.Item) -> set[str]:
        """Return the names of what a test has expected of its trials so far."""
        return item.stash.setdefault(ASKED, set())

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Refuse markers that cannot be honoured, before any server starts; number the tests.

        Tests that need a real cluster are skipped in a run that has none.
        """
        skip = pytest.mark.skip(reason="needs a real cluster: --rds-live")
        for order, item in enumerate(session.items):
            item.stash[ORDER] = order
            if self.settings.live is None and item.get_closest_marker("rds_live"):
                item.add_marker(skip)
        if not self._is_worker:  # on a worker this error would end the worker
            for item in session.items:
                check_markers(item, self.settings)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, None, None]:
        """Refuse markers on a worker, too: only workers collect the tests that they run."""
        if self._is_worker:
            check_markers(item, self.settings)
        with skipping():
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, None, None]:
        """Skip a test that this run cannot do; warn of findings that a test did not ask about."""
        item.stash[PASSED] = False
        with skipping():
            outcome = yield
        self._tell_unasked(item)
        item.stash[PASSED] = True
        return outcome

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, None, None]:
        """Warn of findings of what a fixture has measured around the test; fail one without a trial."""
        outcome = yield
        if item.stash.get(PASSED, False):
            self._tell_unasked(item)
            if not (item.stash.get(REPORTED, False) or item.stash.get(MEASURED, [])):
                fail_without_trial(item)
        return outcome

    def _tell_unasked(self, item: pytest.Item) -> None:
        if MEASURED in item.stash:
            from pytest_rdsfailover.plugin.unasked import tell_unasked

            tell_unasked(self.noted(item), self.asked(item), strict=self.settings.strict)

    def pytest_report_collectionfinish(self, items: Sequence[pytest.Item]) -> list[str]:
        """Say what the tests will run on, if any of them uses a cluster."""
        if not any(CLUSTERS & {*getattr(item, "fixturenames", ())} for item in items):
            return []
        if self.settings.live is not None:
            return live_lines(self.settings.live)
        from pytest_rdsfailover.local.processes.cache import cache_directory
        from pytest_rdsfailover.local.server.programs import find_server
        from pytest_rdsfailover.local.toxiproxy.program import find_toxiproxy

        try:
            cache_directory(os.environ)
            parts = {
                "server": str(find_server(self.settings.server)),
                "toxiproxy": str(find_toxiproxy(self.settings.toxiproxy)),
            }
        except SettingError as error:
            raise pytest.UsageError(str(error)) from None
        return environment_lines(parts, self.settings)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker of pytest-xdist the run's seed, and when a live run began."""
        node.workerinput[SEED] = self.settings.seed
        if self.settings.live is not None:
            node.workerinput[STARTED] = self.settings.live.started

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Attach a test's trials to its report, or why it has none; and the timeline to a failed one.

        What a fixture has measured before the test is part of the test: its outcome is not known yet.
        """
        if call.when == "setup" and call.excinfo is None:
            return (yield)
        measured = item.stash.get(MEASURED, [])
        if measured:
            from pytest_rdsfailover.report import junit

            item.user_properties += junit.properties([entry["trial"] for entry in measured])
        report = yield
        if measured:
            order = item.stash.get(ORDER, 0)
            setattr(report, ATTRIBUTE, [entry | {"order": order} for entry in measured])
            measured.clear()
            item.stash[REPORTED] = True
            if report.failed:
                report.sections += timelines(getattr(report, ATTRIBUTE))
        elif report.failed and call.excinfo is not None:
            setattr(report, ERRORED, why_no_trial(call.excinfo.value))
        return report

    def pytest_assertrepr_compare(self, op: str, left: object, right: object) -> list[str] | None:
        """Say why a plain comparison with a downtime does not hold."""
        # Without a trial there is no downtime to compare, and the module is not even loaded.
        if "pytest_rdsfailover.analysis.verdicts.expectations" not in sys.modules:
            return None
        from pytest_rdsfailover.analysis.verdicts import expectations

        return expectations.explain_comparison(op, left, right)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect the trials of a finished test, from this process or from a worker."""
        failed = report.failed or report.outcome == AGAIN
        for entry in getattr(report, ATTRIBUTE, []):
            why = getattr(getattr(report.longrepr, "reprcrash", None), "message", "")
            self.measured.append(entry | {"failed": failed, "why": why})
        if why := getattr(report, ERRORED, ""):
            self.errored.append((report.nodeid, why))
        # As without pytest-xdist, whose workers finish in any order.
        self.measured.sort(key=lambda entry: entry["order"])

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Collect the finished trials of a test that was interrupted, which makes no report."""
        left = [
            entry | {"order": item.stash.get(ORDER, 0)}
            for item in getattr(session, "items", ())
            for entry in item.stash.get(MEASURED, [])
        ]
        for entry in [*left, *self._unreported()]:
            self.measured.append(entry | {"failed": False, "why": ""})
        self.measured.sort(key=lambda entry: entry["order"])

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the table of all trials, and the timeline where it says more than a row."""
        seen = self.measured or self.errored
        if not self._is_worker and seen and terminalreporter.verbosity > SILENT:
            from pytest_rdsfailover.plugin.screen import show

            show(terminalreporter, self.measured, self.errored, self.environment_lines())

    def unwritten(self) -> list[str]:
        """Return which files of trials could not be written, and why."""
        return [why for entry in self.measured for why in entry.get("unwritten", ())]

    def document(self) -> "RunDocument":
        """Return the result document of all that was measured, as the project's hooks leave it."""
        if self._document is None:
            from pytest_rdsfailover.report import document

            where = self.measured[0]["environment"] if self.measured else None
            self._document = document.run_document(
                self.trials(),
                mode="local" if where is None else where["mode"],
                seed=self.settings.seed,
                versions={} if where is None else where["versions"],
            )
            self._config.hook.pytest_rdsfailover_update_json(
                config=self._config, document=self._document
            )
        return self._document

    def sections(self) -> list[tuple[str, Sequence[str]]]:
        """Return what the project's hooks add to the reports: titles and lines."""
        if not self.measured:
            return []
        found: list[tuple[str, Sequence[str]]] = (
            self._config.hook.pytest_rdsfailover_report_section(
                config=self._config, document=self.document()
            )
        )
        return found

    def environment_lines(self) -> list[str]:
        """Return what the figures were taken on, and what may have disturbed them."""
        if not self.measured:
            return []
        profiles = [entry["trial"]["profile"] for entry in self.measured]
        parts = self.measured[0]["environment"]["parts"]
        lines = environment_lines(parts, self.settings, ran=profiles)
        if len({entry["environment"]["worker"] for entry in self.measured}) > 1:
            lines.append("taken by several workers at once, which shared the CPU")
        return lines

    def trials(self) -> Sequence["TrialDocument"]:
        """Return the documents of all trials so far, in the order of the tests."""
        return [entry["trial"] for entry in self.measured]


def why_no_trial(error: BaseException) -> str:
    """Return the first line of an error of ours that ended a trial; empty for any other error."""
    if not isinstance(error, RdsFailoverError) or isinstance(error, SettingError):
        return ""
    return f"{type(error).__name__}: {error}".partition("\n")[0]


@contextmanager
def skipping() -> Iterator[None]:
    """Skip a test that asks for what cannot be done in this run, as it was started."""
    try:
        yield
    except NotHereError as error:
        pytest.skip(str(error))
