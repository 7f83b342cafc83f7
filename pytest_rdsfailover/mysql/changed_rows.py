"""How many rows a server has changed, by its own status variables."""

from collections.abc import Mapping

# MySQL counts rows of its own and temporary ones among the latter, MariaDB has no longer the former.
INNODB = ("Innodb_rows_inserted", "Innodb_rows_updated", "Innodb_rows_deleted")
HANDLER = ("Handler_write", "Handler_update", "Handler_delete")
NAMES = (*INNODB, *HANDLER)


def changed_rows(counts: Mapping[str, int]) -> int | None:
    """Return how many rows were changed; None if the server counts none of them."""
    for names in (INNODB, HANDLER):
        if any(name in counts for name in names):
            return sum(counts.get(name, 0) for name in names)
    return None
