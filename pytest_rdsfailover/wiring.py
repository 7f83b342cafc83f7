"""Puts the parts that measure, show and report into a run of pytest, once something needs them.

Most runs of pytest use no cluster, and shall not pay for one: nothing imports this before.
"""

import pytest

from pytest_rdsfailover.album import Album
from pytest_rdsfailover.option_values import read
from pytest_rdsfailover.options import cache_directory
from pytest_rdsfailover.progress import PROGRESS, Progress
from pytest_rdsfailover.run import RUN, Run
from pytest_rdsfailover.tally import Tally


def wire(config: pytest.Config) -> Run:
    """Register the parts, unless they are, and return the one that measures.

    Raises:
        pytest.UsageError: if an option cannot be honoured.
    """
    if RUN in config.stash:
        return config.stash[RUN]
    run = config.stash[RUN] = Run(config, read(config))
    progress = config.stash[PROGRESS] = Progress(config, lambda: cache_directory(config))
    tally = Tally(config, run)
    # The album before the tally, because pytest asks the last one first: its page shows the
    # tally's comparison.
    parts = {
        "run": run,
        "progress": progress,
        "album": Album(config, run, tally.sections),
        "tally": tally,
    }
    for name, part in parts.items():
        config.pluginmanager.register(part, f"rdsfailover-{name}")
    return run
