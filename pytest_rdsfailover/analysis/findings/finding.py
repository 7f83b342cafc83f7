"""One thing that is wrong with an application, and what it is judged by."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pytest_rdsfailover.analysis.outages import Gap
from pytest_rdsfailover.analysis.series import Series
from pytest_rdsfailover.analysis.writes import Audit
from pytest_rdsfailover.journal.course import Course
from pytest_rdsfailover.model.clock import to_nanoseconds
from pytest_rdsfailover.model.records import Fault

Severity = Literal["broken", "risky", "note"]
SEVERITIES: tuple[Severity, ...] = ("broken", "risky", "note")  # the worst first


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that is wrong with the application, whether or not the test asked for it.

    Attributes:
        name: what it is called; the same in every trial.
        severity: `broken`, the application is harmed; `risky`, it may be next time; or `note`.
        evidence: what was seen, with its counts, in one sentence.
        cure: what usually helps.
        expectation: the bound that would have failed the test, such as `lost=0`; empty if there is none.
    """

    name: str
    severity: Severity
    evidence: str
    cure: str
    expectation: str = ""

    def __str__(self) -> str:
        return f"{self.severity.upper()}: {self.evidence}: {self.cure}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What findings are made of; times in nanoseconds.

    Attributes:
        series: what each writer did.
        errors: each failed operation's end, fault and instance, in order of time.
        course: what is known apart from that.
        audit: what was read back; None if nothing was.
        stuck: the numbers of the writers that never came back.
        stale: how many writes a former writer acknowledged.
        attempts: the tries that each writer reported.
        outages: from when to when nobody was served for certain, in order.
        dead_reads: what the reads met at last of each writer of which none worked after settling;
            None if there were none then.
        swallowed: the keys of acknowledged operations of which each reported try was refused.
    """

    series: Sequence[Series]
    errors: Sequence[tuple[int, Fault, str | None]]
    course: Course
    audit: Audit | None
    stuck: Sequence[int]
    stale: int
    attempts: Sequence[Series]
    outages: Sequence[Gap] = ()
    swallowed: Sequence[str] = ()
    dead_reads: Mapping[int, Fault | None] | None = None

    @property
    def acked(self) -> dict[str, int]:
        """Return how many writes were acknowledged, by the number of their writer."""
        return {str(series.writer): len(series.acks) for series in self.series}

    @property
    def trigger(self) -> int | None:
        """Return when the failover was triggered; None if none was."""
        return None if self.course.trigger is None else to_nanoseconds(self.course.trigger)

    @property
    def settled(self) -> int | None:
        """Return when the cluster had settled; None if it had not, or nothing was triggered."""
        return None if self.course.settled is None else to_nanoseconds(self.course.settled)

    @property
    def trouble(self) -> Gap | None:
        """Return since when the cluster was disturbed, and when it had settled.

        That is all of the outages if nothing was triggered; None if it had not settled, or was not
        disturbed.
        """
        if self.trigger is not None:
            return None if self.settled is None else (self.trigger, self.settled)
        return (self.outages[0][0], self.outages[-1][1]) if self.outages else None


def in_words(findings: Iterable[Finding]) -> Iterator[str]:
    """Yield each finding as a line; a cure that an earlier one has said is not said again."""
    said: list[str] = []
    for finding in findings:
        cure = finding.cure
        for earlier in said:
            cure = cure.replace(earlier, "as above")
        yield str(replace(finding, cure=cure))
        said.append(finding.cure)


def of_them(count: int, total: int) -> str:
    """Return how many of some writers are meant, in words: `it`, `all of them`, `2 of them`."""
    if total == 1:
        return "it"
    return "all of them" if count == total else f"{count} of them"


def some(keys: Sequence[object], most: int = 3) -> str:
    """Return the first of some keys, and how many more there are; a last one is as short itself."""
    if len(keys) <= most + 1:
        return ", ".join(map(str, keys))
    return f"{', '.join(map(str, keys[:most]))} and {len(keys) - most} more"
