"""Puts the parts that measure, show and report into a run of pytest, once something needs them.

Most runs of pytest use no cluster, and shall not pay for one: nothing imports this before.
"""

import pytest

from pytest_rdsfailover.plugin.html_page import HtmlPage
from pytest_rdsfailover.plugin.option_values import read
from pytest_rdsfailover.plugin.options import cache_directory
from pytest_rdsfailover.plugin.progress import PROGRESS, LiveProgress
from pytest_rdsfailover.plugin.report_files import JunitFile, ReportFiles
from pytest_rdsfailover.plugin.result_files import result_files
from pytest_rdsfailover.plugin.run import RUN, Run
from pytest_rdsfailover.plugin.run_summary import RunSummary
from pytest_rdsfailover.plugin.shared_moto import MotoKeeper
from pytest_rdsfailover.plugin.tracebacks import Tracebacks
from pytest_rdsfailover.plugin.trials_file import TRIALS_FILE, TrialsFile


def wire(config: pytest.Config) -> Run:
    """Register the parts, unless they are, and return the one that measures.

    Raises:
        pytest.UsageError: if an option cannot be honoured.
    """
    if RUN in config.stash:
        return config.stash[RUN]
    progress = config.stash[PROGRESS] = LiveProgress(config, lambda: cache_directory(config))
    run = config.stash[RUN] = Run(config, read(config), progress.unreported)
    summary = RunSummary(config, run)
    page = HtmlPage(run, summary.sections)
    files = ReportFiles(
        config, lambda: [*result_files(run), *page.files(), *summary.files()], run.unwritten
    )
    trials = config.stash[TRIALS_FILE] = TrialsFile(
        config, run.settings, lambda: cache_directory(config), lambda: files.is_whole
    )
    parts = {
        "run": run,
        "progress": progress,
        "trials": trials,
        "summary": summary,
        "files": files,
        "junit": JunitFile(config, files),
        "moto": MotoKeeper(),
        "tracebacks": Tracebacks(),
    }
    for name, part in parts.items():
        config.pluginmanager.register(part, f"rdsfailover-{name}")
    return run
