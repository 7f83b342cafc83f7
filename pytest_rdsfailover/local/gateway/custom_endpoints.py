"""Custom endpoints: which instances of the cluster each leads to, as records. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass

READER = "READER"


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomEndpoint:
    """An endpoint that somebody has made by the AWS API.

    Attributes:
        name: its identifier.
        host: the address at which it listens.
        port: the port.
        kind: `READER` for readers only, `ANY` for the writer as well.
        members: ids of the instances that it leads to; empty for all but the excluded ones.
        excluded: ids of instances that it does not lead to.
    """

    name: str
    host: str
    port: int
    kind: str
    members: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()

    def leads_to(self, instance: str, *, writer: bool) -> bool:
        """Tell whether an instance is one of those that it leads to now."""
        chosen = instance in self.members if self.members else instance not in self.excluded
        return chosen and not (writer and self.kind == READER)


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomEndpoints:
    """All custom endpoints that there are."""

    endpoints: Sequence[CustomEndpoint] = ()
