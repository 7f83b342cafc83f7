"""A journal and its circumstances, judged: all that a trial says, measured once."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from pytest_rdsfailover.analysis.absence import Absence, absences
from pytest_rdsfailover.analysis.attempts import Tries, attempts
from pytest_rdsfailover.analysis.capacity import calm_slots, why_overloaded
from pytest_rdsfailover.analysis.dead_reads import dead_reads
from pytest_rdsfailover.analysis.elsewhere import aligned, certain, told_of
from pytest_rdsfailover.analysis.expectable import (
    absence_figures,
    attempt_figures,
    audit_figures,
    latency_figures,
    read_figures,
)
from pytest_rdsfailover.analysis.figure import Figure
from pytest_rdsfailover.analysis.figures import Figures
from pytest_rdsfailover.analysis.findings.diagnosis import diagnose
from pytest_rdsfailover.analysis.findings.finding import Case
from pytest_rdsfailover.analysis.latency import latency
from pytest_rdsfailover.analysis.outages import incidents
from pytest_rdsfailover.analysis.phases import failures, phases, totals
from pytest_rdsfailover.analysis.pulse import Pulse, pulse
from pytest_rdsfailover.analysis.reliability import (
    Reliability,
    lateness,
    lateness_p99,
    why_unreliable,
)
from pytest_rdsfailover.analysis.series import Series, series_of
from pytest_rdsfailover.analysis.service_figures import ServiceFigures
from pytest_rdsfailover.analysis.sessions import stuck
from pytest_rdsfailover.analysis.staleness import reads
from pytest_rdsfailover.analysis.summary import Summary
from pytest_rdsfailover.analysis.to_count import WriterList
from pytest_rdsfailover.analysis.trigger_time import TriggerTime
from pytest_rdsfailover.analysis.uncollected import uncollected
from pytest_rdsfailover.analysis.validity import why_invalid
from pytest_rdsfailover.analysis.witnesses import Witnesses
from pytest_rdsfailover.analysis.writerless import why_without_writer
from pytest_rdsfailover.analysis.writes import NO_KEYS, audit, ended_tenures, stale_writes
from pytest_rdsfailover.journal.course import Course
from pytest_rdsfailover.journal.evidence import Evidence
from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.journal.stored import Stored
from pytest_rdsfailover.model.clock import to_nanoseconds, to_seconds
from pytest_rdsfailover.model.records import Outcome, Window


def judge(evidence: Evidence) -> Summary:
    """Return the verdict that follows from a trial's evidence; the same one every time.

    Raises:
        AuditError: if a stored position is none.
    """
    return summarise(evidence.journal, evidence.course, evidence.stored)


@uncollected()
def summarise(journal: Journal, course: Course, stored: Stored | None) -> Summary:
    """Return the results of a trial.

    Args:
        journal: what every writer did; no writer may be at work any more.
        course: what is known apart from that.
        stored: what was read back; None if nothing was: then lost writes are undecided.

    Raises:
        AuditError: if a stored position is none.
    """
    every_series, intended = series_of(journal), course.rate
    found, course = told_of(every_series, course)
    time = TriggerTime(to_nanoseconds(course.start if course.trigger is None else course.trigger))
    tries = Tries.of(journal, course)
    absence = absences(found, course, tries=tries.proofs)
    errors = failures(found)
    read_back = None if stored is None else audit(journal, every_series, stored, course.unreported)
    left = stuck(course.sessions, to_seconds(time.zero))
    tenures = certain(ended_tenures(course.milestones, course.writer_before), course.alignment)
    stale, unjudged = stale_writes(found, tenures)
    witnesses = Witnesses.of(found, course)
    told = witnesses.stale(tenures) if unjudged else None
    if told is not None:  # of RDS Proxy only the gateway knows which side answers
        stale, unjudged = max(stale, told), 0
    invalid = why_invalid(
        course,
        acked=absence.acked_before,
        failed=_failed(journal, found, _calm(course)),
        untrue=witnesses.why_untrue() or why_without_writer(found, course),
    )
    proven = [weighed.gap for weighed in absence.gaps.proven]
    dead = dead_reads(journal, course, proven)
    case = Case(
        series=found,
        errors=errors,
        course=course,
        audit=read_back,
        stuck=absence.writers.stuck,
        stale=stale,
        attempts=tries.series,
        swallowed=tries.swallowed,
        outages=proven,
        dead_reads=dead,
    )
    fitness = _reliability(course, found, absence)
    taken = latency(
        found,
        trigger=time.zero,
        back=absence.until,
        stop=absence.seen.stop,
        still=absence.seen.still,
        patience=absence.seen.patience,
    ).doubted(fitness.problem)
    tried, seen = attempts(journal, course, tries), reads(journal, every_series)
    outcomes = [sum(series.outcome.count(kind) for series in found) for kind in Outcome]
    counts = {
        "refused": outcomes[Outcome.REFUSED],
        "unknown": outcomes[Outcome.UNKNOWN],
        "not_issued": sum(skip.count for skip in journal.skips),
    }
    keys = NO_KEYS if read_back is None else read_back
    known = {
        **aligned(absence_figures(absence, fitness.problem), course.alignment),
        **dict(latency_figures(taken)),
        **dict(audit_figures(read_back)),
        **dict(attempt_figures(tried, fitness.problem)),
        **dict(read_figures(seen)),
        **({} if dead is None else {"stuck_readers": Figure.exact(len(dead))}),
        **{name: Figure.exact(count) for name, count in counts.items()},
        "stuck_writers": _counted(len(absence.writers.stuck), absence.writers.unsure),
        "stale_writes": _counted(stale, unjudged),
        **({} if left is None else {"stuck_sessions": Figure.exact(len(left.left))}),
    }
    findings = diagnose(case)
    lasting = any(finding.name == "late_errors" for finding in findings)
    service = ServiceFigures(absence=absence, problem=fitness.problem, lasting=lasting)
    return Summary(
        mode=course.mode,
        endpoint=course.endpoint,
        profile=course.profile,
        seed=course.seed,
        failover_seed=course.failover_seed,
        rate=intended,
        writers=len(every_series),
        window=Window(time.at(absence.seen.start), time.at(absence.seen.stop)),
        valid=not invalid,
        reason=invalid,
        writer_before=course.writer_before,
        writer_after=course.writer_after,
        outage_windows=[Window(time.at(start), time.at(stop)) for start, stop in absence.outages],
        incidents=[time.incident(incident) for incident in incidents(absence.outages)],
        threshold=to_seconds(absence.gaps.threshold),
        attempted=len(journal),
        acked=outcomes[Outcome.ACKED],
        refused=counts["refused"],
        unknown=counts["unknown"],
        not_issued=counts["not_issued"],
        lost=keys.lost,
        duplicated=keys.duplicated,
        recovered=keys.recovered,
        unexpected=keys.unexpected,
        absent=keys.absent,
        torn=keys.torn,
        audited=read_back is not None,
        unjudged_writes=unjudged,
        stuck=WriterList(absence.writers.stuck),
        errors=[time.phase(phase) for phase in totals(errors, absence.seen.stop)],
        phases=[time.phase(phase) for phase in phases(errors, absence.seen.stop)],
        latency=taken,
        figures=Figures(known, service),
        milestones=[time.milestone(milestone) for milestone in course.milestones],
        pulse=_pulse(course, absence, time.zero),
        clock=fitness,
        findings=findings,
        complaints=[time.complaint(complaint) for complaint in course.complaints],
        notes=[*course.notes, *witnesses.remarks()],
        attempts=time.attempts(tried),
        reads=seen,
    )


def _counted(certain: int, perhaps: int) -> Figure:
    """Return how many there were for certain, with those that there may have been."""
    return Figure(certain, certain + perhaps, unit="", best=certain)


def _calm(course: Course) -> tuple[int, int]:
    """Return when failures are the load's own: up to the trigger, or to the end without one.

    What failed while the trigger was armed is in no verdict, as what was acknowledged then.
    """
    until = course.stop if course.trigger is None else course.trigger
    return to_nanoseconds(course.start), to_nanoseconds(until)


def _failed(journal: Journal, all_series: Sequence[Series], calm: tuple[int, int]) -> int:
    """Return how many writes and reads failed from one moment to another."""
    since, until = calm
    rows = (
        (series, bisect_left(series.finished, since), bisect_right(series.finished, until))
        for series in all_series
    )
    writes = sum(series.acked.count(0, first, last) for series, first, last in rows)
    reads = (
        outcome != Outcome.ACKED
        for writer in journal.writers
        for outcome, finished in zip(writer.reads.outcome, writer.reads.finished, strict=True)
        if since <= finished <= until
    )
    return writes + sum(reads)


def _reliability(course: Course, all_series: Sequence[Series], absence: Absence) -> Reliability:
    decisive, late = absence.gaps.decisive, lateness(all_series, absence.seen.still)
    gap = to_seconds(decisive.gap[1] - decisive.gap[0])
    p99, own = to_seconds(lateness_p99(late)), to_seconds(decisive.own)
    slots = calm_slots(all_series, course, absence.seen.still)
    return Reliability(
        lateness_p99=p99,
        lateness_max=to_seconds(late[-1] if late else 0),
        natural_gap=to_seconds(absence.gaps.natural),
        own_pause=max((last - first for first, last in course.pauses), default=0.0),
        own_pause_in_gap=own,
        strangers=course.strangers,
        calm_not_issued=slots.share,
        problem=why_overloaded(slots, course, writers=all_series)
        or why_unreliable(
            gap=gap,
            own=own,
            late=p99,
            threshold=to_seconds(absence.gaps.explained),
            crowd=(course.strangers or 0.0) / course.cpus if course.cpus else 0.0,
        ),
    )


def _pulse(course: Course, absence: Absence, zero: int) -> Pulse:
    """Return the acknowledged writes around everything that happened."""
    moments = [zero, *(to_nanoseconds(milestone.at) for milestone in course.milestones)]
    moments += [edge for gap in absence.outages for edge in gap]
    # A stuck writer would stretch the drawing over the whole rest of the run.
    end = to_nanoseconds(course.stop)
    moments += [edge for gap in absence.writers.spans if gap[1] < end for edge in gap]
    return pulse(absence.seen.acks, first=min(moments), last=max(moments), zero=zero)
