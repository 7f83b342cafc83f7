"""What a test asks of its load, the run's settings, and the project's hooks become one plan."""

import pytest

from pytest_rdsfailover.endpoints import Endpoint
from pytest_rdsfailover.errors import SettingError
from pytest_rdsfailover.laboratory import Laboratory
from pytest_rdsfailover.settings import Settings

PLACE = Endpoint(
    name="cluster", kind="writer", host="h", port=1, user="u", password="p", database="d"
)


def arranged(settings, **options):
    laboratory = Laboratory(
        None, settings, test="t", profile=None, expectations={}, note=lambda _: None
    )
    return laboratory._arrange(PLACE, options)[0]


@pytest.mark.parametrize(
    ("settings", "options", "rate"),
    [
        (Settings(rate=0.0, open_rate=70.0), {"load": "open"}, 70.0),
        (Settings(rate=1000.0, open_rate=70.0), {"load": "open"}, 70.0),
        (Settings(rate=0.0, open_rate=70.0), {"load": "open", "rate": 30.0}, 30.0),
        (Settings(rate=0.0, open_rate=70.0), {"rate": 30.0}, 30.0),
        (Settings(rate=0.0, open_rate=70.0), {}, 0.0),
        (Settings(rate=0.0, open_rate=70.0), {"load": "precise"}, 1000.0),
        (Settings(rate=50.0), {"load": "open"}, 50.0),
        (Settings(rate=50.0), {"load": "closed"}, 0.0),
    ],
)
def test_the_mode_of_a_test_comes_before_that_of_the_run(settings, options, rate):
    assert arranged(settings, **options).rate == rate


def test_nobody_thinks_in_a_load_that_a_test_has_opened():
    closed = Settings(rate=0.0, open_rate=70.0)
    assert arranged(closed, think="50ms").think == 0.05

    with pytest.raises(SettingError, match="only with load='closed'"):
        arranged(closed, load="open", think="50ms")
