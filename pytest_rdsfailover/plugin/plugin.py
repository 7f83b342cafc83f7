"""Wires the parts into pytest; everything else is elsewhere."""

import pytest

from pytest_rdsfailover.plugin import fixtures, hookspecs, options


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register the options and their ini values."""
    options.add(parser)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Register the hooks that a project may implement."""
    pluginmanager.add_hookspecs(hookspecs)


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers, and plug in the fixtures; check the settings if there are any."""
    for marker in fixtures.MARKERS:
        config.addinivalue_line("markers", marker)
    config.pluginmanager.register(fixtures, "rdsfailover-fixtures")
    if options.given(config):
        fixtures.run_of(config)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config) -> None:
    """Be ready for what workers report; which tests they will run is not known yet."""
    fixtures.run_of(config)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Be ready to measure if a test will."""
    if fixtures.are_used(items):
        fixtures.run_of(config)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(call: pytest.CallInfo[None]) -> None:
    """Say what an unknown name may mean, should it be one of ours."""
    error = call.excinfo and call.excinfo.value
    if isinstance(error, (AttributeError, pytest.FixtureLookupError)):
        from pytest_rdsfailover.plugin.hints import hint

        hint(error, [name for name in vars(fixtures) if name.startswith("rds_")])
