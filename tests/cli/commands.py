"""The command `rdsfailover` as a program of its own, with a place of its own for its files."""

import contextlib
import os
import subprocess
import sys
import uuid
from pathlib import Path

import marked
from fitness import fit

from pytest_rdsfailover.local.standing.registry import Registry

# All signals are heard, whoever runs the tests: shells ignore some for all that they start in the background.
COMMAND = """
import signal, sys
from pytest_rdsfailover.cli.main import main
signal.signal(signal.SIGINT, signal.default_int_handler)
for ending in (signal.SIGHUP, signal.SIGQUIT):
    signal.signal(ending, signal.SIG_DFL)
sys.exit(main())
"""
PATIENCE = 60.0  # seconds; the machine may be busy


def new_name():
    """Return a name that no other cluster of this user has."""
    return f"test-{uuid.uuid4().hex[:12]}"


@contextlib.contextmanager
def started(*arguments, cwd=None, **environ):
    """Run the command in the background for the block; see `marked.Marked`."""
    with marked.run_directories() as base:
        argv = [sys.executable, "-c", marked.PLACE.format(base=str(base)) + COMMAND, *arguments]
        with marked.Marked(argv, base, cwd=cwd, **environ) as process:
            yield process


def done(*arguments, cwd=None, stdin=None, **environ):
    """Run the command to its end."""
    return subprocess.run(
        [sys.executable, "-c", COMMAND, *arguments],
        capture_output=True, text=True, timeout=PATIENCE, check=False, cwd=cwd, stdin=stdin,
        env={**os.environ, **environ},
    )  # fmt: skip


def judged(take):
    """Return the first trial of a few, run by a command, that proves something; see `fitness`.

    The command may be make's, which ends with a status of its own and tells that of the command.
    """
    return fit(take, lambda ended: ended.stdout + ended.stderr if proves_nothing(ended) else "")


def proves_nothing(ended):
    return ended.returncode == 3 or "Error 3" in ended.stderr


def state_files(name):
    """Return what is written down of a cluster."""
    return sorted(path.name for path in Registry().directory.glob(f"{name}.*"))


def script(path: Path, text: str) -> str:
    """Write a program; return its path."""
    path.write_text(text)
    path.chmod(0o755)
    return str(path)
