"""Texts of others, such as names out of files, as a terminal may show them."""

import re

# Controls but tab and newline, what turns the direction of writing, and halves of characters.
HARMFUL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def printable(text: str) -> str:
    """Return a text that a terminal shows and does not obey; what was taken out is escaped."""
    return HARMFUL.sub(lambda found: ascii(found[0])[1:-1], text)


def one_line(text: str) -> str:
    """Return a text that a terminal shows as a single line, so that nothing in it looks like another."""
    return printable(text).replace("\n", r"\n")
