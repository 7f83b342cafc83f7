"""Programs that users name: started as a shell starts them."""

import errno
import subprocess
from collections.abc import Sequence
from typing import Any

SHELL = "/bin/sh"


def start(command: Sequence[str], program: str, **options: Any) -> "subprocess.Popen[bytes]":
    """Start a program; a script that does not say who reads it (`#!`) is read by the shell.

    Args:
        command: the program as it was typed, and its arguments.
        program: its path.
        options: of `subprocess.Popen`.

    Raises:
        OSError: if it cannot be run.
    """
    try:
        return subprocess.Popen(list(command), executable=program, **options)
    except OSError as error:
        if error.errno != errno.ENOEXEC or _is_binary(program):
            raise
        return subprocess.Popen([SHELL, program, *command[1:]], **options)


def _is_binary(program: str) -> bool:
    """Tell whether a file is no script: one of another machine, or broken."""
    with open(program, "rb") as file:  # noqa: PTH123 - as typed, without any expansion
        return b"\0" in file.read(128)
