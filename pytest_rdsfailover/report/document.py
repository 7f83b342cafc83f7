"""The result document of a run, made of its trials; `schema.py` says what each name means.

Seconds are rounded to microseconds.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, cast

from pytest_rdsfailover.analysis.attempts import Attempts
from pytest_rdsfailover.analysis.compare import Comparison
from pytest_rdsfailover.analysis.latency import Percentiles
from pytest_rdsfailover.analysis.phases import Phase
from pytest_rdsfailover.analysis.population import Population
from pytest_rdsfailover.analysis.staleness import Reads
from pytest_rdsfailover.analysis.summary import Summary
from pytest_rdsfailover.report.scenarios import Scenario, comparisons, scenarios
from pytest_rdsfailover.report.schema import (
    AttemptsDocument,
    ComparisonDocument,
    EndpointKind,
    ErrorDocument,
    Mode,
    PercentilesDocument,
    ReadsDocument,
    RunDocument,
    ScenarioDocument,
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
        "downtime_s": None if unfit else to_microseconds(summary.downtime),
        "resolution_s": to_microseconds(summary.resolution),
        "outages": [
            {
                "start_s": to_microseconds(each.start),
                "stop_s": to_microseconds(each.stop),
                "seconds": to_microseconds(each.seconds),
            }
            for each in summary.outages
        ],
        "attempted": summary.attempted,
        "acked": summary.acked,
        "refused": summary.refused,
        "unknown": summary.unknown,
        "not_issued": summary.not_issued,
        "lost": _keys(summary, summary.lost),
        "duplicated": _keys(summary, summary.duplicated),
        "recovered": _keys(summary, summary.recovered),
        "unexpected": _keys(summary, summary.unexpected),
        "stale_writes": summary.stale_writes,
        "stuck_writers": summary.stuck_writers,
        "errors": _errors(summary.errors),
        "latency_s": {
            "before": _percentiles(summary.latency.before),
            "during": _percentiles(summary.latency.during),
            "after": _percentiles(summary.latency.after),
        },
        "milestones": [
            {"name": each.name, "at_s": to_microseconds(each.at)} for each in summary.milestones
        ],
        "incidents": [
            {
                "start_s": to_microseconds(each.start),
                "stop_s": to_microseconds(each.stop),
                "outage_s": to_microseconds(each.outage),
                "count": each.count,
            }
            for each in summary.incidents
        ],
        "writer_outage_s": to_microseconds(summary.writer_outage),
        "availability_area_s": to_microseconds(summary.availability_area),
    }
    if summary.audited and summary.torn:
        plain["torn"] = list(summary.torn)
    if summary.attempts is not None:
        plain["attempts"] = _attempts(summary.attempts, unfit=unfit)
    if summary.reads is not None:
        plain["reads"] = _reads(summary.reads)
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
        "scenarios": [_scenario(each.name, each.population) for each in found],
        "comparisons": [_comparison(*pair) for pair in comparisons(found)],
    }


def _scenario(name: str, found: Population) -> ScenarioDocument:
    """Return what those of a scenario's trials say together whose downtime is a figure."""
    return {
        "name": name,
        "trials": found.trials,
        "invalid": found.invalid,
        "unreliable": found.unreliable,
        "downtime_s": {
            "median": None if found.median is None else to_microseconds(found.median),
            "low": found.low,
            "high": found.high,
            "p95": found.p95,
            "max": found.max,
        },
        "zero_downtime": {
            "count": found.zero,
            "share": round(found.zero / found.trials, 4) if found.trials else None,
            "low": round(found.zero_low, 4),
            "high": round(found.zero_high, 4),
        },
    }


def _comparison(baseline: Scenario, candidate: Scenario, found: Comparison) -> ComparisonDocument:
    """Return how two scenarios of one test differ; no change can be told from no downtime."""
    return {
        "baseline": baseline.name,
        "candidate": candidate.name,
        "trials": {"baseline": found.baseline, "candidate": found.candidate},
        "ratio": None if found.ratio is None else round(found.ratio, 4),
        "change": None if found.change is None else round(found.change, 4),
        "difference_s": {
            "median": to_microseconds(found.difference),
            "low": to_microseconds(found.low),
            "high": to_microseconds(found.high),
        },
        "p_value": float(f"{found.p_value:.4g}"),
    }


def _errors(errors: Sequence[Phase]) -> list[ErrorDocument]:
    return [
        {
            "code": each.code,
            "kind": each.kind,
            "count": each.count,
            "first_s": to_microseconds(each.first),
            "last_s": to_microseconds(each.last),
        }
        for each in errors
    ]


def _attempts(found: Attempts, *, unfit: bool) -> AttemptsDocument:
    return {
        "count": found.count,
        "acked": found.acked,
        "refused": found.refused,
        "unknown": found.unknown,
        "retried": found.retried,
        "downtime_s": None if unfit else to_microseconds(found.downtime),
        "resolution_s": to_microseconds(found.downtime.resolution),
        "errors": _errors(found.errors),
    }


def _reads(found: Reads) -> ReadsDocument:
    return {
        "count": found.count,
        "failed": found.failed,
        "compared": found.compared,
        "stale": found.stale,
        "staleness_s": to_microseconds(found.staleness),
        "resolution_s": to_microseconds(found.staleness.resolution),
        "unseen": found.unseen,
    }


def to_microseconds(value: float) -> float:
    """Return seconds without digits that nobody has measured."""
    return round(float(value), MICROSECONDS)


def _keys(summary: Summary, keys: list[str]) -> list[str] | None:
    return list(keys) if summary.audited else None


def _percentiles(part: Percentiles | None) -> PercentilesDocument | None:
    if part is None:
        return None
    return {
        "p50": to_microseconds(part.p50),
        "p99": to_microseconds(part.p99),
        "max": to_microseconds(part.max),
    }
