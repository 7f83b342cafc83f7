"""How far a load has come, while it runs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pytest_rdsfailover.journal.complaints import Complaint
from pytest_rdsfailover.journal.journal import WriterJournal
from pytest_rdsfailover.load.complaints import merged
from pytest_rdsfailover.model.records import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What the writers of a load have done so far.

    Attributes:
        acked_by: how many writes were acknowledged, by the number of their writer.
        failed: how many writes and reads were not.
        complaints: what the errors said.
    """

    acked_by: Mapping[str, int]
    failed: int
    complaints: Sequence[Complaint]

    @property
    def acked(self) -> int:
        """Return how many writes were acknowledged."""
        return sum(self.acked_by.values())

    @classmethod
    def of(cls, journals: Iterable[WriterJournal], complaints: Sequence[Complaint]) -> "Progress":
        """Return the progress that journals show, to which their writers still append."""
        acked, failed = {}, 0
        for writes in journals:
            writes_acked = writes.outcome.count(Outcome.ACKED)
            acked[str(writes.writer)] = writes_acked
            failed += len(writes) - writes_acked
            failed += len(writes.reads) - writes.reads.outcome.count(Outcome.ACKED)
        return cls(acked_by=acked, failed=max(0, failed), complaints=complaints)

    @classmethod
    def total(cls, parts: Sequence["Progress"]) -> "Progress":
        """Return what all processes of a load have done."""
        return cls(
            acked_by={writer: n for part in parts for writer, n in part.acked_by.items()},
            failed=sum(part.failed for part in parts),
            complaints=merged(complaint for part in parts for complaint in part.complaints),
        )
