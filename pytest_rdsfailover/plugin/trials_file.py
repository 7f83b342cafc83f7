"""The run's file of finished trials: made, told to the workers, given up when all is reported."""

import os
import signal
import threading
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import pytest

from pytest_rdsfailover.journal import unfinished
from pytest_rdsfailover.model.owned import OwnedFile, wait_until_free
from pytest_rdsfailover.model.settings import Settings
from pytest_rdsfailover.trial.resume import (
    PopulationName,
    Store,
    begin_run,
    forget,
    left,
    prune,
    read,
)

TOLD = "rds_trials_file"  # among what a controller tells its workers
GRACE = 5.0  # seconds that a worker has to clean up once its controller is gone
REPORTED = (
    pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED,
)  # fmt: skip
TRIALS_FILE = pytest.StashKey["TrialsFile"]()


class TrialsFile:
    """Where a run keeps its finished trials; on a worker, where its controller does.

    Args:
        config: pytest's.
        settings: the run's.
        directory: returns where files are kept that outlive a run; None if nowhere.
        is_whole: tells whether every report of the run could be written.

    Attributes:
        begun: the populations that this process has begun.
    """

    def __init__(
        self,
        config: pytest.Config,
        settings: Settings,
        directory: Callable[[], Path | None],
        is_whole: Callable[[], bool],
    ) -> None:
        self._settings, self.directory, self._is_whole = settings, directory, is_whole
        self._owned: OwnedFile | None = None
        self._began = time.time()
        self.begun: set[PopulationName] = set()
        self._session: pytest.Session | None = None
        self._is_worker = hasattr(config, "workerinput")
        told = getattr(config, "workerinput", {}).get(TOLD)
        self._store = None if told is None else Store(Path(told))
        if self._store is not None:
            end_with_owner(self._store.path)

    @property
    def store(self) -> Store | None:
        """Return the run's file, made when first asked for; None if nothing can be kept."""
        if self._store is None and not self._is_worker and (where := self.directory()) is not None:
            prune(where)
            try:
                self._owned = begin_run(where, self._settings.seed)
            except OSError:  # a read-only disk keeps nothing, and costs nothing
                return None
            self._store = Store(self._owned.path)
        return self._store

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker where to keep trials."""
        if self.store is not None:
            node.workerinput[TOLD] = str(self.store.path)

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Remember whose end will tell how the run has ended."""
        self._session = session

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Name the kept trials that no test of this run has asked for: it may have another name now."""
        where = self.directory()
        if self._is_worker or where is None or not self._settings.resume:
            return
        for population, trials in left(where, self._settings.seed, self._reported()).items():
            terminalreporter.write_line(
                f"{trials} kept trials of {population.test} were not asked for, and are kept"
            )

    def _reported(self) -> Collection[PopulationName]:
        """Return the populations that this run has begun."""
        run = None if self._owned is None else read(self._owned.path)
        return () if run is None else run.populations

    def pytest_unconfigure(self) -> None:
        """Forget the trials if the run has reported them; leave them to another run if not."""
        if self._owned is None:
            return
        if self._session is not None and self._session.exitstatus in REPORTED and self._is_whole():
            self._forget(self._owned.path)
            self._owned.remove()
        self._owned.release()

    def _forget(self, path: Path) -> None:
        """Remove what interrupted runs have left of the populations that this run has reported."""
        run, where = read(path), self.directory()
        if run is None or where is None or not self._settings.resume:
            return
        forget(where, run.seed, run.populations)
        tests = {population.test for population in run.populations}
        for directory in {where, Path(self._settings.journal or where)}:
            unfinished.forget(directory, run.seed, tests, self._began)


def end_with_owner(path: Path) -> None:
    """Let this process, a worker, end once the owner of a file, its controller, has ended."""

    def watch() -> None:
        wait_until_free(path)
        os.kill(os.getpid(), signal.SIGINT)  # as Ctrl-C would: fixtures are torn down
        time.sleep(GRACE)
        os._exit(pytest.ExitCode.INTERRUPTED)

    threading.Thread(target=watch, name="rds-controller", daemon=True).start()
