"""The summary of a run as Markdown, for the job pages of CI systems."""

import re
from collections.abc import Iterable, Iterator, Sequence

from pytest_rdsfailover.analysis.compare import Comparison
from pytest_rdsfailover.model.durations import format_difference, format_figure, format_moment
from pytest_rdsfailover.report import tables
from pytest_rdsfailover.report.figure_documents import in_words, known
from pytest_rdsfailover.report.scenarios import Scenario, comparisons, scenarios
from pytest_rdsfailover.report.schema import RunDocument
from pytest_rdsfailover.report.terminal import attempts_downtime, downtime
from pytest_rdsfailover.report.trial_schema import ComplaintDocument, TrialDocument

MARKS = re.compile(r"([\\`*_{}\[\]<>|#~])")
MOST_TRIALS = 100  # rows; job pages have a limit on their size
Row = Sequence[str]
FELT = {
    "success": "success",
    "served_within_500ms": "within 500 ms",
    "worst_second": "worst second",
    "late_errors": "late errors",
    "recovery": "recovery",
    "incident_sum": "away in all",
}


def markdown(
    document: RunDocument, environment: Sequence[str], sections: Sequence[tuple[str, Sequence[str]]]
) -> str:
    """Return the page.

    Args:
        document: the result document of the run.
        environment: what the figures were taken on, in lines.
        sections: more of them: title and lines of plain text.
    """
    trials = document["trials"]
    found = scenarios(trials)
    parts = ["# Database failover", *_bullets(environment)]
    parts += ["## Scenarios", *_table(("scenario", "trials", *SCENARIO), map(_scenario, found))]
    parts += [*_table(("scenario", *tables.LENGTHS), map(_shares, found))]
    parts += _bullets(list(tables.proofs(found)))
    pairs = comparisons(found)
    if pairs:
        parts += ["", "## Comparisons", *_table(COMPARISON, (_comparison(*pair) for pair in pairs))]
    parts += ["", "## Trials", *_table(TRIAL, map(_trial, trials[:MOST_TRIALS]))]
    if len(trials) > MOST_TRIALS:
        parts.append(f"\nand {len(trials) - MOST_TRIALS} more")
    parts += [*_beside(trials), *_complaints(trials)]
    for title, lines in sections:
        parts += [
            "",
            f"## {escape(title)}",
            "",
            "```text",
            *(line.replace("```", "'''") for line in lines),
        ]
        parts.append("```")
    return "\n".join(parts) + "\n"


SCENARIO = ("median [95 %]", "p95", "max", "without downtime (95 %)")
COMPARISON = ("baseline", "candidate", "difference (95 %)", "ratio", "p")
TRIAL = ("test", "endpoint", "profile", "downtime", "lost", "duplicated", "stuck", "valid")
ATTEMPTS = ("attempts", "retried", "downtime by operations", "downtime by attempts")
SERVED = tuple(FELT.values())
COMPLAINTS = ("error", "what the first one said", "count", "first")
READS = ("answered", "failed", "compared", "stale", "staleness", "unseen")


def escape(text: str) -> str:
    """Return a text that Markdown shows as it is: names of tests may contain anything."""
    return MARKS.sub(r"\\\1", " ".join(text.split()))


def _bullets(lines: Sequence[str]) -> Iterator[str]:
    yield ""
    yield from (f"- {escape(line)}" for line in lines)
    yield ""


def _table(heading: Row, rows: Iterable[Row]) -> Iterator[str]:
    yield ""
    yield f"| {' | '.join(heading)} |"
    yield f"|{' --- |' * len(heading)}"
    yield from (f"| {' | '.join(map(escape, row))} |" for row in rows)


