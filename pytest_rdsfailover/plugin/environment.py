"""What a run's figures are taken on, as lines for the terminal and the reports."""

from collections.abc import Iterable, Mapping

from pytest_rdsfailover.model.live_settings import LiveSettings
from pytest_rdsfailover.model.settings import Settings


def live_lines(live: LiveSettings) -> list[str]:
    """Return what a live run will act on, for its header."""
    dry = ", dry run" if live.dry_run else ""
    where = f", API at {live.endpoint_url}" if live.endpoint_url else ""
    return [
        f"live: {live.trigger} of {live.aim}, account {live.account}, {live.region}{where}{dry}",
        f"load: in schema {live.schema}; at most {live.max_failovers} failovers",
    ]


def environment_lines(
    parts: Mapping[str, str], settings: Settings, ran: Iterable[str] = ()
) -> list[str]:
    """Return what the figures were taken on, one line a part.

    Args:
        parts: what the cluster is made of, in words.
        settings: the run's.
        ran: the profiles of its failovers, once there were any; before, the run's own is told.
    """
    lines = [f"{part}: {what}" for part, what in parts.items()]
    if settings.live is not None:
        return [*lines, f"seed: {settings.seed}"]
    profiles = sorted(set(filter(None, ran))) or [settings.profile]
    several = "s" if len(profiles) > 1 else ""
    return [*lines, f"profile{several}: {', '.join(profiles)}, seed: {settings.seed}"]
