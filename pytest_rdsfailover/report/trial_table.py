"""The table of single trials for the terminal, as wide as that is: names whole where there is room."""

import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence

from pytest_rdsfailover.report.terminal import WIDTH, downtime, fit
from pytest_rdsfailover.report.trial_schema import TrialDocument

MOST_DOUBTS = 5
SHORTEST_TEST, SHORTEST_PROFILE, LONGEST_PROFILE = 19, 7, 24
FIXED = (
    ("downtime", 14),
    ("lost", 4),
    ("unk/rec", 7),
    ("stuck", 5),
    ("valid", -7),
)
ENDPOINT = 8  # columns of the longest kind of endpoint
TAKEN = ENDPOINT + sum(abs(width) + 1 for _, width in FIXED) + 2


def table(
    trials: Sequence[TrialDocument],
    errored: Sequence[tuple[str, str]] = (),
    *,
    width: int = WIDTH,
) -> list[str]:
    """Return one line for each trial, under a heading, and one for each that ended with an error.

    `unk/rec` is how many writes had an unknown outcome, and how many of those are stored; a `?`
    stands for what was never read back.

    Args:
        trials: the documents.
        errored: node ids of tests whose trial gave no document, and why.
        width: columns of the terminal.
    """
    room = max(width, WIDTH) - TAKEN
    longest = max((len(trial["profile"]) for trial in trials), default=0)
    profile = min(max(longest, SHORTEST_PROFILE), LONGEST_PROFILE, room - SHORTEST_TEST)
    names = shown_names(
        [*(trial["test"] for trial in trials), *(test for test, _ in errored)], room - profile
    )
    columns = (max(map(len, [*names, "test"])), ENDPOINT, profile)
    layout = [*(-width for width in columns), *(width for _, width in FIXED)]
    heading = ("test", "endpoint", "profile", *(name for name, _ in FIXED))
    rows = [heading, *(_row(trial, name) for trial, name in zip(trials, names, strict=False))]
    lines = [
        " ".join(fit(text, width) for text, width in zip(row, layout, strict=True)).rstrip()
        for row in rows
    ]
    for name, (_, why) in zip(names[len(trials) :], errored, strict=True):
        lines.append(f"{fit(name, -columns[0])} no trial: {why}"[: max(width, WIDTH)])
    return lines


def shown_names(tests: Sequence[str], room: int) -> list[str]:
    """Return node ids as short as it takes; different tests never look alike.

    All are written alike: whole, without their folders, or by their last part, which is cut if even
    that is too long.
    """
    forms = (
        list(tests),
        [test.rpartition("/")[2] for test in tests],
        [test.rpartition("::")[2] for test in tests],
    )
    different = len(set(tests))
    for names in forms:
        if max(map(len, names), default=0) <= room and len(set(names)) == different:
            return names
    cut = {test: fit(test.rpartition("::")[2], -room).rstrip() for test in dict.fromkeys(tests)}
    alike = Counter(cut.values())
    numbers: Counter[str] = Counter()
    for test, name in cut.items():
        if alike[name] > 1:
            numbers[name] += 1
            mark = f" #{numbers[name]}"
            cut[test] = fit(name, len(mark) - room).rstrip() + mark
    return [cut[test] for test in tests]


def doubts(trials: Sequence[TrialDocument]) -> Iterator[str]:
    """Yield why downtimes are no figure, once for each reason, whether or not a test fails of it."""
    found: dict[str, list[TrialDocument]] = {}
    for trial in trials:
        if trial["valid"] and "clock" in trial:
            found.setdefault(trial["clock"]["problem"], []).append(trial)
    for problem, doubted in list(found.items())[:MOST_DOUBTS]:
        first = doubted[0]["test"].rpartition("::")[2]
        more = f" and {len(doubted) - 1} more" if doubted[1:] else ""
        yield from textwrap.wrap(
            f"unreliable: {first}{more}: {problem}", WIDTH, subsequent_indent="  "
        )
    if len(found) > MOST_DOUBTS:
        yield f"unreliable for {len(found) - MOST_DOUBTS} more reasons, which -v shows"


def _row(trial: TrialDocument, name: str) -> tuple[str, ...]:
    return (
        name,
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