def _scenario(scenario: Scenario) -> Row:
    population = scenario.population
    invalid = f" and {population.invalid} INVALID" if population.invalid else ""
    invalid += f" and {population.unreliable} unreliable" if population.unreliable else ""
    return (
        scenario.name,
        f"{population.trials}{invalid}",
        tables.middle(population),
        tables.typical(population.p95),
        tables.typical(population.max),
        tables.share(population.zero, population.trials),
    )


def _shares(scenario: Scenario) -> Row:
    return (scenario.name, *tables.shares(scenario.downtimes))


def _comparison(baseline: Scenario, candidate: Scenario, comparison: Comparison) -> Row:
    ratio = "-" if comparison.ratio is None else f"{comparison.ratio:.3g}"
    return (
        f"{baseline.name} (n = {comparison.baseline})",
        f"{candidate.name} (n = {comparison.candidate})",
        f"{format_difference(comparison.difference)} ({tables.interval(comparison)})".replace(
            "95 % interval ",
            "",  # the heading says it
        ),
        ratio,
        f"{tables.probability(comparison.p_value)} ({tables.counts(comparison)})",
    )


def _trial(trial: TrialDocument) -> Row:
    return (
        trial["test"],
        trial["endpoint"],
        trial["profile"],
        downtime(trial),
        _count(trial["lost"]),
        _count(trial["duplicated"]),
        str(trial["stuck_writers"]),
        "yes" if trial["valid"] else "INVALID",
    )


def _beside(trials: Sequence[TrialDocument]) -> Iterator[str]:
    """Yield a table of shares served, of attempts, of reads and of torn writes, each only if a trial has any."""
    for title, name, heading, cells in (
        ("Served", "figures", SERVED, _served),
        ("Attempts", "attempts", ATTEMPTS, _attempts),
        ("Reads", "reads", READS, _reads),
        ("Torn writes", "torn", ("torn",), _torn),
    ):
        having = [trial for trial in trials if name in trial]
        if having:
            yield from ("", f"## {title}")
            rows = ((trial["test"], *cells(trial)) for trial in having[:MOST_TRIALS])
            yield from _table(("test", *heading), rows)
        if len(having) > MOST_TRIALS:
            yield f"\nand {len(having) - MOST_TRIALS} more"


def _complaints(trials: Sequence[TrialDocument]) -> Iterator[str]:
    """Yield a table of what the errors of the workloads said, if there were any."""
    found = [
        (trial["test"], complaint) for trial in trials for complaint in trial.get("complaints", ())
    ]
    if found:
        yield from ("", "## Complaints")
        yield from _table(
            ("test", *COMPLAINTS),
            ((test, *_complaint(complaint)) for test, complaint in found[:MOST_TRIALS]),
        )
    if len(found) > MOST_TRIALS:
        yield f"\nand {len(found) - MOST_TRIALS} more"


def _complaint(complaint: ComplaintDocument) -> Row:
    said = f"{complaint['text']} ({complaint['remedy']})" if "remedy" in complaint else ""
    first = format_moment(complaint["first_s"])
    return complaint["error"], said or complaint["text"], str(complaint["count"]), first


def _served(trial: TrialDocument) -> Row:
    found = (known(trial, name) for name in FELT)
    return tuple("-" if figure is None else in_words(figure) for figure in found)


def _attempts(trial: TrialDocument) -> Row:
    attempts = trial["attempts"]
    counts = (str(attempts["count"]), str(attempts["retried"]))
    return (*counts, downtime(trial), attempts_downtime(trial))


def _reads(trial: TrialDocument) -> Row:
    reads = trial["reads"]
    staleness = (
        format_figure(reads["staleness_s"], reads["resolution_s"]) if reads["compared"] else "-"
    )
    counts = (reads["count"], reads["failed"], reads["compared"], reads["stale"])
    return (*map(str, counts), staleness, str(reads["unseen"]))


def _torn(trial: TrialDocument) -> Row:
    return (str(len(trial["torn"])),)


def _count(keys: Sequence[str] | None) -> str:
    return "not audited" if keys is None else str(len(keys))
