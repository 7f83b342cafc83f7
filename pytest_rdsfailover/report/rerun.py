"""The command that takes a trial again, with the same sampled durations."""

import shlex
from dataclasses import fields

from pytest_rdsfailover.model.settings import Settings

# What decides a trial and is worth repeating; where reports go is the next reader's business.
REPEATED = (
    "profile", "seed", "toxiproxy", "instances", "writers", "rate", "warmup", "cooldown", "bound",
    "trials", "spacing",
)  # fmt: skip
ALWAYS = ("profile", "seed")
DURATIONS = ("warmup", "cooldown", "bound", "spacing")


def command(settings: Settings, test: str) -> str:
    """Return the command for a shell that runs one test as this run did.

    A server's URL is left out, because there is a password in it.

    Args:
        settings: the run's.
        test: the test's node id.
    """
    usual = {field.name: field.default for field in fields(Settings)}
    words = ["pytest", test]
    for name in REPEATED:
        value = getattr(settings, name)
        if name == "rate" and settings.open_rate not in (None, value):
            words += [f"--rds-load={'precise' if value else 'closed'}"]  # no rate can say that
        elif value is not None and (name in ALWAYS or value != usual[name]):
            words += [f"--rds-{name.replace('_', '-')}={_text(name, value)}"]
    if settings.server is not None and "://" not in settings.server:
        words += [f"--rds-server={settings.server}"]
    return shlex.join(words)


def _text(name: str, value: object) -> str:
    return f"{value:g}s" if name in DURATIONS and isinstance(value, float) else str(value)
