"""The result document of a run, made of its trials; `schema.py` says what each name means.

Seconds are rounded to microseconds.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, cast

from pytest_rdsfailover.analysis.attempts import Attempts
from pytest_rdsfailover.analysis.compare import Comparison
from pytest_rdsfailover.analysis.figure import Figure
from pytest_rdsfailover.analysis.latency import Percentiles
from pytest_rdsfailover.analysis.phases import Phase
from pytest_rdsfailover.analysis.population import Population
from pytest_rdsfailover.analysis.staleness import Reads
from pytest_rdsfailover.analysis.summary import Summary
from pytest_rdsfailover.journal.complaints import Complaint
from pytest_rdsfailover.model.records import Window
from pytest_rdsfailover.report.figure_documents import figure_documents
from pytest_rdsfailover.report.scenarios import Scenario, comparisons, scenarios
from pytest_rdsfailover.report.schema import ComparisonDocument, RunDocument, ScenarioDocument
from pytest_rdsfailover.report.trial_schema import (
    AttemptsDocument,
    ComplaintDocument,
    EndpointKind,
    ErrorDocument,
    Mode,
    OutageDocument,
    PercentilesDocument,
    ReadsDocument,
    TrialDocument,
)

SCHEMA: Literal[1] = 1
MICROSECONDS = 6  # digits


def trial_document(summary: Summary, *, test: str, scenario: str) -> TrialDocument:
    """Return a trial as plain data.

    The four lists of keys are None if the writes were never read back, because an empty list
    would claim that nothing was lost. So are downtimes that the clock was unfit to measure.

    Args:
        summary: the trial.
        test: the node id of its test.
        scenario: trials of the same scenario are repeats of each other.
    """
    unfit = bool(summary.clock.problem)
    plain: TrialDocument = {
        "test": test,
        "scenario": scenario,
        "endpoint": cast("EndpointKind", summary.endpoint),
        "profile": summary.profile,
        "valid": summary.valid,
        "writer_before": summary.writer_before,
        "writer_after": summary.writer_after,
        "downtime_s": None if unfit else to_microseconds(summary.downtime.value),
        "resolution_s": to_microseconds(summary.resolution),
        "outages": [_outage(summary, outage) for outage in summary.outage_windows],
        "attempted": summary.attempted,
        "acked": summary.acked,
        "refused": summary.refused,
        "unknown": summary.unknown,
        "not_issued": summary.not_issued,
        "lost": _keys(summary, summary.lost),
        "duplicated": _keys(summary, summary.duplicated),
        "recovered": _keys(summary, summary.recovered),
        "unexpected": _keys(summary, summary.unexpected),
        "stale_writes": int(summary.stale_writes.value),
        "stuck_writers": len(summary.stuck),
        "errors": [_error(phase) for phase in summary.errors],
        "latency_s": {
            "before": _percentiles(summary.latency.before),
            "during": _percentiles(summary.latency.during),
            "after": _percentiles(summary.latency.after),
        },
        "milestones": [
            {"name": milestone.name, "at_s": to_microseconds(milestone.at)}
            for milestone in summary.milestones
        ],
        "stuck_sessions": _count(summary, "stuck_sessions"),
        "incidents": [
            {
                "start_s": to_microseconds(incident.start),
                "stop_s": to_microseconds(incident.stop),
                "outage_s": to_microseconds(incident.outage),
                "count": incident.count,
            }
            for incident in summary.incidents
        ],
        "writer_outage_s": to_microseconds(summary.writer_outage.value),
        "availability_area_s": to_microseconds(summary.availability_area.value),
        "figures": figure_documents(summary),
    }
    if summary.audited and summary.torn:
        plain["torn"] = list(summary.torn)
    if summary.attempts is not None:
        plain["attempts"] = _attempts(summary.attempts, unfit=unfit)
    if summary.reads is not None:
        plain["reads"] = _reads(summary.reads)
    if summary.findings:
        plain["findings"] = [
            {
                "name": finding.name,
                "severity": finding.severity,
                "evidence": finding.evidence,
                "cure": finding.cure,
                "expectation": finding.expectation,
            }
            for finding in summary.findings
        ]
    if summary.complaints:
        plain["complaints"] = [_complaint(complaint) for complaint in summary.complaints]
    if summary.failover_seed is not None:
        plain["failover_seed"] = summary.failover_seed
    if summary.notes:
        plain["notes"] = list(summary.notes)
    if unfit:
        plain["clock"] = {"reliable": False, "problem": summary.clock.problem}
    return plain


def run_document(
    trials: Sequence[TrialDocument], *, mode: str, seed: int, versions: Mapping[str, str]
) -> RunDocument:
    """Return the document of a whole run.

    Args:
        trials: documents of its trials, in order.
        mode: `local` or `live`.
        seed: decided every sampled duration.
        versions: what was tested with what: name to version.
    """
    found = scenarios(trials)
    return {
        "schema": SCHEMA,
        "mode": cast("Mode", mode),
        "seed": seed,
        "versions": dict(versions),
        "trials": list(trials),
        "scenarios": [_scenario(scenario.name, scenario.population) for scenario in found],
        "comparisons": [_comparison(*pair) for pair in comparisons(found)],
    }


def _scenario(name: str, population: Population) -> ScenarioDocument:
    """Return the figures of a scenario, of those trials whose downtime is a figure."""
    return {
        "name": name,
        "trials": population.trials,
        "invalid": population.invalid,
        "unreliable": population.unreliable,
        "downtime_s": {
            "median": _value(population.median),
            "low": population.low,
            "high": population.high,
            "p95": _value(population.p95),
            "max": _value(population.max),
        },
        "zero_downtime": {
            "count": population.zero,
            "share": round(population.zero / population.trials, 4) if population.trials else None,
            "low": round(population.zero_low, 4),
            "high": round(population.zero_high, 4),
        },
    }


def _value(figure: Figure | None) -> float | None:
    return None if figure is None else to_microseconds(figure.value)


def _comparison(
    baseline: Scenario, candidate: Scenario, comparison: Comparison
) -> ComparisonDocument:
    """Return how two scenarios of one test differ; without a ratio if the baseline has no downtime."""
    return {
        "baseline": baseline.name,
        "candidate": candidate.name,
        "trials": {"baseline": comparison.baseline, "candidate": comparison.candidate},
        "ratio": None if comparison.ratio is None else round(comparison.ratio, 4),
        "change": None if comparison.change is None else round(comparison.change, 4),
        "difference_s": {
            "median": to_microseconds(comparison.difference),
            "low": None if comparison.low is None else to_microseconds(comparison.low),
            "high": None if comparison.high is None else to_microseconds(comparison.high),
        },
        "p_value": float(f"{comparison.p_value:.4g}"),
        "pairs": {"count": comparison.pairs, "dropped": comparison.dropped},
    }


def _error(phase: Phase) -> ErrorDocument:
    plain: ErrorDocument = {
        "code": phase.code,
        "kind": phase.kind,
        "count": phase.count,
        "first_s": to_microseconds(phase.first),
        "last_s": to_microseconds(phase.last),
    }
    return plain | {"open": True} if phase.open else plain


def _attempts(attempts: Attempts, *, unfit: bool) -> AttemptsDocument:
    return {
        "count": attempts.count,
        "acked": attempts.acked,
        "refused": attempts.refused,
        "unknown": attempts.unknown,
        "retried": attempts.retried,
        "downtime_s": None if unfit else to_microseconds(attempts.downtime.value),
        "resolution_s": to_microseconds(attempts.downtime.resolution),
        "errors": [_error(phase) for phase in attempts.errors],
    }


def _complaint(complaint: Complaint) -> ComplaintDocument:
    plain: ComplaintDocument = {
        "error": complaint.error,
        "text": complaint.text,
        "count": complaint.count,
        "first_s": to_microseconds(complaint.first),
        "trace": complaint.trace,
    }
    return plain | {"remedy": complaint.remedy} if complaint.remedy else plain


def _reads(reads: Reads) -> ReadsDocument:
    return {
        "count": reads.count,
        "failed": reads.failed,
        "compared": reads.compared,
        "stale": reads.stale,
        "staleness_s": to_microseconds(reads.staleness.value),
        "resolution_s": to_microseconds(reads.staleness.resolution),
        "unseen": reads.unseen,
    }


def to_microseconds(value: float) -> float:
    """Return seconds without digits that nobody has measured."""
    return round(value, MICROSECONDS)


def _outage(summary: Summary, outage: Window) -> OutageDocument:
    plain: OutageDocument = {
        "start_s": to_microseconds(outage.start),
        "stop_s": to_microseconds(outage.stop),
        "seconds": to_microseconds(outage.seconds),
    }
    return plain | {"open": True} if summary.is_open(outage) else plain


def _count(summary: Summary, name: str) -> int | None:
    """Return a count; None if nobody looked."""
    return int(summary.figures[name].value) if name in summary.figures else None


def _keys(summary: Summary, keys: list[str]) -> list[str] | None:
    return list(keys) if summary.audited else None


def _percentiles(part: Percentiles | None) -> PercentilesDocument | None:
    if part is None:
        return None
    return {
        "p50": to_microseconds(part.p50.value),
        "p99": to_microseconds(part.p99.value),
        "max": to_microseconds(part.max.value),
    }
