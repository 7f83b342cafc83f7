"""What the cluster's own side says of a trial's acknowledged writes."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pytest_rdsfailover.analysis.reached import doubts, why_untrue
from pytest_rdsfailover.analysis.reached_keys import missing
from pytest_rdsfailover.analysis.series import Series
from pytest_rdsfailover.journal.course import Course
from pytest_rdsfailover.model.clock import to_nanoseconds
from pytest_rdsfailover.model.traffic import SERVER, Traffic

Tenures = Mapping[str, Sequence[tuple[int, int]]]

NOBODY = (
    "nobody looked whether the load reached the cluster: the status variables of its writer could not"
    " be read"
)


@dataclass(frozen=True, slots=True)
class Witnesses:
    """What was seen of a trial's acknowledged writes, beside how many there were.

    Attributes:
        course: has what was seen.
        calm: acknowledged writes when the calm was looked at, by the number of their writer.
        acked: those of the whole trial.
        failed: the others that were tried in it.
    """

    course: Course
    calm: Mapping[str, int]
    acked: Mapping[str, int]
    failed: Mapping[str, int]

    @classmethod
    def of(cls, all_series: Sequence[Series], course: Course) -> "Witnesses":
        """Return them for what each writer did."""
        at = 0 if course.witnessed is None else to_nanoseconds(course.witnessed.calm_at)
        return cls(
            course,
            calm={str(series.writer): bisect_right(series.acks, at) for series in all_series},
            acked={str(series.writer): len(series.acks) for series in all_series},
            failed={str(series.writer): len(series) - len(series.acks) for series in all_series},
        )

    def why_untrue(self) -> str:
        """Return why the writes show nothing of the cluster; empty if they may."""
        witnessed = self.course.witnessed
        return "" if witnessed is None else why_untrue(witnessed, calm=self.calm, acked=self.acked)

    def stale(self, tenures: Tenures) -> int | None:
        """Return how many writes former writers took; None if not all writes were seen.

        Args:
            tenures: when each former writer was none, in nanoseconds.
        """
        witnessed = self.course.witnessed
        seen = None if witnessed is None else witnessed.whole
        if not seen or SERVER in seen:
            return None
        anywhere = Traffic.total(list(seen.values()))
        if anywhere.by_readers is None or not self._all_seen(anywhere):
            return None
        return sum(
            first < to_nanoseconds(write.began) and to_nanoseconds(write.ended) < last
            for write in anywhere.by_readers
            for first, last in tenures.get(write.instance, ())
        )

    def _all_seen(self, anywhere: Traffic) -> bool:
        """Tell whether each acknowledged write was seen, by its key or by a statement of its own."""
        if anywhere.keys:
            return not missing(anywhere, self.acked)
        acked, failed = sum(self.acked.values()), sum(self.failed.values())
        return acked <= anywhere.confirmed <= acked + failed

    def remarks(self) -> list[str]:
        """Return what nobody could see, or can explain."""
        witnessed = self.course.witnessed
        if witnessed is None:
            return [NOBODY] if self.course.mode == "live" else []
        if self.why_untrue():
            return []
        return doubts(witnessed, calm=self.calm, acked=self.acked, failed=self.failed)
