from types import SimpleNamespace

import pytest

from pytest_rdsfailover.plugin.report_files import only_shows


@pytest.mark.parametrize(
    "option",
    [
        "collectonly", "setuponly", "setupplan", "showfixtures", "show_fixtures_per_test",
        "cacheshow",
    ],
)  # fmt: skip
def test_a_run_that_runs_no_test_only_shows_something(option):
    def given(name, default):
        return name == option or default

    assert only_shows(SimpleNamespace(getoption=given))
    assert not only_shows(SimpleNamespace(getoption=lambda _, default: default))
