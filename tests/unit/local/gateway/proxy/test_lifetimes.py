import pytest

from pytest_rdsfailover.local.gateway.proxy.lifetimes import outstayed, pause, unused
from pytest_rdsfailover.local.gateway.proxy.settings import ProxySettings

HOUR = 3600.0
DEFAULT = ProxySettings()


@pytest.mark.parametrize(
    ("now", "heard", "known", "reason"),
    [
        (9.0, 0.0, False, None),
        (11.0, 0.0, False, "login_timeouts"),
        (0.5 * HOUR, 1.0, True, None),
        (0.5 * HOUR + 2, 1.0, True, "idle_timeouts"),
        (24 * HOUR, 24 * HOUR - 1, True, None),
        (24 * HOUR + 1, 24 * HOUR, True, "aged"),
    ],
)
def test_a_client_may_stay_for_a_day_and_be_idle_for_half_an_hour(now, heard, known, reason):
    assert outstayed(DEFAULT, now, since=0.0, heard=heard, known=known) == reason


def test_a_database_connection_that_nobody_used_for_a_day_is_closed():
    assert not unused(DEFAULT, 24 * HOUR, heard=0.0)
    assert unused(DEFAULT, 24 * HOUR + 1, heard=0.0)


def test_a_short_time_is_looked_at_often_enough_and_a_long_one_once_a_second():
    assert pause(DEFAULT) == 1.0
    assert pause(ProxySettings(max_client_age=0.4)) == pytest.approx(0.1)
