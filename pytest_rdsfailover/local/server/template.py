"""A filled data directory per server version, made once and copied for each run."""

import os
import shutil
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from pytest_rdsfailover.local.processes import run_directory
from pytest_rdsfailover.local.processes.cache import CACHE, REMEDY
from pytest_rdsfailover.local.processes.process import Supervisor
from pytest_rdsfailover.local.server.dialects import COMMON, Dialect
from pytest_rdsfailover.model.errors import CommandError, SettingError

TEMPLATE_VERSION = 1  # to be raised when the content of templates changes
PATIENCE = 180.0  # seconds to fill a data directory, on a slow machine
WAIT = 90.0  # seconds for another process that makes the same template
CHUNK = 1 << 16
ZEROS = bytes(CHUNK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What a template is made with.

    Attributes:
        program: path of the server.
        dialect: the kind of server.
        version: its version, as in `10.11.6`.
    """

    program: Path
    dialect: Dialect
    version: str

    @property
    def key(self) -> str:
        """Return a name that changes whenever the content of the template would."""
        status = self.program.stat()
        stamp = f"{status.st_mtime_ns:x}-{status.st_size:x}"
        return f"{self.dialect.name.lower()}-{self.version}-{stamp}-{TEMPLATE_VERSION}"


def template(source: Source, cache: Path, supervisor: Supervisor) -> Path:
    """Return the data directory to copy; it is made if the cache has none.

    Processes that ask at the same time wait for the first of them to make it, up to `WAIT`: who
    makes it may be frozen. Then each makes its own, which ends with its run.

    Raises:
        CommandError: if the server's own installer fails, with its output.
    """
    ready = cache / source.key
    if ready.is_dir():
        return ready
    try:
        with FileLock(cache / f"{source.key}.lock", timeout=WAIT):
            if not ready.is_dir():
                _forget(cache, source.key)
                _make(source, ready, supervisor)
    except Timeout:
        ready = supervisor.directory / source.key
        if not ready.is_dir():
            _make(source, ready, supervisor)
    return ready


def _forget(cache: Path, key: str) -> None:
    """Remove templates that a killed process has left half made; the caller holds the lock."""
    for path in cache.glob(f"{key}.partial-*"):
        shutil.rmtree(path, ignore_errors=True)


def _make(source: Source, ready: Path, supervisor: Supervisor) -> None:
    # In the run directory, which is in memory, because the installer flushes files all the time.
    work = supervisor.directory / f"template-{uuid.uuid4().hex[:8]}"
    work.mkdir()
    command = source.dialect.initialise(
        source.program, work, [*COMMON, *source.dialect.options, *as_this_user()]
    )
    _run(work.name, command, supervisor)
    partial = ready.with_name(f"{ready.name}.partial-{os.getpid()}")
    copy_data(work, partial, without=source.dialect.disposable, remedy=REMEDY.format(CACHE))
    partial.rename(ready)
    shutil.rmtree(work)


def _run(name: str, command: Sequence[str], supervisor: Supervisor) -> None:
    process = supervisor.spawn(name, command)
    begun = time.monotonic()
    if not process.wait(PATIENCE):
        process.kill()
    if process.status != 0:
        waited = time.monotonic() - begun
        status = process.status if process.status is not None else -1
        raise CommandError(command[0], status, f"(after {waited:.0f} s)\n{process.log_tail()}")


def as_this_user() -> list[str]:
    """Return the option without which a server does not run as root; empty for other users."""
    return ["--user=root"] if os.geteuid() == 0 else []


def copy_data(
    source: Path, target: Path, *, without: Sequence[str] = (), remedy: str = run_directory.REMEDY
) -> None:
    """Copy a data directory; stretches of zeros become holes, which take neither room nor time.

    Args:
        source: the directory to copy.
        target: where to; it must not exist.
        without: patterns of names that are left out.
        remedy: what to do if there is no room for it.

    Raises:
        SettingError: if it cannot be written; what was copied is removed.
    """
    try:
        shutil.copytree(
            source, target, ignore=shutil.ignore_patterns(*without), copy_function=_copy_sparse
        )
    except OSError as error:
        shutil.rmtree(target, ignore_errors=True)
        why = error.args[0][0][2] if isinstance(error, shutil.Error) else error
        raise SettingError(f"{target} cannot be filled: {why}; {remedy}") from None


def _copy_sparse(source: str, target: str) -> None:
    # Buffered: a raw file writes less than it is given on a full disk, and says nothing.
    with open(source, "rb", buffering=0) as old, open(target, "wb") as new:  # noqa: PTH123 - shutil passes text
        while chunk := old.read(CHUNK):
            if chunk == ZEROS[: len(chunk)]:
                new.seek(len(chunk), os.SEEK_CUR)
            else:
                new.write(chunk)
        new.truncate()
    shutil.copymode(source, target)  # keeps private keys private
