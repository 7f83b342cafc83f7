"""How long AWS lets a blue/green switchover take until it is rolled back."""

from pytest_rdsfailover.model.errors import SettingError

SHORTEST, USUAL_TIMEOUT, LONGEST = 30, 300, 3600  # seconds


def check_timeout(seconds: float) -> float:
    """Return a time-out that AWS takes.

    Raises:
        SettingError: if it does not.
    """
    if not SHORTEST <= seconds <= LONGEST:
        raise SettingError(
            f"a switchover's time-out is from {SHORTEST} s to {LONGEST} s, not {seconds:g} s"
        )
    return seconds
