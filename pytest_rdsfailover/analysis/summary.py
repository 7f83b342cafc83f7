"""One trial's results in one object: a journal and its circumstances, judged."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from pytest_rdsfailover.analysis.absence import Absence, absences
from pytest_rdsfailover.analysis.attempts import Attempts, attempts
from pytest_rdsfailover.analysis.capacity import calm_slots, why_overloaded
from pytest_rdsfailover.analysis.expectable import expectable
from pytest_rdsfailover.analysis.figure import Figure
from pytest_rdsfailover.analysis.findings.diagnosis import diagnose
from pytest_rdsfailover.analysis.findings.finding import Case, Finding
from pytest_rdsfailover.analysis.latency import Latency, latency
from pytest_rdsfailover.analysis.outages import Incident, incidents
from pytest_rdsfailover.analysis.phases import Phase, failures, phases, totals
from pytest_rdsfailover.analysis.pulse import Pulse, pulse
from pytest_rdsfailover.analysis.reached import why_unconfirmed, why_untouched
from pytest_rdsfailover.analysis.reliability import (
    Reliability,
    lateness,
    lateness_p99,
    why_unreliable,
)
from pytest_rdsfailover.analysis.series import Series, attempts_of, series_of
from pytest_rdsfailover.analysis.sessions import stuck
from pytest_rdsfailover.analysis.staleness import Reads, reads
from pytest_rdsfailover.analysis.validity import why_invalid
from pytest_rdsfailover.analysis.writes import (
    NOT_AUDITED,
    Audit,
    audit,
    ended_tenures,
    stale_writes,
)
from pytest_rdsfailover.journal.complaints import Complaint
from pytest_rdsfailover.journal.course import Course
from pytest_rdsfailover.journal.evidence import Evidence
from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.journal.stored import Stored
from pytest_rdsfailover.model.clock import to_nanoseconds, to_seconds
from pytest_rdsfailover.model.records import Milestone, Outcome, Window

UNDECIDED = Audit(
    lost=NOT_AUDITED,
    duplicated=NOT_AUDITED,
    recovered=NOT_AUDITED,
    unexpected=NOT_AUDITED,
    absent=0,
    torn=NOT_AUDITED,
)


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
        downtime: the longest outage of the failover, with its resolution.
        outages: every outage of the failover, in order.
        incidents: outages close to each other merged; each with its span, sum and count.
        threshold: the length up to which a gap is no outage.
        writer_outage: the longest outage of a single writer.
        availability_area: how long single writers were not served, all of them added up, in
            writer-seconds: what all clients together lost.
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
        stale_writes: writes that a former writer acknowledged.
        unjudged_writes: acknowledged after the cut by an unknown instance.
        stuck_writers: how many writers never came back.
        stuck: their numbers.
        stuck_sessions: how many connections to the endpoint stayed open on an instance that is not the
            writer, and were refused a write there since the failover; None where nobody could look.
        first_writer_back: when the first writer was served again; None if there was no outage,
            or none came back.
        last_writer_back: when the last one was; None if no writer was away, or some are stuck.
        errors: one entry for each code and kind.
        phases: errors of one code, kind and instance that follow each other.
        latency: from the intended time, before, during and after.
        milestones: what the cluster did.
        pulse: acknowledged writes over the time around the failover.
        findings: what is wrong with the application, asked for or not, the worst first.
        complaints: what the errors of the workload said, and where writers hang.
        notes: what is to be known about how the load was run.
        clock: what the run knows about its own clock, and whether the downtime is a figure.
        figures: what can be expected and is known between two ends, by its name in `expect`.
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
    downtime: Figure
    outages: list[Window]
    incidents: list[Incident]
    threshold: float
    writer_outage: float
    availability_area: float
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
    stale_writes: int
    unjudged_writes: int
    stuck_writers: int
    stuck: list[int]
    stuck_sessions: int | None
    first_writer_back: float | None
    last_writer_back: float | None
    errors: list[Phase]
    phases: list[Phase]
    latency: Latency
    milestones: list[Milestone]
    pulse: Pulse
    clock: Reliability
    findings: list[Finding]
    complaints: list[Complaint]
    notes: list[str]
    figures: Mapping[str, Figure] = field(default_factory=dict)
    attempts: Attempts | None = None
    reads: Reads | None = None
    failover_seed: int | None = None

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


def judge(evidence: Evidence) -> Summary:
    """Return the verdict that follows from a trial's evidence; the same one every time.

    Raises:
        AuditError: if a stored position is none.
    """
    return summarise(evidence.journal, evidence.course, evidence.stored)


def summarise(journal: Journal, course: Course, stored: Stored | None) -> Summary:
    """Return the results of a trial.

    Args:
        journal: what every writer did; no writer may be at work any more.
        course: what is known apart from that.
        stored: what was read back; None if nothing was: then lost writes are undecided.

    Raises:
        AuditError: if a stored position is none.
    """
    found = series_of(journal)
    zero = course.start if course.trigger is None else course.trigger
    clock = _Clock(to_nanoseconds(zero))
    absence = absences(found, course)
    errors = failures(found)
    writes = UNDECIDED if stored is None else audit(journal, found, stored)
    left = stuck(course.sessions, zero)
    stale, unjudged = stale_writes(found, ended_tenures(course.milestones, course.writer_before))
    until = to_nanoseconds(course.stop if course.trigger is None else course.trigger)
    invalid = why_invalid(
        course,
        acked=absence.acked_before,
        failed=_failed(journal, found, until),
        untrue=_why_untrue(found, course),
    )
    case = Case(
        series=found,
        errors=errors,
        course=course,
        audit=None if stored is None else writes,
        stuck=absence.writers.stuck,
        stale=stale,
        attempts=attempts_of(journal),
    )
    outcomes = [sum(series.outcome.count(kind) for series in found) for kind in Outcome]
    writers = absence.writers
    slots = calm_slots(found, journal.skips, course)
    fitness = replace(
        _reliability(
            course, absence, lateness(found), why_overloaded(slots, course, writers=found)
        ),
        calm_not_issued=slots.share,
    )
    taken = latency(
        found,
        trigger=clock.zero,
        back=absence.until,
        stop=absence.seen.stop,
        pauses=absence.seen.pauses,
        patience=absence.seen.patience,
    )
    return Summary(
        mode=course.mode,
        endpoint=course.endpoint,
        profile=course.profile,
        seed=course.seed,
        failover_seed=course.failover_seed,
        rate=course.rate,
        writers=len(found),
        window=Window(course.start - zero, course.stop - zero),
        valid=not invalid,
        reason=invalid,
        writer_before=course.writer_before,
        writer_after=course.writer_after,
        downtime=absence.downtime.doubted(fitness.problem),
        outages=[Window(clock.at(start), clock.at(stop)) for start, stop in absence.outages],
        incidents=[clock.incident(each) for each in incidents(absence.outages)],
        threshold=to_seconds(absence.gaps.threshold),
        writer_outage=to_seconds(max((b - a for a, b in writers.spans), default=0)),
        availability_area=to_seconds(writers.seen_area),
        attempted=len(journal),
        acked=outcomes[Outcome.ACKED],
        refused=outcomes[Outcome.REFUSED],
        unknown=outcomes[Outcome.UNKNOWN],
        not_issued=sum(skip.count for skip in journal.skips),
        lost=writes.lost,
        duplicated=writes.duplicated,
        recovered=writes.recovered,
        unexpected=writes.unexpected,
        absent=writes.absent,
        torn=writes.torn,
        audited=stored is not None,
        stale_writes=stale,
        unjudged_writes=unjudged,
        stuck_writers=len(writers.stuck),
        stuck=writers.stuck,
        stuck_sessions=None if left is None else len(left.left),
        first_writer_back=clock.perhaps(absence.first_back),
        last_writer_back=clock.perhaps(absence.last_back),
        errors=[clock.phase(each) for each in totals(errors, absence.seen.stop)],
        phases=[clock.phase(each) for each in phases(errors, absence.seen.stop)],
        latency=taken,
        figures=expectable(absence, taken, fitness.problem),
        milestones=[replace(m, at=m.at - zero, planned=_minus(m.planned, zero))
                    for m in course.milestones],
        pulse=_pulse(course, absence, clock.zero),
        clock=fitness,
        findings=diagnose(case),
        complaints=[replace(each, first=each.first - zero) for each in course.complaints],
        notes=list(course.notes),
        attempts=clock.attempts(attempts(journal, course)),
        reads=reads(journal, found),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Clock:
    """Turns nanoseconds of the journal into seconds from the trigger."""

    zero: int

    def at(self, time: float) -> float:
        return to_seconds(time - self.zero)

    def perhaps(self, time: int | None) -> float | None:
        return None if time is None else self.at(time)

    def phase(self, phase: Phase) -> Phase:
        return replace(phase, first=self.at(phase.first), last=self.at(phase.last))

    def attempts(self, found: Attempts | None) -> Attempts | None:
        if found is None:
            return None
        return replace(found, errors=[self.phase(each) for each in found.errors])

    def incident(self, incident: Incident) -> Incident:
        return replace(
            incident,
            start=self.at(incident.start),
            stop=self.at(incident.stop),
            outage=to_seconds(incident.outage),
        )


def _why_untrue(all_series: Sequence[Series], course: Course) -> str:
    """Return why acknowledged writes show nothing of the cluster, by what its own side saw."""
    witnessed = course.witnessed
    if witnessed is None:
        return ""
    calm_at = to_nanoseconds(witnessed.calm_at)
    calm = {str(series.writer): bisect_right(series.acks, calm_at) for series in all_series}
    acked = {str(series.writer): len(series.acks) for series in all_series}
    unconfirmed = why_unconfirmed(witnessed, calm=calm, acked=acked)
    return unconfirmed or why_untouched(witnessed, witnessed.whole, acked)


def _failed(journal: Journal, all_series: Sequence[Series], until: int) -> int:
    """Return how many writes and reads had failed by a moment."""
    rows = ((series, bisect_right(series.finished, until)) for series in all_series)
    writes = sum(series.acked.count(0, 0, last) for series, last in rows)
    reads = (
        outcome != Outcome.ACKED
        for writer in journal.writers
        for outcome, finished in zip(writer.reads.outcome, writer.reads.finished, strict=True)
        if finished <= until
    )
    return writes + sum(reads)


def _reliability(
    course: Course, absence: Absence, late: Sequence[int], overloaded: str
) -> Reliability:
    decisive = absence.gaps.decisive
    gap = to_seconds(decisive.gap[1] - decisive.gap[0])
    p99, own = to_seconds(lateness_p99(late)), to_seconds(decisive.own)
    return Reliability(
        lateness_p99=p99,
        lateness_max=to_seconds(late[-1] if late else 0),
        natural_gap=to_seconds(absence.gaps.natural),
        own_pause=max((last - first for first, last in course.pauses), default=0.0),
        own_pause_in_gap=own,
        strangers=course.strangers,
        problem=overloaded
        or why_unreliable(
            gap=gap,
            own=own,
            late=p99,
            threshold=to_seconds(absence.gaps.explained),
            crowd=(course.strangers or 0.0) / course.cpus if course.cpus else 0.0,
        ),
    )


def _minus(time: float | None, zero: float) -> float | None:
    return None if time is None else time - zero


def _pulse(course: Course, absence: Absence, zero: int) -> Pulse:
    """Return the acknowledged writes around everything that happened."""
    moments = [zero, *(to_nanoseconds(each.at) for each in course.milestones)]
    moments += [edge for gap in absence.outages for edge in gap]
    # A stuck writer would stretch the drawing over the whole rest of the run.
    end = to_nanoseconds(course.stop)
    moments += [edge for gap in absence.writers.spans if gap[1] < end for edge in gap]
    return pulse(absence.seen.acks, first=min(moments), last=max(moments), zero=zero)
