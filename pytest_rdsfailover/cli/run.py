"""`rdsfailover run -- COMMAND`: a cluster for the time of one command."""

import argparse
import ctypes
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from types import FrameType

from pytest_rdsfailover.cli.cluster_options import settings_of
from pytest_rdsfailover.cli.clusters import clusters
from pytest_rdsfailover.cli.own_cluster import OwnCluster
from pytest_rdsfailover.cli.signals import (
    ENDING,
    OF_TERMINAL,
    OTHERS,
    ended_by_signals,
    heard,
    is_in_foreground,
)
from pytest_rdsfailover.local.processes.guard import guarded
from pytest_rdsfailover.local.standing.variables import environment_of
from pytest_rdsfailover.model.errors import RdsFailoverError, SettingError
from pytest_rdsfailover.model.executed import start

# As of `env` and `docker run`: the command cannot be run, there is none.
NOT_RUNNABLE, NOT_FOUND = 126, 127
BY_SIGNAL = 128  # and the number of the signal, as shells say it
PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)
PRCTL = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


def run(options: argparse.Namespace) -> int:
    """Run a command with a cluster of its own; return its exit status, or 125 to 127 for ours."""
    command = options.command[options.command[:1] == ["--"] :]
    if not command:
        raise SettingError("which command? write `rdsfailover run -- COMMAND`")
    program = shutil.which(command[0])
    if program is None:
        there = os.path.exists(command[0])  # noqa: PTH110 - as typed, without any expansion
        why = "cannot be run" if there else f"there is no such command{_unquoted(command)}"
        _say(f"{command[0]}: {why}")
        return NOT_RUNNABLE if there else NOT_FOUND
    name = f"run-{os.getpid()}" if options.name is None else options.name
    own = OwnCluster.of(options, name, settings_of(options))
    clusters()  # so that nothing of killed ones is left
    with ended_by_signals(), own.started() as host, guarded() as mark:
        told = environment_of(host.description, options.endpoint, os.environ)
        status = _ran(program, command, {**told, **mark})
        try:
            host.cluster.check()
        except RdsFailoverError as error:
            _say(f"the cluster broke while the command ran: {error}")
        return status


def _unquoted(command: Sequence[str]) -> str:
    """Return a hint for whoever has quoted a whole command."""
    words = command[0].split()
    return f"; write `run -- {' '.join(words)}`, without quotes" if len(words) > 1 else ""


def _ran(program: str, command: Sequence[str], environ: dict[str, str]) -> int:
    """Run a command to its end; pass signals on to it, because it decides what they mean."""
    children: list[subprocess.Popen[bytes]] = []
    early: list[int] = []  # signals that came while the command was being started

    def pass_on(number: int, _: FrameType | None) -> None:
        if number in OF_TERMINAL and is_in_foreground():
            return  # the terminal has told the command
        early.append(number)
        for child in children:
            child.send_signal(early.pop())

    passed = heard(*ENDING, signal.SIGQUIT, *OTHERS)
    before = {number: signal.signal(number, pass_on) for number in passed}
    try:
        child = start(command, program, env=environ, preexec_fn=_dies_with_us)
        children.append(child)
        while early:
            child.send_signal(early.pop())
        status = child.wait()
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)  # it is there itself
        _say(
            f"{command[0]}: {'what its first line (#!) names is not there' if missing else error.strerror}"
        )
        return NOT_RUNNABLE
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return status if status >= 0 else BY_SIGNAL - status


def _dies_with_us() -> None:
    """Have the system end the command if this process is killed: its cluster is gone then."""
    if PRCTL is not None:
        PRCTL(PARENT_DEATH_SIGNAL, signal.SIGTERM, 0, 0, 0)


def _say(text: str) -> None:
    print(f"rdsfailover run: {text}", file=sys.stderr)  # noqa: T201 - a command speaks so
