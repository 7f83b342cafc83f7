"""What commands say on standard output, whoever reads it."""

import os
import sys

from pytest_rdsfailover.model.errors import FileWriteError


def say(text: str) -> bool:
    """Print a text at once; return whether somebody may read more.

    Whoever has closed the other end of a pipe has read enough: that is no failure, and what is said from
    then on goes nowhere.

    Raises:
        FileWriteError: if the output takes no more, as a full disk.
    """
    try:
        print(text, flush=True)  # noqa: T201 - a command speaks so
    except BrokenPipeError:
        _lead_nowhere()
        return False
    except OSError as error:
        _lead_nowhere()
        raise FileWriteError("the output", error) from None
    return True


def _lead_nowhere() -> None:
    """Let what is still held back, and all that follows, go to nobody."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, sys.stdout.fileno())
    os.close(nothing)


def own_words(text: str) -> str:
    """Return a text in which options are called as commands call them, and not as pytest does."""
    return text.replace("--rds-", "--").replace("give stored=...", "give --stored-sql")
