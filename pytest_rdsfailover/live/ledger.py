"""What outlives a process: the lock of a cluster, the failovers used, the audit record."""

import json
import os
import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

RUN_OF_WORKERS = "PYTEST_XDIST_TESTRUNUID"  # the same for all workers of a session


def session_id(environ: Mapping[str, str] = os.environ) -> str:
    """Return an id that all workers of one pytest session share."""
    return environ.get(RUN_OF_WORKERS) or uuid.uuid4().hex


class Ledger:
    """The lock, the budget and the audit record of one cluster, on this machine.

    Only the holder of the lock may read or change the budget.

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
        self._lock = FileLock(directory / f"{name}.lock", thread_local=False)
        self._state = directory / f"{name}.json"
        self._session = session

    @property
    def exclusive(self) -> bool:
        """Tell whether the lock is ours."""
        return bool(self._lock.is_locked)

    def acquire(self, timeout: float) -> bool:
        """Wait for the lock; return whether it is ours now."""
        try:
            self._lock.acquire(timeout=timeout)
        except Timeout:
            return False
        return True

    def release(self) -> None:
        """Release the lock, so that others can have the cluster; harmless the second time."""
        self._lock.release(force=True)

    @property
    def used(self) -> int:
        """Return how many failovers this session has triggered, over all its workers."""
        state = self._read()
        return int(state["used"]) if state.get("session") == self._session else 0

    @property
    def last(self) -> float | None:
        """Return when a failover was last triggered from this machine, in seconds of the epoch."""
        seconds = self._read().get("last")
        return None if seconds is None else float(seconds)

    def spend(self, now: float) -> None:
        """Count a failover, before its trigger, because this process may end during that."""
        state = {"session": self._session, "used": self.used + 1, "last": now}
        fresh = self._state.with_suffix(".new")
        fresh.write_text(json.dumps(state))
        fresh.replace(self._state)

    def _read(self) -> Mapping[str, Any]:
        """Return the state; a file that cannot be read raises: it must not count as no failover."""
        if not self._state.exists():
            return {}
        state: Mapping[str, Any] = json.loads(self._state.read_text())
        return state

    def why_not_recordable(self) -> str:
        """Return why nothing can be added to the audit record; empty if lines can be added."""
        try:
            self.audit.parent.mkdir(parents=True, exist_ok=True)
            with self.audit.open("a"):
                return ""
        except OSError as error:
            return str(error)

    def record(self, what: str, **facts: Any) -> None:
        """Add one line to the audit record; *facts* must hold no secret.

        Raises:
            OSError: if it cannot be written.
        """
        entry = {"at": datetime.now(UTC).isoformat(), "session": self._session, "what": what}
        line = json.dumps(entry | facts, default=str) + "\n"
        descriptor = os.open(self.audit, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(line)
