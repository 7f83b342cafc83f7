"""Properties of a test for JUnit XML: names that CI systems can chart."""

from collections.abc import Iterator, Sequence
from typing import Literal, get_args

from pytest_rdsfailover.analysis.figure import Figure
from pytest_rdsfailover.analysis.population import population
from pytest_rdsfailover.report.document import to_microseconds
from pytest_rdsfailover.report.scenarios import is_measured, measured_downtimes
from pytest_rdsfailover.report.trial_schema import LISTS, TrialDocument

Properties = Iterator[tuple[str, object]]
Counted = Literal["acked", "refused", "unknown", "stale_writes", "stuck_writers"]
COUNTS: tuple[Counted, ...] = get_args(Counted)
Read = Literal["count", "failed", "compared", "stale", "unseen"]
READS: dict[Read, str] = {
    "count": "rds_reads",
    "failed": "rds_failed_reads",
    "compared": "rds_compared_reads",
    "stale": "rds_stale_reads",
    "unseen": "rds_unseen",
}
DIGITS = 6


def properties(trials: Sequence[TrialDocument]) -> list[tuple[str, object]]:
    """Return name and value of each property of a test, from its trial documents.

    A single trial gives its own figures, several give those of the population; counts are sums. A
    value that was not measured has no property.
    """
    if not trials:
        return []
    downtimes = measured_downtimes(trials)
    named: list[tuple[str, object]] = [
        ("rds_trials", len(trials)),
        ("rds_valid_trials", sum(trial["valid"] for trial in trials)),
        ("rds_measured_trials", len(downtimes)),
        ("rds_profile", trials[0]["profile"]),
        ("rds_endpoint", trials[0]["endpoint"]),
    ]
    if len(trials) == 1 and downtimes:
        named.append(("rds_downtime_s", trials[0]["downtime_s"]))
        named.append(("rds_resolution_s", trials[0]["resolution_s"]))
    elif downtimes:
        summary = population(downtimes)
        named += [
            *_typical("rds_downtime_median_s", summary.median),
            *_interval("rds_downtime_median", summary.low, summary.high),
            *_typical("rds_downtime_p95_s", summary.p95),
            *_typical("rds_downtime_max_s", summary.max),
            ("rds_zero_downtime", summary.zero),
            *_interval("rds_zero_downtime_share", summary.zero_low, summary.zero_high),
        ]
    named += [(f"rds_{name}", sum(trial[name] for trial in trials)) for name in COUNTS]
    named += [
        (f"rds_{name}", sum(map(len, lists)))
        for name in LISTS
        if len(lists := [keys for trial in trials if (keys := trial[name]) is not None])
        == len(trials)
    ]
    found = [*named, *_attempts(trials), *_reads(trials), *_torn(trials)]
    return [*found, *_figures(trials, known={name for name, _ in found})]


def _figures(trials: Sequence[TrialDocument], *, known: set[str]) -> Properties:
    """Yield all that can be expected of a single trial, with both ends; an open one has no high.

    Args:
        trials: the documents of a test's trials.
        known: names that have a value already.
    """
    if len(trials) > 1:
        return
    for name, figure in trials[0].get("figures", {}).items():
        unit = {"s": "_s", "%": "_share", "": ""}[figure["unit"]]
        if "problem" in figure:
            continue
        if f"rds_{name}{unit}" not in known:
            yield f"rds_{name}{unit}", figure["value"]
        if figure["lower"] != figure["upper"]:
            yield f"rds_{name}_low{unit}", figure["lower"]
        if figure["upper"] not in {None, figure["lower"]}:
            yield f"rds_{name}_high{unit}", figure["upper"]


def _attempts(trials: Sequence[TrialDocument]) -> Properties:
    """Yield what the tries inside operations say, of the trials that report them."""
    having = [trial for trial in trials if "attempts" in trial]
    if not having:
        return
    yield "rds_attempts", sum(trial["attempts"]["count"] for trial in having)
    yield "rds_retried", sum(trial["attempts"]["retried"] for trial in having)
    measured = [trial["attempts"] for trial in having if is_measured(trial)]
    yield from _longest(
        "rds_attempts_downtime",
        [(tried["downtime_s"], tried["resolution_s"]) for tried in measured],
    )


def _reads(trials: Sequence[TrialDocument]) -> Properties:
    """Yield what reads saw, of the trials that had any."""
    having = [trial for trial in trials if "reads" in trial]
    if not having:
        return
    for name, shown in READS.items():
        yield shown, sum(trial["reads"][name] for trial in having)
    compared = [trial["reads"] for trial in having if trial["valid"] and trial["reads"]["compared"]]
    yield from _longest(
        "rds_staleness", [(reads["staleness_s"], reads["resolution_s"]) for reads in compared]
    )


def _torn(trials: Sequence[TrialDocument]) -> Properties:
    torn = [trial["torn"] for trial in trials if "torn" in trial]
    if torn:
        yield "rds_torn", sum(map(len, torn))


def _longest(name: str, figures: Sequence[tuple[float | None, float]]) -> Properties:
    """Yield the largest of a few figures with its own resolution; nothing if there is none."""
    known = [(seconds, resolution) for seconds, resolution in figures if seconds is not None]
    if not known:
        return
    seconds, resolution = max(known, key=lambda figure: figure[0])
    which = f"{name}_max" if len(known) > 1 else name
    yield f"{which}_s", seconds
    yield f"{which}_resolution_s", resolution


def _typical(name: str, figure: Figure | None) -> Properties:
    if figure is not None:
        yield name, to_microseconds(figure.value)


def _interval(name: str, low: float | None, high: float | None) -> list[tuple[str, object]]:
    """Return both ends of a 95 % interval; nothing if the trials are too few for one."""
    if low is None or high is None:
        return []
    return [(f"{name}_low", round(low, DIGITS)), (f"{name}_high", round(high, DIGITS))]
