"""One trial's results in one object."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from pytest_rdsfailover.analysis.attempts import Attempts
from pytest_rdsfailover.analysis.expectable import UNMEASURED
from pytest_rdsfailover.analysis.figure import Figure
from pytest_rdsfailover.analysis.findings.finding import Finding
from pytest_rdsfailover.analysis.latency import Latency
from pytest_rdsfailover.analysis.outages import Incident
from pytest_rdsfailover.analysis.phases import Phase
from pytest_rdsfailover.analysis.pulse import Pulse
from pytest_rdsfailover.analysis.reliability import Reliability
from pytest_rdsfailover.analysis.service_figures import WITHIN
from pytest_rdsfailover.analysis.staleness import Reads
from pytest_rdsfailover.journal.complaints import Complaint
from pytest_rdsfailover.model.records import Milestone, Window


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Summary:
    """A trial's results. Times and durations are seconds; times count from the trigger.

    Without a trigger, times count from the start of observation. The words are those of
    `docs/definitions.md`.

    Attributes:
        mode: `local` or `live`.
        endpoint: the kind of endpoint written to.
        profile: name of the failover profile.
        seed: decided the sampled durations.
        rate: writes per second that all writers intended together.
        writers: how many writers there were.
        window: the observed time.
        valid: whether the failover happened as the profile says; an invalid trial never passes.
        reason: why it is invalid; empty if it is valid.
        writer_before: the writer at the start.
        writer_after: the writer at the end.
        outage_windows: when each outage of the failover was, in order.
        incidents: outages close to each other merged; each with its span, sum and count.
        threshold: the length up to which a gap is no outage.
        attempted: writes that were sent, or for which a connection was tried.
        acked: acknowledged ones.
        refused: refused ones.
        unknown: ones of unknown outcome.
        not_issued: slots of the schedule for which no writer was free.
        lost: keys acknowledged, yet absent.
        duplicated: keys present more than once.
        recovered: keys of unknown outcome, yet present.
        unexpected: keys present, yet refused or never attempted.
        absent: how many writes of unknown outcome are absent.
        torn: keys of writes of several rows that are there in part.
        audited: whether the writes were read back; if not, the five lists are undecided.
        unjudged_writes: acknowledged after the cut by an unknown instance.
        stuck: the numbers of the writers that never came back.
        errors: one entry for each code and kind.
        phases: errors of one code, kind and instance that follow each other.
        latency: from the intended time, before, during and after.
        milestones: what the cluster did.
        pulse: acknowledged writes over the time around the failover.
        findings: what is wrong with the application, asked for or not, the worst first.
        complaints: what the errors of the workload said, and where writers hang.
        notes: what is to be known about how the load was run.
        clock: what the run knows about its own clock, and whether the downtime is a figure.
        figures: all that can be expected, by its name in `expect`; what was not measured is missing.
        attempts: the tries inside the operations; None if none were reported.
        reads: what operations that store nothing saw; None if there were none.
        failover_seed: sampled the durations of its one failover: trials of the same one are pairs;
            None if no seed did, or of several failovers.
    """

    mode: str
    endpoint: str
    profile: str
    seed: int
    rate: float
    writers: int
    window: Window
    valid: bool
    reason: str
    writer_before: str | None
    writer_after: str | None
    outage_windows: list[Window]
    incidents: list[Incident]
    threshold: float
    attempted: int
    acked: int
    refused: int
    unknown: int
    not_issued: int
    lost: list[str]
    duplicated: list[str]
    recovered: list[str]
    unexpected: list[str]
    absent: int
    torn: list[str]
    audited: bool
    unjudged_writes: int
    stuck: list[int]
    errors: list[Phase]
    phases: list[Phase]
    latency: Latency
    milestones: list[Milestone]
    pulse: Pulse
    clock: Reliability
    findings: list[Finding]
    complaints: list[Complaint]
    notes: list[str]
    figures: Mapping[str, Figure]
    attempts: Attempts | None = None
    reads: Reads | None = None
    failover_seed: int | None = None

    def figure(self, name: str) -> Figure:
        """Return one of its figures by its name in `expect`.

        What was not measured may be anything: every comparison with it is undecided.
        """
        found = self.figures.get(name)
        return (
            Figure(0.0, math.inf, UNMEASURED.get(name, "nothing was measured"))
            if found is None
            else found
        )

    @property
    def downtime(self) -> Figure:
        """Return the longest outage."""
        return self.figure("downtime")

    @property
    def outages(self) -> Figure:
        """Return how many outages of the failover there were."""
        return self.figure("outages")

    @property
    def writer_outage(self) -> Figure:
        """Return the longest outage of a single writer."""
        return self.figure("writer_outage")

    @property
    def availability_area(self) -> Figure:
        """Return how long single writers were not served, all added up, in writer-seconds.

        It is what all clients together lost.
        """
        return self.figure("availability_area")

    @property
    def first_writer_back(self) -> Figure:
        """Return when the first writer was served again; 0 if there was no outage."""
        return self.figure("first_writer_back")

    @property
    def last_writer_back(self) -> Figure:
        """Return when the last writer was served again; 0 if none was away."""
        return self.figure("last_writer_back")

    @property
    def stale_writes(self) -> Figure:
        """Return how many writes a former writer acknowledged.

        Those that an unknown instance acknowledged after the cut may be some of them.
        """
        return self.figure("stale_writes")

    @property
    def stuck_writers(self) -> Figure:
        """Return how many writers never came back."""
        return self.figure("stuck_writers")

    @property
    def stuck_sessions(self) -> Figure:
        """Return how many connections to the endpoint stayed open where no writer is.

        They were refused a write there since the failover.
        """
        return self.figure("stuck_sessions")

    @property
    def success(self) -> Figure:
        """Return which share of all operations that were due was acknowledged."""
        return self.figure("success")

    @property
    def worst_second(self) -> Figure:
        """Return the smallest such share of any one second."""
        return self.figure("worst_second")

    @property
    def late_errors(self) -> Figure:
        """Return how many operations failed that began after the cluster had settled."""
        return self.figure("late_errors")

    @property
    def recovery(self) -> Figure:
        """Return from the trigger until operations were served as in the calm."""
        return self.figure("recovery")

    def served_within(self, latency: str) -> Figure:
        """Return which share of all operations was acknowledged within a latency such as `500ms`.

        It counts from the intended time.

        Raises:
            SettingError: if it is none.
        """
        return self.figure(f"{WITHIN}{latency}")

    def is_open(self, outage: Window) -> bool:
        """Tell whether an outage had not ended when observation ended."""
        return outage.stop >= self.window.stop

    @property
    def resolution(self) -> float:
        """Return how far the downtime may be from its figure, in seconds."""
        return self.downtime.resolution

    @property
    def down(self) -> str:
        """Return the downtime in words: its figure, or only its bounds if the clock was unfit."""
        return self.in_words(self.downtime)

    def in_words(self, downtime: Figure) -> str:
        """Return one of its downtimes: the figure, or only its bounds if the clock was unfit."""
        if not self.clock.problem:
            return f"down {downtime}"
        return f"down {downtime.ends}, no figure"

    def __repr__(self) -> str:
        lost = f"{len(self.lost)} lost" if self.audited else "not audited"
        invalid = "" if self.valid else f", INVALID: {self.reason}"
        return (
            f"<{type(self).__name__} {self.mode}: {self.down}, {self.acked} acked, {lost},"
            f" {self.unknown} unknown{invalid}>"
        )
