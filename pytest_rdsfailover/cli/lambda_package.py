"""`rdsfailover lambda build`: the package of the load function."""

import argparse
from pathlib import Path

from pytest_rdsfailover.cli.output import say
from pytest_rdsfailover.load.package import HANDLER, build


def run(options: argparse.Namespace) -> int:
    """Write the package; say its size, and which handler it has."""
    path = Path(options.out)
    size = build(path)
    say(f"{path}: {size / 1e6:.2f} MB, handler {HANDLER}")
    return 0
