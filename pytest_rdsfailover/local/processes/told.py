"""What a program of ours is told at its start, by its standard input: it may hold passwords."""

import os


def read_told() -> str:
    """Return the first line of standard input; without a newline if the input ended before it."""
    line = b""
    while not line.endswith(b"\n") and (more := os.read(0, 4096)):
        line += more
    return line.decode()
