"""How long clients may stay and database connections may lie idle. No I/O, no clock."""

from pytest_rdsfailover.local.gateway.proxy.settings import ProxySettings

LOGIN_WITHIN = 10.0  # seconds, as servers allow
LOOKS = 4  # looks within the shortest of the times, at least


def pause(settings: ProxySettings) -> float:
    """Return how many seconds to wait between two looks."""
    times = (
        settings.idle_client_timeout, settings.max_client_age, settings.max_database_idle_time
    )  # fmt: skip
    return min(1.0, min(times) / LOOKS)


def outstayed(
    settings: ProxySettings, now: float, *, since: float, heard: float, known: bool
) -> str | None:
    """Return why a client that waits for nothing must go, as a name to count; None if it may stay.

    Args:
        settings: how the proxy is set up.
        now: the time, in seconds of any clock.
        since: when it connected.
        heard: when it last sent something.
        known: it has logged in.
    """
    if not known:
        return "login_timeouts" if now - heard > LOGIN_WITHIN else None
    if now - heard > settings.idle_client_timeout:
        return "idle_timeouts"
    return "aged" if now - since > settings.max_client_age else None


def unused(settings: ProxySettings, now: float, *, heard: float) -> bool:
    """Tell whether an idle database connection has not been used for too long."""
    return now - heard > settings.max_database_idle_time
