"""Rows of figures under names that are never cut: beside the figures where there is room, else above."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

INDENT = "  "
Columns = Sequence[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class TableLine:
    """A line of a table.

    Attributes:
        text: without colours, no longer than the table is wide.
        row: which row it shows the figures of; None for headings and names.
    """

    text: str
    row: int | None = None


def fit(text: str, width: int) -> str:
    """Return a text cut or filled to a width; a negative width aligns to the left."""
    size = abs(width)
    if len(text) > size:
        head = size // 3
        text = text[:head] + "…" + text[head + 1 - size :]
    return text.ljust(size) if width < 0 else text.rjust(size)


def taken(columns: Columns) -> int:
    """Return how many characters columns take, with the space before each."""
    return sum(abs(width) + 1 for _, width in columns)


def named_rows(
    title: str,
    columns: Columns,
    names: Sequence[str],
    rows: Sequence[Sequence[str]],
    width: int,
) -> list[TableLine]:
    """Return a heading and the rows; those of one name stand together.

    Args:
        title: stands above the names.
        columns: title and width of each other column; a negative width aligns to the left.
        names: of the rows.
        rows: a text for each column; a row with a single text has that one over all of them.
        width: characters of the longest line.
    """
    heading = [name for name, _ in columns]
    room = width - taken(columns)
    longest = max(map(len, [title, *names]))
    if longest > room:
        return list(_above(columns, heading, names, rows, width))
    texts = [_row(columns, row) for row in [heading, *rows]]
    return [
        TableLine(f"{name:{longest}} {text}"[:width].rstrip(), at - 1 if at else None)
        for at, (name, text) in enumerate(zip([title, *names], texts, strict=True))
    ]


def _above(
    columns: Columns,
    heading: Sequence[str],
    names: Sequence[str],
    rows: Sequence[Sequence[str]],
    width: int,
) -> Iterator[TableLine]:
    yield TableLine(INDENT + _row(columns, heading))
    for name in dict.fromkeys(names):
        yield from (
            TableLine(part) for part in textwrap.wrap(name, width, subsequent_indent=INDENT)
        )
        for at, row in enumerate(rows):
            if names[at] == name:
                yield TableLine((INDENT + _row(columns, row))[:width].rstrip(), at)


def _row(columns: Columns, row: Sequence[str]) -> str:
    if len(row) == 1:
        return row[0]
    return " ".join(fit(text, size) for text, (_, size) in zip(row, columns, strict=True)).rstrip()
