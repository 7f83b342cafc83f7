"""Files: read within bounds whoever wrote them, written so that an error names them."""

import errno
import gzip
import json
import math
import os
import stat
import sys
import tempfile
import zlib
from pathlib import Path
from typing import Any, BinaryIO

from pytest_rdsfailover.model.errors import ArchiveError, FileWriteError

MOST_BYTES = 1 << 28  # of a file, and of what it holds when it is unpacked
CHUNK = 1 << 20  # bytes that are unpacked at a time
# Why a file cannot be replaced that can be written to: its folder is read-only, or it is a mount.
KEPT_IN_PLACE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY)
MOST_VALUES = 30_000_000  # of JSON in one file: each takes up to a hundred bytes of memory


def read_bytes(path: Path, *, unpack: bool = False, most: int = MOST_BYTES) -> bytes:
    """Return what a regular file holds.

    Args:
        path: the file; what has no end, such as a pipe or a device, is refused.
        unpack: whether it is compressed by gzip.
        most: bytes that it may hold, unpacked.

    Raises:
        ArchiveError: if it cannot be read, or holds more.
    """
    try:
        # Without O_NONBLOCK the opening of a pipe waits for somebody who writes.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise ArchiveError(str(path), "cannot be read: it is no regular file")
            # Python takes as much memory as is asked for, before it reads.
            size = min(most, found.st_size)
            data = _unpacked(file, most) if unpack else file.read(size + 1)
    except (OSError, EOFError, zlib.error, ValueError) as error:
        why = getattr(error, "strerror", None) or error  # without the path, which is named already
        raise ArchiveError(str(path), f"cannot be read: {why}") from error
    except MemoryError:
        raise ArchiveError(str(path), "cannot be read: there is no memory for it") from None
    if len(data) > most:
        raise ArchiveError(str(path), f"cannot be read: it holds more than {most >> 20} MiB")
    return data


def _unpacked(file: BinaryIO, most: int) -> bytes:
    with gzip.open(file, "rb") as unpacked:
        found, taken = [], 0
        while taken <= most and (part := unpacked.read(CHUNK)):
            found.append(part)
            taken += len(part)
        return b"".join(found)


def read_json_lines(path: Path, *, unpack: bool = False) -> list[Any]:
    """Return the values that the lines of a file hold.

    Raises:
        ArchiveError: if it cannot be read, or a line is no JSON.
    """
    return [_parsed(line, path) for line in _text(path, unpack=unpack).split("\n") if line.strip()]


def read_json(path: Path) -> Any:
    """Return the value that a file holds.

    Raises:
        ArchiveError: if it cannot be read, or is no JSON.
    """
    return _parsed(_text(path), path)


def parsed_json(text: str | bytes) -> Any:
    """Return the value of a JSON text that somebody else has written.

    Raises:
        ValueError: if it is none, or is nested too deeply.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _text(path: Path, *, unpack: bool = False) -> str:
    data = read_bytes(path, unpack=unpack)
    if sum(map(data.count, (b",", b"[", b"{"))) > MOST_VALUES:
        raise ArchiveError(str(path), f"cannot be read: it holds more than {MOST_VALUES} values")
    try:
        return data.decode("utf-8")
    except ValueError:
        raise ArchiveError(str(path), "cannot be read: it is no text in UTF-8") from None


def _parsed(text: str, path: Path) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except RecursionError:
        raise ArchiveError(str(path), "cannot be read: its JSON is nested too deeply") from None
    except MemoryError:
        raise ArchiveError(str(path), "cannot be read: there is no memory for it") from None
    except ValueError as error:
        raise ArchiveError(str(path), f"cannot be read: {unreadable('JSON', error)}") from None


def unreadable(language: str, error: ValueError) -> str:
    """Return why a text is none of a language; what Python advises on long numbers helps nobody."""
    if "set_int_max_str_digits" in str(error):
        return f"it holds a number of more than {sys.get_int_max_str_digits()} digits"
    return f"it is no {language}: {error}"


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse(text)


def _refuse(text: str) -> float:
    raise ValueError(f"{text[:20]} is no number")


def write_text(path: Path, text: str) -> None:
    """Write a file as UTF-8, and the folders that it needs; what UTF-8 cannot say is escaped.

    A file that was there is replaced at one stroke, or left as it is.

    Raises:
        FileWriteError: if it cannot be written.
    """
    write_bytes(path, text.encode("utf-8", errors="backslashreplace"))


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file, and the folders that it needs; see `write_text`.

    Raises:
        FileWriteError: if it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():  # a device or a pipe is written to as it is
            # Opened so, a pipe that nobody reads is an error and not a wait.
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_NONBLOCK), "wb") as device:
                os.set_blocking(device.fileno(), True)
                device.write(data)
            return
        # A link goes on leading to its file; one that leads to itself gives way to it.
        _replace(Path(os.path.realpath(path)), data)
    except (OSError, ValueError) as error:
        raise FileWriteError(path, error) from error


def _replace(target: Path, data: bytes) -> None:
    draft = target.with_name(f".rdsfo-{os.getpid()}.part")
    try:
        draft.write_bytes(data)
        if target.exists():
            draft.chmod(stat.S_IMODE(target.stat().st_mode))
        draft.replace(target)
    except OSError as error:
        remove(draft)
        if error.errno not in KEPT_IN_PLACE or not target.is_file():
            raise
        target.write_bytes(data)


def check_folder(path: Path) -> None:
    """Make a folder, and see whether it takes files.

    Raises:
        FileWriteError: if it does not.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=path).close()
    except (OSError, ValueError) as error:
        raise FileWriteError(path, error) from error


def check_file(path: Path) -> None:
    """See whether a file can be written later by `write_bytes`; make the folders that it needs.

    Raises:
        FileWriteError: if it cannot.
    """
    if path.is_dir():
        raise FileWriteError(path, IsADirectoryError("it is a directory"))
    if not path.exists() or (path.is_file() and not os.access(path, os.W_OK)):
        check_folder(path.absolute().parent)


def append(path: Path, data: bytes) -> None:
    """Add to the end of a file in one call; one that was removed meanwhile is not made anew.

    Raises:
        OSError: if it cannot be done.
    """
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND), "ab", buffering=0) as file:
        file.write(data)


def remove(path: Path) -> None:
    """Remove a file of ours if that can be done."""
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return
