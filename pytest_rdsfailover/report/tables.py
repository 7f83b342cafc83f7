"""Tables of populations for the terminal, at most 80 columns wide and without colours.

A share is never shown without its count and its interval.
"""

import textwrap
from collections.abc import Iterator, Sequence

from pytest_rdsfailover.analysis.compare import Comparison
from pytest_rdsfailover.analysis.figure import Figure
from pytest_rdsfailover.analysis.population import Population
from pytest_rdsfailover.analysis.statistics import wilson
from pytest_rdsfailover.model.durations import format_change, format_difference
from pytest_rdsfailover.report.named_rows import Columns, named_rows
from pytest_rdsfailover.report.scenarios import Scenario, comparisons, scenarios
from pytest_rdsfailover.report.terminal import WIDTH, duration
from pytest_rdsfailover.report.trial_schema import TrialDocument

NONE, SHORT = 0.5, 1.5  # seconds: a client that writes once a second reports none, or 1 s
MANY = 1000  # trials; of so many a table has no room for the word "of"
POPULATION = (
    ("trials", 6),
    ("median [95 %]", 21),
    ("p95", 7),
    ("max", 7),
    ("without downtime", 20),
)
UNITS = (" ms", " s")
LENGTHS = ("none (below 0.5 s)", "1 s (below 1.5 s)", "longer")
ARTICLE = tuple((name, 20) for name in LENGTHS)


def summary_lines(trials: Sequence[TrialDocument], width: int = WIDTH) -> list[str]:
    """Return the tables of repeated scenarios and of comparisons; none if no trial was repeated.

    Args:
        trials: the documents.
        width: columns of the terminal.
    """
    found = [scenario for scenario in scenarios(trials) if len(scenario.trials) > 1]
    if not found:
        return []
    pairs = comparisons(found)
    lines = ["", *populations(found, width), "", *article(found, width)]
    return lines + (["", *comparison_lines(pairs)] if pairs else [])


def wrap(line: str) -> list[str]:
    """Return a long line as several that fit the terminal."""
    return textwrap.wrap(line, WIDTH, subsequent_indent="  ")


def populations(found: Sequence[Scenario], width: int = WIDTH) -> list[str]:
    """Return one line for each scenario, under a heading, and what the trials prove."""
    rows = [_population(scenario.population) for scenario in found]
    return [
        *_lines(POPULATION, found, rows, width),
        *(part for line in proofs(found) for part in wrap(line)),
    ]


def article(found: Sequence[Scenario], width: int = WIDTH) -> list[str]:
    """Return how a client that writes once a second would have reported the trials.

    Most published figures have that resolution. Ours are known to milliseconds: "without downtime"
    in the table of populations means none at all, and here less than half a second.
    """
    return _lines(ARTICLE, found, [shares(scenario.downtimes) for scenario in found], width)


def shares(downtimes: Sequence[float]) -> list[str]:
    """Return how many downtimes are of each of `LENGTHS`, with count, share and 95 % interval."""
    none = sum(downtime < NONE for downtime in downtimes)
    short = sum(NONE <= downtime < SHORT for downtime in downtimes)
    return [share(n, len(downtimes)) for n in (none, short, len(downtimes) - none - short)]


def share(count: int, trials: int) -> str:
    """Return a count with its 95 % Wilson interval: `10 of 15 (42-85 %)`."""
    low, high = wilson(count, trials)
    of = "/" if trials >= MANY else " of "
    return f"{count}{of}{trials} ({low * 100:.0f}-{high * 100:.0f} %)"


def comparison_lines(
    pairs: Sequence[tuple[Scenario, Scenario, Comparison]],
) -> list[str]:
    """Return the lines of each comparison of two scenarios of one test."""
    return [
        line
        for baseline, candidate, compared in pairs
        for line in comparison(baseline.name, candidate.name, compared)
    ]


def comparison(baseline: str, candidate: str, found: Comparison) -> list[str]:
    """Return what a comparison says, in words."""
    first = (
        f"{candidate} against {baseline}: median {duration(found.after)} against"
        f" {duration(found.before)}{_ratio(found)}"
    )
    second = (
        f"  difference {format_difference(found.difference)}, {interval(found)};"
        f" p = {probability(found.p_value)} ({counts(found)})"
    )
    return [*wrap(first), *wrap(second)]


