"""The HTML page: one file that needs nothing else, neither a network nor a server.

The page carries its data as JSON, and its scripts (`page/`) draw them. What a test, an error or a
server says is never taken for HTML, for three reasons:

1. The data cannot end its own element.
2. The scripts put texts into the document as texts only.
3. The page's policy lets only these scripts run: it names the hash of each.
"""

import base64
import hashlib
import html
import json
from collections.abc import Sequence
from importlib import resources
from string import Template
from typing import NotRequired, TypedDict

from pytest_rdsfailover.report import tables
from pytest_rdsfailover.report.scenarios import Scenario, scenarios
from pytest_rdsfailover.report.schema import RunDocument
from pytest_rdsfailover.report.trial_drawing import Portrait
from pytest_rdsfailover.report.trial_schema import LISTS, TrialDocument

# Each script is a module: others see only what it exports. A script may use those above it.
SCRIPTS = (
    "dom.js",
    "durations.js",
    "words.js",
    "scheduling.js",
    "heading.js",
    "dots.js",
    "overview.js",
    "scene.js",
    "chart.js",
    "view.js",
    "trial_tables.js",
    "retries_and_reads.js",
    "sentence.js",
    "trial.js",
    "start.js",
)
MOST_KEYS = 200  # of each list: enough to search for; the document has them all
LONGEST_WHY = 4000  # characters of a failure's text


class PageEntry(TypedDict):
    """A trial on the page.

    Attributes:
        trial: its document, of whose lists of keys only the first ones are left.
        counts: how long each of these lists was; None if it was never read back.
        portrait: what is drawn of it; None if only the document is at hand.
        rerun: the command that runs its test again; empty if unknown.
        failed: whether its test failed; None if unknown.
        why: the text of that failure.
        group: the name of its scenario among the run's.
    """

    trial: TrialDocument
    counts: dict[str, int | None]
    portrait: Portrait | None
    rerun: str
    failed: bool | None
    why: str
    group: NotRequired[str]


class PageData(TypedDict):
    """All that the page's scripts draw."""

    title: str
    notes: list[str]
    sections: list[tuple[str, list[str]]]
    run: dict[str, object]
    lengths: list[str]
    shares: list[list[str]]
    without_downtime: dict[str, str]
    proofs: list[str]
    entries: list[PageEntry]


def entry(
    trial: TrialDocument,
    portrait: Portrait | None = None,
    *,
    rerun: str = "",
    failed: bool | None = None,
    why: str = "",
) -> PageEntry:
    """Return one trial for `page`.

    Its lists of keys and the text of its failure are cut to what a reader looks at.
    """
    shown = trial.copy()
    counts: dict[str, int | None] = {}
    for name in LISTS:
        keys = trial[name]
        counts[name] = None if keys is None else len(keys)
        shown[name] = None if keys is None else keys[:MOST_KEYS]
    if "torn" in trial:
        counts["torn"] = len(trial["torn"])
        shown["torn"] = trial["torn"][:MOST_KEYS]
    return {
        "trial": shown,
        "counts": counts,
        "portrait": portrait,
        "rerun": rerun,
        "failed": failed,
        "why": why[:LONGEST_WHY],
    }


def page(
    entries: Sequence[PageEntry],
    run: RunDocument,
    *,
    notes: Sequence[str] = (),
    sections: Sequence[tuple[str, Sequence[str]]] = (),
    title: str = "Database failover",
) -> str:
    """Return the page of a run.

    Args:
        entries: its trials, as `entry` returns them.
        run: its document; the trials in it are not looked at.
        notes: what the figures were taken on, one line each.
        sections: more to show of the run: titles and lines of plain text.
        title: stands above the page and names its tab.
    """
    found = scenarios([entry["trial"] for entry in entries])
    data: PageData = {
        "title": title,
        "notes": list(notes),
        "sections": [(title, list(lines)) for title, lines in sections],
        "run": {name: value for name, value in run.items() if name != "trials"},
        "lengths": list(tables.LENGTHS),
        "shares": [
            [scenario.name, *tables.shares(scenario.downtimes)]
            for scenario in found
            if len(scenario.trials) > 1
        ],
        "without_downtime": {
            scenario.name: tables.share(scenario.population.zero, scenario.population.trials)
            for scenario in found
            if scenario.population.trials
        },
        "proofs": list(tables.proofs(found)),
        "entries": _grouped(entries, found),
    }
    style, scripts = _read("style.css"), [_read(name) for name in SCRIPTS]
    return Template(_read("page.html")).substitute(
        title=html.escape(title),
        policy=_policy(style, scripts),
        style=style,
        scripts="\n".join(f'<script type="module">{script}</script>' for script in scripts),
        data=_embedded(data),
    )


def _grouped(entries: Sequence[PageEntry], found: Sequence[Scenario]) -> list[PageEntry]:
    """Return the entries, each with the name of its scenario among the run's."""
    names = {place: scenario.name for scenario in found for place in scenario.places}
    return [entry | {"group": names[place]} for place, entry in enumerate(entries)]


def _read(name: str) -> str:
    return resources.files(__package__).joinpath("page", name).read_text(encoding="utf-8")


def _policy(style: str, scripts: Sequence[str]) -> str:
    """Return a policy under which nothing is loaded and only these texts count."""
    return (
        f"default-src 'none'; style-src {_hash(style)}; script-src {' '.join(map(_hash, scripts))};"
        " base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def _embedded(data: PageData) -> str:
    """Return data as JSON that an HTML parser reads to its end, whatever texts are in it."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
