"""Where profiles and switchovers come from: tables of TOML, shipped ones by name, the user's own by path."""

import re
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from pytest_rdsfailover.model.errors import ArchiveError, SettingError, did_you_mean
from pytest_rdsfailover.model.files import read_bytes, unreadable

MOST_BYTES = 1 << 20  # of a file
# Dots of one key, or of one text: the time that a key takes grows by the square of their number.
MOST_DOTS = 50
BETWEEN = re.compile(r"[\n,=\[\]{}]")
Table = Mapping[str, Any]


def shipped_tables(file: str) -> Mapping[str, Table]:
    """Return the tables of a file that comes with the package, by their names."""
    return tomllib.loads(resources.files(__package__).joinpath(file).read_text())


def find_table(kind: str, name: str, shipped: Mapping[str, Table]) -> tuple[str, Table]:
    """Return a table and what it is called: a shipped one, or that of the TOML file at a path.

    Args:
        kind: what the table describes, in words.
        name: of a shipped one, or the path.
        shipped: those that can be named.

    Raises:
        SettingError: if there is none, or the file cannot be read.
    """
    if name in shipped:
        return name, shipped[name]
    path = Path(name)
    if path.suffix == ".toml":
        return path.stem, _read(kind, path)
    hint = did_you_mean(name, shipped) or ";"
    raise SettingError(
        f"there is no {kind} {name!r}{hint} choose one of {', '.join(sorted(shipped))},"
        " or give the path of a .toml file"
    )


def _read(kind: str, path: Path) -> Table:
    try:
        return _table(read_bytes(path, most=MOST_BYTES).decode("utf-8"))
    except ArchiveError as error:
        raise SettingError(f"the {kind} {error}") from error
    except RecursionError:
        raise SettingError(f"the {kind} {path} is nested too deeply") from None
    except ValueError as error:  # from tomllib, or because the bytes are no UTF-8
        raise SettingError(f"the {kind} {path}: {unreadable('TOML', error)}") from error


def _table(text: str) -> Table:
    if any(part.count(".") > MOST_DOTS for part in BETWEEN.split(text)):
        raise RecursionError
    return tomllib.loads(text)
