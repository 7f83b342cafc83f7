"""Which process it is: a process id alone is used again, after a while or after a reboot."""

import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
BOOT = PROC / "sys/kernel/random/boot_id"
STATE, START = 0, 19  # places in /proc/PID/stat behind the name: is it a zombie, when did it start
ENDED, STOPPED = frozenset("ZXx"), "T"
ENDING = (signal.SIGTERM, signal.SIGCONT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """One process, told from every other one.

    Attributes:
        pid: its process id.
        born: when it started, in the words of the system that it runs on.
    """

    pid: int
    born: str

    @property
    def lives(self) -> bool:
        """Tell whether this very process still runs."""
        return identity_of(self.pid) == self

    def tell_to_end(self) -> bool:
        """Ask this very process to end (SIGTERM), and no other; return False if it has ended.

        One that is stopped, as by Ctrl-Z, goes on, since it could not end otherwise.

        Raises:
            PermissionError: if it is another user's.
        """
        if not hasattr(os, "pidfd_open"):
            if not self.lives:
                return False
            for number in ENDING:
                os.kill(self.pid, number)
            return True
        try:
            held = os.pidfd_open(self.pid)  # whoever gets the id later is not meant
        except ProcessLookupError:
            return False
        try:
            if not self.lives:
                return False
            for number in ENDING:
                signal.pidfd_send_signal(held, number)
        except ProcessLookupError:
            return False
        finally:
            os.close(held)
        return True


def identity_of(pid: int) -> Identity | None:
    """Return which process has an id now; None if none has."""
    born = _from_proc(pid) if PROC.is_dir() else _from_ps(pid)
    return None if born is None else Identity(pid=pid, born=born)


def own_identity() -> Identity:
    """Return which process this is."""
    found = identity_of(os.getpid())
    assert found is not None  # noqa: S101 - for the type checker: we run
    return found


def is_stopped(pid: int) -> bool:
    """Tell whether a process is stopped (SIGSTOP) now; False if the system does not tell."""
    return _fields(pid)[STATE : STATE + 1] == [STOPPED]


def _fields(pid: int) -> list[str]:
    """Return what /proc tells of a process, behind its name; nothing if there is none."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _from_proc(pid: int) -> str | None:
    fields = _fields(pid)
    try:
        boot = BOOT.read_text().strip()
    except OSError:
        return None
    return None if not fields or fields[STATE] in ENDED else f"{boot} {fields[START]}"


def _from_ps(pid: int) -> str | None:
    asked = ["/bin/ps", "-o", "state=,lstart=", "-p", str(pid)]
    shown = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=10).stdout
    state, _, born = shown.strip().partition(" ")
    return None if not born or state[0] in ENDED else born.strip()
