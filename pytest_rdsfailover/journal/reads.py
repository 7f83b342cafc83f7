"""What a read saw, as the journal has room for it."""

# What the detail of a read says: where it was read from, and one more than the newest sequence
# that was seen, or 0 for none. A read of the user's own says nothing.
OWN, REPLICA = 1 << 30, 1 << 29
SEEN = REPLICA - 1


def seen(sequence: int | None, *, own: bool) -> int:
    """Return what a read saw, as the journal has room for it.

    Args:
        sequence: the newest write of its writer that it saw; None for none.
        own: whether it read from where the writer writes.
    """
    return (0 if sequence is None else sequence + 1) | (OWN if own else REPLICA)
