"""The machine-readable result: plain dictionaries, whose names other tools rely on.

Seconds are floats rounded to microseconds and carry `_s` in their name; times count from the
trigger; counts are integers.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_rdsfailover.analysis.latency import Percentiles
from pytest_rdsfailover.analysis.statistics import median, median_interval, wilson
from pytest_rdsfailover.analysis.summary import Summary

SCHEMA = 1
MICROSECONDS = 6  # digits
Plain = dict[str, Any]  # what JSON can say


def trial_document(summary: Summary, *, test: str, scenario: str) -> Plain:
    """Return a trial as plain data.

    The four lists of keys are None if the writes were never read back, because an empty list
    would claim that nothing was lost.

    Args:
        summary: the trial.
        test: the node id of its test.
        scenario: trials of the same scenario are repeats of each other.
    """
    return {
        "test": test,
        "scenario": scenario,
        "endpoint": summary.endpoint,
        "profile": summary.profile,
        "valid": summary.valid,
        "writer_before": summary.writer_before,
        "writer_after": summary.writer_after,
        "downtime_s": _seconds(summary.downtime),
        "resolution_s": _seconds(summary.resolution),
        "outages": [
            {
                "start_s": _seconds(each.start),
                "stop_s": _seconds(each.stop),
                "seconds": _seconds(each.seconds),
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
        "errors": [
            {
                "code": each.code,
                "kind": each.kind,
                "count": each.count,
                "first_s": _seconds(each.first),
                "last_s": _seconds(each.last),
            }
            for each in summary.errors
        ],
        "latency_s": {
            "before": _percentiles(summary.latency.before),
            "during": _percentiles(summary.latency.during),
            "after": _percentiles(summary.latency.after),
        },
        "milestones": [
            {"name": each.name, "at_s": _seconds(each.at)} for each in summary.milestones
        ],
        "clock": {
            "reliable": not summary.clock.problem,
            "problem": summary.clock.problem,
            "lateness_p99_s": _seconds(summary.clock.lateness_p99),
            "lateness_max_s": _seconds(summary.clock.lateness_max),
            "natural_gap_s": _seconds(summary.clock.natural_gap),
            "own_pause_s": _seconds(summary.clock.own_pause),
            "own_pause_in_gap_s": _seconds(summary.clock.own_pause_in_gap),
            "strangers_cpus": (
                None if summary.clock.strangers is None else round(summary.clock.strangers, 3)
            ),
        },
    }


def run_document(
    trials: Sequence[Plain], *, mode: str, seed: int, versions: Mapping[str, str]
) -> Plain:
    """Return the document of a whole run.

    Args:
        trials: documents of its trials, in order.
        mode: `local` or `live`.
        seed: decided every sampled duration.
        versions: what was tested with what: name to version.
    """
    names = dict.fromkeys(trial["scenario"] for trial in trials)
    return {
        "schema": SCHEMA,
        "mode": mode,
        "seed": seed,
        "versions": dict(versions),
        "trials": list(trials),
        "scenarios": [
            _scenario(name, [trial for trial in trials if trial["scenario"] == name])
            for name in names
        ],
        "comparisons": [],
    }


def _scenario(name: str, trials: Sequence[Plain]) -> Plain:
    """Return what the valid ones of a scenario's trials say together."""
    downtimes = sorted(trial["downtime_s"] for trial in trials if trial["valid"])
    zero = downtimes.count(0.0)
    low, high = median_interval(downtimes) or (None, None)
    share = wilson(zero, len(downtimes))
    return {
        "name": name,
        "trials": len(downtimes),
        "downtime_s": {
            "median": _seconds(median(downtimes)) if downtimes else None,
            "low": low,
            "high": high,
            "max": downtimes[-1] if downtimes else None,
        },
        "zero_downtime": {
            "count": zero,
            "share": round(zero / len(downtimes), 4) if downtimes else None,
            "low": round(share[0], 4),
            "high": round(share[1], 4),
        },
    }


def _seconds(value: float) -> float:
    return round(float(value), MICROSECONDS)


def _keys(summary: Summary, keys: list[str]) -> list[str] | None:
    return list(keys) if summary.audited else None


def _percentiles(part: Percentiles | None) -> Plain | None:
    if part is None:
        return None
    return {"p50": _seconds(part.p50), "p99": _seconds(part.p99), "max": _seconds(part.max)}
