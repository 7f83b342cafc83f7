"""What the system says of a process, independent of how the package asks for it."""

from pathlib import Path


def state(pid):
    """Return the letter that ps shows for a process; X if there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return "X"


def is_gone(pid):
    """Tell whether a process has ended, reaped or not."""
    return state(pid) in "ZX"
