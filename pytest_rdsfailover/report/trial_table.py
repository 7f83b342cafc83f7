"""The table of single trials for the terminal, as wide as that is; names are whole."""

import textwrap
from collections.abc import Iterator, Sequence

from pytest_rdsfailover.model.node_ids import without_file, without_folders
from pytest_rdsfailover.report.named_rows import INDENT, TableLine, named_rows, taken
from pytest_rdsfailover.report.terminal import WIDTH, downtime
from pytest_rdsfailover.report.trial_schema import TrialDocument

MOST_DOUBTS = 5
FIXED = (
    ("downtime", 14),
    ("lost", 4),
    ("unk/rec", 7),
    ("stuck", 5),
    ("valid", -7),
)
ENDPOINT = 8  # columns of the longest kind of endpoint
SHORTEST_PROFILE, LONGEST_PROFILE = 7, WIDTH - len(INDENT) - ENDPOINT - 1 - taken(FIXED)


def table(
    trials: Sequence[TrialDocument],
    errored: Sequence[tuple[str, str]] = (),
    *,
    width: int = WIDTH,
) -> list[TableLine]:
    """Return the rows of trials, in order, and of those that ended with an error, under a heading.

    `unk/rec` is how many writes had an unknown outcome, and how many of those are stored; a `?`
    stands for what was never read back.

    Args:
        trials: the documents.
        errored: node ids of tests whose trial gave no document, and why.
        width: columns of the terminal.
    """
    width = max(width, WIDTH)
    longest = max((len(trial["profile"]) for trial in trials), default=0)
    profile = min(max(longest, SHORTEST_PROFILE), LONGEST_PROFILE)
    columns = (("endpoint", -ENDPOINT), ("profile", -profile), *FIXED)
    tests = [*(trial["test"] for trial in trials), *(test for test, _ in errored)]
    rows = [*map(_row, trials), *((f"no trial: {why}",) for _, why in errored)]
    names = shown_names(tests, (width - taken(columns), width))
    return named_rows("test", columns, names, rows, width)


def shown_names(tests: Sequence[str], rooms: Sequence[int]) -> list[str]:
    """Return node ids as short as it takes; different tests never look alike.

    All are written alike: whole, without their folders, or by their last part. Where none of these
    fits they are whole.

    Args:
        tests: the node ids.
        rooms: how long a name may be, the room to be preferred first.
    """
    forms = (
        list(tests),
        [without_folders(test) for test in tests],
        [without_file(test) for test in tests],
    )
    different = len(set(tests))
    for room in rooms:
        for names in forms:
            if max(map(len, names), default=0) <= room and len(set(names)) == different:
                return names
    return list(tests)


def doubts(trials: Sequence[TrialDocument]) -> Iterator[str]:
    """Yield why downtimes are no figure, once for each reason, whether or not a test fails of it."""
    found: dict[str, list[TrialDocument]] = {}
    for trial in trials:
        if trial["valid"] and "clock" in trial:
            found.setdefault(trial["clock"]["problem"], []).append(trial)
    for problem, doubted in list(found.items())[:MOST_DOUBTS]:
        first = without_file(doubted[0]["test"])
        more = f" and {len(doubted) - 1} more" if doubted[1:] else ""
        yield from textwrap.wrap(
            f"unreliable: {first}{more}: {problem}", WIDTH, subsequent_indent="  "
        )
    if len(found) > MOST_DOUBTS:
        yield f"unreliable for {len(found) - MOST_DOUBTS} more reasons, which -v shows"


def _row(trial: TrialDocument) -> tuple[str, ...]:
    return (
        trial["endpoint"],
        trial["profile"],
        downtime(trial),
        _count(trial["lost"]),
        f"{trial['unknown']}/{_count(trial['recovered'])}",
        str(trial["stuck_writers"]),
        "yes" if trial["valid"] else "INVALID",
    )


def _count(keys: Sequence[str] | None) -> str:
    return "?" if keys is None else str(len(keys))
