"""Wires the parts into pytest; everything else is elsewhere."""

import pytest

from pytest_rdsfailover import fixtures, hooks, options
from pytest_rdsfailover.album import Album
from pytest_rdsfailover.progress import PROGRESS, Progress
from pytest_rdsfailover.run import RUN, Run
from pytest_rdsfailover.tally import Tally


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register the options and their ini values."""
    options.add(parser)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Register the hooks that a project may implement."""
    pluginmanager.add_hookspecs(hooks)


def pytest_configure(config: pytest.Config) -> None:
    """Check the settings, register the markers, and plug in the fixtures."""
    settings = options.read(config)
    for marker in fixtures.MARKERS:
        config.addinivalue_line("markers", marker)
    config.stash[RUN] = Run(config, settings)
    config.pluginmanager.register(config.stash[RUN], "rdsfailover-run")
    config.stash[PROGRESS] = Progress(config, lambda: options.cache_directory(config))
    config.pluginmanager.register(config.stash[PROGRESS], "rdsfailover-progress")
    tally = Tally(config, config.stash[RUN])
    # Before the tally, because pytest asks the last one first: the page shows its comparison.
    config.pluginmanager.register(
        Album(config, config.stash[RUN], tally.sections), "rdsfailover-album"
    )
    config.pluginmanager.register(tally, "rdsfailover-tally")
    config.pluginmanager.register(fixtures, "rdsfailover-fixtures")