def _ratio(comparison: Comparison) -> str:
    """Return the ratio of the medians, and the change; empty if the baseline's median is 0."""
    if comparison.ratio is None or comparison.change is None:
        return ""
    return f", ratio {comparison.ratio:.3g} ({format_change(comparison.change)})"


def probability(value: float) -> str:
    """Return a p-value with two digits: `0.043`, `1.3e-08`."""
    return f"{value:.2g}"


def counts(comparison: Comparison) -> str:
    """Return how many trials were compared, and that they are pairs if they are."""
    if not comparison.pairs:
        return f"n = {comparison.candidate} and {comparison.baseline}"
    dropped = f", {comparison.dropped} trials without a partner" if comparison.dropped else ""
    return f"{comparison.pairs} pairs of the same failover{dropped}"


def interval(comparison: Comparison) -> str:
    """Return both ends of a difference's interval; their unit stands once if they share it."""
    if comparison.low is None or comparison.high is None:
        return "one trial has no interval"
    return f"95 % interval {ends(comparison.low, comparison.high)}"


def ends(lower: float, upper: float) -> str:
    """Return both ends of an interval; their unit stands once if they share it."""
    low, high = format_difference(lower), format_difference(upper)
    return f"{low.removesuffix(_unit_of(low, high))} to {high}"


def middle(population: Population) -> str:
    """Return the median with its interval; its unit stands once if both ends share it."""
    if population.low is None or population.high is None:
        return typical(population.median)
    median = typical(population.median)
    ends = duration(population.low), duration(population.high)
    unit = _unit_of(median, *ends)
    low, high = (text.removesuffix(unit) for text in ends)
    return f"{median} [{low}, {high}]"


def typical(figure: Figure | None) -> str:
    """Return the one number for a population's figure; a dash for none."""
    return duration(None if figure is None else figure.value)


def _unit_of(*durations: str) -> str:
    """Return the unit that all of these durations end with; empty if they differ."""
    shared = (unit for unit in UNITS if all(text.endswith(unit) for text in durations))
    return next(shared, "")


def _population(population: Population) -> tuple[str, ...]:
    uncounted = population.invalid + population.unreliable
    return (
        f"{population.trials}" + (f"+{uncounted}!" if uncounted else ""),
        middle(population),
        typical(population.p95),
        typical(population.max),
        share(population.zero, population.trials),
    )


def proofs(found: Sequence[Scenario]) -> Iterator[str]:
    """Yield what the trials of each scenario do not prove.

    1. How many trials are invalid.
    2. How many an unfit clock measured.
    3. How many were still away when observation ended.
    4. That fewer than half have a figure, if so.
    5. If fewer than half had downtime: how many of all failovers may have it all the same.
    """
    for scenario in found:
        population = scenario.population
        if population.invalid:
            yield f"{scenario.name}: {_trials(population.invalid)} INVALID, counted nowhere"
        if population.unreliable:
            yield (
                f"{scenario.name}: {_trials(population.unreliable)} measured by an unfit clock,"
                " counted nowhere"
            )
        if population.open:
            yield (
                f"{scenario.name}: the downtime of {_trials(population.open)} was not over when"
                " observation ended, so the figures above are at least so long"
            )
        if population.problem and len(scenario.trials) > 1:
            yield f"{scenario.name}: {population.problem}, which proves nothing of the others"
        if population.trials > 1 and population.down * 2 < population.trials:
            yield (
                f"{scenario.name}: {population.down} of {population.trials} had downtime or may have, so up to"
                f" {population.down_bound * 100:.0f} % of all failovers may (95 % confidence);"
                f" {population.clean_needed} trials with no more than {population.down} such would"
                " prove that 99 % have none"
            )


def _trials(count: int) -> str:
    return f"{count} trial{'' if count == 1 else 's'}"


def _lines(
    columns: Columns, found: Sequence[Scenario], rows: Sequence[Sequence[str]], width: int
) -> list[str]:
    names = [scenario.name for scenario in found]
    return [line.text for line in named_rows("scenario", columns, names, rows, max(width, WIDTH))]
