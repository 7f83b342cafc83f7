"""The summary of a run as Markdown, for the job pages of CI systems."""

import re
from collections.abc import Iterable, Iterator, Sequence

from pytest_rdsfailover.analysis.compare import Comparison
from pytest_rdsfailover.model.durations import format_difference, format_figure
from pytest_rdsfailover.report import tables
from pytest_rdsfailover.report.scenarios import Scenario, comparisons, scenarios
from pytest_rdsfailover.report.schema import RunDocument, TrialDocument
from pytest_rdsfailover.report.terminal import attempts_downtime, downtime, duration

MARKS = re.compile(r"([\\`*_{}\[\]<>|#~])")
MOST_TRIALS = 100  # rows; job pages have a limit on their size
Row = Sequence[str]


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
    parts += _beside(trials)
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


def _scenario(each: Scenario) -> Row:
    found = each.population
    invalid = f" and {found.invalid} INVALID" if found.invalid else ""
    invalid += f" and {found.unreliable} unreliable" if found.unreliable else ""
    return (
        each.name,
        f"{found.trials}{invalid}",
        tables.middle(found),
        duration(found.p95),
        duration(found.max),
        tables.share(found.zero, found.trials),
    )


def _shares(each: Scenario) -> Row:
    return (each.name, *tables.shares(each.downtimes))


def _comparison(baseline: Scenario, candidate: Scenario, found: Comparison) -> Row:
    ratio = "-" if found.ratio is None else f"{found.ratio:.3g}"
    return (
        f"{baseline.name} (n = {found.baseline})",
        f"{candidate.name} (n = {found.candidate})",
        f"{format_difference(found.difference)} ({tables.interval(found)})",
        ratio,
        tables.probability(found.p_value),
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
    """Yield tables of what only trials with retries, reads or transactions tell; none without."""
    for title, name, heading, cells in (
        ("Attempts", "attempts", ATTEMPTS, _attempts),
        ("Reads", "reads", READS, _reads),
        ("Torn writes", "torn", ("torn",), _torn),
    ):
        having = [trial for trial in trials if name in trial]
        if having:
            yield from ("", f"## {title}")
            rows = ((each["test"], *cells(each)) for each in having[:MOST_TRIALS])
            yield from _table(("test", *heading), rows)
        if len(having) > MOST_TRIALS:
            yield f"\nand {len(having) - MOST_TRIALS} more"


def _attempts(trial: TrialDocument) -> Row:
    found = trial["attempts"]
    counts = (str(found["count"]), str(found["retried"]))
    return (*counts, downtime(trial), attempts_downtime(trial))


def _reads(trial: TrialDocument) -> Row:
    found = trial["reads"]
    staleness = (
        format_figure(found["staleness_s"], found["resolution_s"]) if found["compared"] else "-"
    )
    counts = (found["count"], found["failed"], found["compared"], found["stale"])
    return (*map(str, counts), staleness, str(found["unseen"]))


def _torn(trial: TrialDocument) -> Row:
    return (str(len(trial["torn"])),)


def _count(keys: Sequence[str] | None) -> str:
    return "not audited" if keys is None else str(len(keys))
