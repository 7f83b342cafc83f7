"""What outlives a process: the lock of a cluster, the failovers used, the audit record."""

import contextlib
import errno
import fcntl
import json
import math
import os
import re
import stat
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pytest_rdsfailover.model.errors import FileWriteError, RdsFailoverError, public
from pytest_rdsfailover.model.files import parsed_json

LEAST_ROOM = 1 << 16  # bytes: the record of a trigger takes some thousand
LOCK_EVERY = 0.1  # seconds between two looks at a lock that another process has
RUN_OF_WORKERS = "PYTEST_XDIST_TESTRUNUID"  # the same for all workers of a session


def session_id(environ: Mapping[str, str] = os.environ) -> str:
    """Return an id that all workers of one pytest session share."""
    return environ.get(RUN_OF_WORKERS) or uuid.uuid4().hex


@public
class LedgerError(RdsFailoverError, ValueError):
    """The ledger of a cluster cannot be trusted, so nothing is triggered."""


class Ledger:
    """The lock, the budget and the audit record of one cluster, on this machine and for this user.

    The ledger is one file to which each trigger of any session adds a line. The lock is on that
    file, so that deleting or replacing the file takes the lock from its holder. What this process
    has read once must still be there when it reads again.

    Only the holder of the lock may change the budget.

    Args:
        directory: where the files are kept; made if it is not there.
        cluster: names it uniquely, by its ARN or by account, region and identifier.
        session: the id of the session whose budget is meant.
        audit: path of the audit record; None for one in *directory*.
    """

    def __init__(
        self, directory: Path, cluster: str, *, session: str, audit: str | None = None
    ) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = re.sub(r"[^0-9A-Za-z-]", "_", cluster)
        self.audit = Path(audit) if audit else directory / "audit.jsonl"
        self._state = directory / f"{name}.jsonl"
        self._session = session
        self._descriptor: int | None = None  # open and locked, or None
        self._known = b""  # the ledger as this process has read it last

    @property
    def exclusive(self) -> bool:
        """Tell whether the lock is ours, and is on the file that others would lock."""
        return self._descriptor is not None and _is_at(self._descriptor, self._state)

    def acquire(self, timeout: float) -> bool:
        """Wait for the lock, for *timeout* seconds; return whether it is ours now.

        Raises:
            LedgerError: if the ledger is no file of its own, or cannot be opened.
        """
        deadline = time.monotonic() + timeout
        while not self.exclusive:
            self.release()
            self._descriptor = _locked(self._state)
            if self._descriptor is None:
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                time.sleep(min(LOCK_EVERY, left))
        return True

    def release(self) -> None:
        """Release the lock, so that others can have the cluster; harmless the second time."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    @property
    def used(self) -> int:
        """Return how many failovers this session has triggered, over all its workers.

        Raises:
            LedgerError: if the ledger cannot be trusted; that must not count as no failover.
        """
        return sum(session == self._session for session, _ in self._entries())

    @property
    def last(self) -> float | None:
        """Return when a failover was last triggered from this machine, in seconds of the epoch.

        Raises:
            LedgerError: if the ledger cannot be trusted.
        """
        return max((at for _, at in self._entries()), default=None)

    def spend(self, now: float) -> None:
        """Count a failover, before its trigger, because this process may end during that.

        Raises:
            LedgerError: if the ledger cannot be trusted.
            FileWriteError: if it cannot be written; then nothing may be triggered.
        """
        self._entries()
        line = json.dumps({"session": self._session, "at": now}).encode() + b"\n"
        descriptor = _opened(self._state)
        try:
            os.lseek(descriptor, 0, os.SEEK_END)
            _append(descriptor, line)
        except OSError as error:
            raise FileWriteError(f"the ledger {self._state}", error) from error
        finally:
            os.close(descriptor)
        self._known += line

    def _entries(self) -> list[tuple[str, float]]:
        """Return the session and the time of every trigger so far."""
        content = self._content()
        if not content.startswith(self._known):
            raise LedgerError(f"{self._state} has lost what it held before in this run")
        entries = [self._entry(line) for line in content.splitlines()]
        self._known = content
        return entries

    def _content(self) -> bytes:
        if not os.path.lexists(self._state):
            return b""
        descriptor = _opened(self._state)
        with os.fdopen(descriptor, "rb") as file:
            return file.read()

    def _entry(self, line: bytes) -> tuple[str, float]:
        try:
            entry = parsed_json(line)
            session, at = str(entry["session"]), entry["at"]
        except (KeyError, TypeError, ValueError) as error:
            raise LedgerError(f"{self._state} has a line that is no trigger: {error}") from None
        if type(at) not in (int, float) or not math.isfinite(at):
            raise LedgerError(f"{self._state} has a line that is no trigger: at {at!r}")
        return session, float(at)

    def why_not_recordable(self) -> str:
        """Return why nothing can be added to the audit record; empty if lines can be added."""
        try:
            self.audit.parent.mkdir(parents=True, exist_ok=True)
            with self.audit.open("a") as file:
                left = os.fstatvfs(file.fileno())
        except OSError as error:
            return str(error)
        if left.f_blocks and left.f_bavail * left.f_frsize < LEAST_ROOM:
            return f"{self.audit}: fewer than {LEAST_ROOM >> 10} KiB are left on its disk"
        return ""

    def record(self, what: str, **facts: Any) -> None:
        """Add one line to the audit record; *facts* must hold no secret.

        Raises:
            FileWriteError: if it cannot be written.
        """
        entry = {"at": datetime.now(UTC).isoformat(), "session": self._session, "what": what}
        line = json.dumps(entry | facts, default=str).encode() + b"\n"
        try:
            descriptor = os.open(self.audit, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                _append(descriptor, line)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise FileWriteError(f"the audit record {self.audit}", error) from error


def _append(descriptor: int, line: bytes) -> None:
    """Add a line to a file, or nothing: half a line, of a full disk, would spoil those behind it."""
    size = os.fstat(descriptor).st_size
    written = os.write(descriptor, line)
    if written == len(line):
        with contextlib.suppress(OSError):  # a pipe or a terminal holds nothing
            os.fsync(descriptor)
        return
    if os.fstat(descriptor).st_size == size + written:  # nobody has added to it since
        os.ftruncate(descriptor, size)
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _opened(path: Path) -> int:
    """Return a descriptor of the ledger, which must be a plain file of one name, and no link."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
    except OSError as error:
        raise LedgerError(f"the ledger {path} cannot be opened: {error.strerror}") from None
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
        os.close(descriptor)
        why = "has other names, too (hard links)" if found.st_nlink > 1 else "is no plain file"
        raise LedgerError(f"the ledger {path} {why}")
    return descriptor


def _locked(path: Path) -> int | None:
    """Return a locked descriptor of the ledger; None while another process has the lock."""
    descriptor = _opened(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError as error:
        os.close(descriptor)
        raise LedgerError(f"the ledger {path} cannot be locked: {error.strerror}") from None
    return descriptor


def _is_at(descriptor: int, path: Path) -> bool:
    """Tell whether an open file is the one that has this path now."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except OSError:
        return False
