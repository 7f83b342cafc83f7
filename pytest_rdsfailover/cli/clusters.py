"""This user's standing clusters, as the commands find them."""

import sys

from pytest_rdsfailover.local.standing.registry import Registry
from pytest_rdsfailover.model.shown import printable


def clusters() -> Registry:
    """Return where they are written down; first remove, and tell, what killed ones have left there.

    Raises:
        SettingError: if the directory cannot be used.
    """
    registry = Registry()
    for sentence in registry.swept():
        print(f"rdsfailover: {printable(sentence)}", file=sys.stderr)  # noqa: T201 - a command speaks so
    return registry
