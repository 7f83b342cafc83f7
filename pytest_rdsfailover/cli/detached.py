"""Lets a command go on in a process of its own, and returns once that is ready."""

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, NoReturn

from pytest_rdsfailover.cli.output import own_words
from pytest_rdsfailover.cli.signals import ENDING, ended_by_signals
from pytest_rdsfailover.local.standing import last_words
from pytest_rdsfailover.model.errors import RdsFailoverError, SettingError
from pytest_rdsfailover.model.files import remove
from pytest_rdsfailover.model.owned import hold

Announce = Callable[[str], object]
STANDARD_ERROR = 2


class Announced(NamedTuple):
    """What a detached process said: that it is ready, or why it has ended."""

    text: str
    status: int


def detach(keep: Callable[[Announce], int], log: Path, failed: int, wrong: int) -> Announced:
    """Run *keep* in a process of its own, without a terminal; return what it announces.

    Args:
        keep: gets a function that announces that it is ready, and returns an exit status.
        log: where its output goes.
        failed: the status if it fails before.
        wrong: the status if it fails before because of what the user has typed.
    """
    ours, theirs = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    # A signal that comes before anybody hears it would end this process and leave the other.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    pid = os.fork()
    if pid == 0:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(ours)
        _become(keep, log, theirs, failed, wrong)
    os.close(theirs)
    try:
        with ended_by_signals(), os.fdopen(ours) as told:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            text = told.read()
    except BaseException:  # interrupted: what is not ready yet is not wanted any more
        os.kill(pid, signal.SIGTERM)
        os.waitpid(pid, 0)
        remove(log)
        raise
    if text:
        announced = Announced(*json.loads(text))
    else:
        said = last_words.told(log.read_text(errors="replace")) if log.exists() else ""
        announced = Announced(f"while it started it {said or 'was killed'}", failed)
    if announced.status:
        remove(log)  # all that it says is told now
    return announced


def _become(
    keep: Callable[[Announce], int], log: Path, told: int, failed: int, wrong: int
) -> NoReturn:
    """Turn this fresh child into the detached process; never returns."""
    status = failed
    try:
        os.setsid()
        _redirect(log)
        _close_all_but(told)
        with os.fdopen(told, "w") as pipe:

            def announce(text: str, status: int = 0) -> None:
                if not pipe.closed:
                    try:
                        with pipe:
                            pipe.write(json.dumps([text, status]))
                    except BrokenPipeError:
                        raise RdsFailoverError("whoever has started it was gone first") from None

            try:
                status = keep(announce)
            except RdsFailoverError as error:
                status = wrong if isinstance(error, SettingError) else failed
                announce(str(error), status)
                print(f"rdsfailover: {own_words(str(error))}", file=sys.stderr)  # noqa: T201 - its log
    except BaseException:  # noqa: BLE001 - nobody else would tell
        traceback.print_exc()
    finally:
        with suppress(OSError):
            print(last_words.noted(status))  # noqa: T201 - its log
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def _close_all_but(needed: int) -> None:
    """Close what was inherited beside the standard streams: whoever opened it may wait for its end."""
    for number in [int(entry.name) for entry in Path("/dev/fd").iterdir()]:
        if number > STANDARD_ERROR and number != needed:
            with suppress(OSError):
                os.close(number)


def _redirect(log: Path) -> None:
    log.unlink(missing_ok=True)
    # First, so that it takes the place of a closed input.
    nothing = os.open(os.devnull, os.O_RDONLY)
    # Owned, so that nobody takes it for what an ended one has left.
    output = hold(log, os.O_CREAT | os.O_EXCL | os.O_APPEND)
    for source, target in ((nothing, 0), (output, 1), (output, STANDARD_ERROR)):
        os.dup2(source, target)
