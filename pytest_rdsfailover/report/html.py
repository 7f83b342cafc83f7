"""The HTML page: one file that needs nothing else, neither a network nor a server.

The page carries its data as JSON and draws it itself (`page/`). Nothing that a test, an error or a
server says is ever taken for HTML: the data cannot end its own element, the script puts texts into
the document as texts only, and the page's policy lets nothing run but its own script.
"""

import base64
import hashlib
import html
import json
from collections.abc import Sequence
from importlib import resources
from string import Template
from typing import Any

from pytest_rdsfailover.report import tables
from pytest_rdsfailover.report.scenarios import scenarios

Plain = dict[str, Any]  # what JSON can say
SCRIPTS = (
    "dom.js",
    "words.js",
    "overview.js",
    "scene.js",
    "chart.js",
    "view.js",
    "retries_and_reads.js",
    "trial.js",
    "start.js",
)
MOST_KEYS = 200  # of each list: enough to search for; the document has them all
LONGEST_WHY = 4000  # characters of a failure's text
LISTS = ("lost", "duplicated", "recovered", "unexpected")


def entry(
    trial: Plain,
    portrait: Plain | None = None,
    *,
    rerun: str = "",
    failed: bool | None = None,
    why: str = "",
) -> Plain:
    """Return one trial for `page`.

    Args:
        trial: its document.
        portrait: what is drawn of it; None if only the document is at hand.
        rerun: the command that runs its test again.
        failed: whether its test failed; None if unknown.
        why: the text of that failure.
    """
    lists = [*LISTS, *(["torn"] if "torn" in trial else [])]
    counts = {name: None if trial[name] is None else len(trial[name]) for name in lists}
    shown = {name: None if trial[name] is None else trial[name][:MOST_KEYS] for name in lists}
    return {
        "trial": trial | shown,
        "counts": counts,
        "portrait": portrait,
        "rerun": rerun,
        "failed": failed,
        "why": why[:LONGEST_WHY],
    }


def page(
    entries: Sequence[Plain],
    run: Plain,
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
    found = scenarios([each["trial"] for each in entries])
    data = {
        "title": title,
        "notes": list(notes),
        "sections": [[title, list(lines)] for title, lines in sections],
        "run": {name: value for name, value in run.items() if name != "trials"},
        "lengths": list(tables.LENGTHS),
        "shares": [[each.name, *tables.shares(each.downtimes)] for each in found],
        "proofs": list(tables.proofs(found)),
        "entries": _grouped(entries),
    }
    style, script = _read("style.css"), "\n".join(map(_read, SCRIPTS))
    return Template(_read("page.html")).substitute(
        title=html.escape(title),
        policy=_policy(style, script),
        style=style,
        script=script,
        data=_embedded(data),
    )


def _grouped(entries: Sequence[Plain]) -> list[Plain]:
    """Return the entries, each with the name of its scenario among the run's."""
    found = scenarios([each["trial"] for each in entries])
    names = {place: each.name for each in found for place in each.places}
    return [each | {"group": names[place]} for place, each in enumerate(entries)]


def _read(name: str) -> str:
    return resources.files(__package__).joinpath("page", name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    """Return a policy under which nothing is loaded and only these two texts count."""
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}';"
        " base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _embedded(data: Plain) -> str:
    """Return data as JSON that an HTML parser reads to its end, whatever texts are in it."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
