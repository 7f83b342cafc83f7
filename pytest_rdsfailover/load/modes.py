"""The ways of putting a load on, by name."""

from pytest_rdsfailover.model.errors import SettingError, did_you_mean

OPEN, PRECISE, CLOSED = "open", "precise", "closed"
MODES = (OPEN, PRECISE, CLOSED)
PRECISE_RATE = 1000.0  # writes per second: a downtime is then known to about two milliseconds
UNPACED = 0.0  # stands for a load without a schedule


def rate_of(mode: str, rate: float | None) -> float | None:
    """Return the rate that a mode of load means; None if it leaves the rate to other settings.

    Args:
        mode: `open`: as many writes per second as *rate* says; `precise`: 1,000 of them; `closed`:
            each writer writes again as soon as it has its answer, as fast as it goes.
        rate: writes per second that were asked for beside the mode; None if none were.

    Raises:
        SettingError: for an unknown mode, or a rate beside a mode that has its own.
    """
    if mode not in MODES:
        hint = did_you_mean(mode, MODES)
        raise SettingError(f"no load is called {mode!r}{hint} (known: {', '.join(MODES)})")
    if mode == OPEN:
        return rate
    if rate is not None:
        raise SettingError(
            f"the load {mode!r} has its own rate; leave out the rate, or choose 'open'"
        )
    return PRECISE_RATE if mode == PRECISE else UNPACED
