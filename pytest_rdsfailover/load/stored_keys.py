"""Turns the keys that a user's `stored` returns into positions; names what is no key."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.load.workload import Position
from pytest_rdsfailover.model.errors import AuditError
from pytest_rdsfailover.model.files import parsed_json
from pytest_rdsfailover.model.records import Outcome

LONGEST_SHOWN = 80  # characters of a value


class Found(NamedTuple):
    """What stored keys say of the writes of a load.

    Attributes:
        positions: of every stored write, each as often as all of its rows are there.
        torn: those of which some rows are there and others are not.
    """

    positions: list[Position]
    torn: list[Position]


def found_in(journal: Journal, keys: Any, rows: int = 1) -> Found:
    """Return which writes are stored, given what the user's code has read back.

    Args:
        journal: knows its keys.
        keys: one for each stored row, those of other origin among them.
        rows: how many rows one write stores, all with its key.

    Raises:
        AuditError: if these are no keys, or keys that the user's code has changed.
    """
    if keys is None:
        raise AuditError("stored returned None: is a `return` missing?")
    if isinstance(keys, (str, bytes, Mapping)) or not isinstance(keys, Iterable):
        raise AuditError(
            f"stored returned {_shown(keys)}; it has to return a list with one key for each stored"
            " row, duplicates included"
        )
    if isinstance(keys, AbstractSet):
        raise AuditError(
            "stored returned a set, in which what is stored twice is there once; return a list with"
            " one key for each stored row"
        )
    texts = [_text(key) for key in keys]
    places = [journal.position(text) for text in texts]
    ours = [place for place in places if place is not None]
    _check_shapes(
        journal, [text for text, at in zip(texts, places, strict=True) if at is None], ours
    )
    copies = Counter(ours)
    return Found(
        positions=[place for place, n in copies.items() for _ in range(max(1, n // rows))],
        torn=sorted(place for place, n in copies.items() if n % rows),
    )


def _text(value: Any) -> str:
    """Return a key as the text that the workload got.

    Bytes and rows of one column are taken: there is one way to read them.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).decode("utf-8", "replace")
    columns = _columns(value)
    if columns is None:
        hint = "leave NULLs out" if value is None else "return the column with the workload's key"
        raise AuditError(
            f"stored returned {_shown(value)} in place of a key, which is a text; {hint}"
        )
    if len(columns) != 1:
        raise AuditError(
            f"stored returned a row of {len(columns)} columns, {_shown(value)}; return the key"
            " alone, such as row[0]"
        )
    return _text(columns[0])


def _columns(value: Any) -> list[Any] | None:
    """Return the columns of a row, be it a tuple, a mapping or a driver's own; None if it is none."""
    if isinstance(value, Mapping):
        return list(value.values())
    if isinstance(value, Sequence) or (hasattr(value, "keys") and hasattr(value, "__getitem__")):
        return list(value)
    return None


def _check_shapes(journal: Journal, others: Sequence[str], ours: Sequence[Position]) -> None:
    """Refuse keys of this load that the user's code has changed; keys of other origin pass.

    Raises:
        AuditError: naming what was done to them.
    """
    known = set(ours)
    inside = re.compile(rf"{re.escape(journal.run)}-\d+-\d+", re.IGNORECASE)
    for text in others:
        match = inside.search(text)
        place = journal.position(match[0].lower()) if match else None
        if match and place not in known:
            raise AuditError(
                f"the keys come back {_change(text, match[0])}: stored returned {_shown(text)}, the"
                f" workload got {match[0].lower()!r}; return them as the workload got them"
            )
    if others and not ours and _acknowledged(journal):
        cut = next((text for text in others if text and text in journal.key(0, 0)), "")
        how = "cut short" if cut and journal.run.startswith(cut[: len(journal.run)]) else "changed"
        raise AuditError(
            f"none of the {len(others)} keys that stored returned is one of this load, such as"
            f" {_shown(cut or others[0])}; the workload got keys such as {journal.key(0, 0)!r}:"
            f" either they come back {how}, or every acknowledged write is lost, or stored reads"
            " another table"
        )


def _change(text: str, key: str) -> str:
    """Return how a key was changed, in a word."""
    if text == key:
        return "in other letters"
    if text.strip() == key:
        return "padded"
    if text.strip().strip("\"'`") == key:
        return "quoted"
    try:
        parsed_json(text)
    except ValueError:
        pass
    else:
        return "as JSON"
    before, _, after = text.partition(key)
    return "with a prefix" if not after else "with a suffix" if not before else "with text around"


def _acknowledged(journal: Journal) -> bool:
    return any(Outcome.ACKED in writer.outcome for writer in journal.writers)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
