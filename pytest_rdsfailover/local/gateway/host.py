"""What a session must know of its instance."""

from collections.abc import Sequence
from typing import Protocol

from pytest_rdsfailover.local.gateway.aurora import TopologyRow
from pytest_rdsfailover.local.gateway.commits import Commits
from pytest_rdsfailover.local.gateway.volume import Volume


class Host(Protocol):
    """An instance, whose part may change while the session lives."""

    @property
    def id(self) -> str:
        """Return the instance's id."""

    @property
    def writer(self) -> bool:
        """Tell whether it takes writes now."""

    @property
    def read_only_error(self) -> int:
        """Return what it answers to writes when it takes none."""

    @property
    def volume(self) -> Volume:
        """Return where it stores rows."""

    @property
    def commits(self) -> Commits:
        """Return where its commits are counted."""

    def slowness(self) -> float:
        """Return by how many seconds each command takes longer on it now, because it is small."""

    def members(self) -> Sequence[TopologyRow]:
        """Return all instances of its cluster, as Aurora's topology table has them now."""

    def writable(self) -> bool:
        """Tell whether an instance of its cluster takes writes now."""
