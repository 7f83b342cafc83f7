"""A journal of each version there was is judged now as it was then, and so for ever.

What lies in `promised/N` was written by a release of format N, and is never written again. A later
program may say more of it, and nothing else.
"""

import json
from pathlib import Path

import pytest

from pytest_rdsfailover.cli.inputs import journals
from pytest_rdsfailover.journal import archive, unfinished

PROMISED = Path(__file__).parent / "promised"
KEPT = [path for path in sorted(PROMISED.glob("*/*")) if not path.name.endswith(".json")]


def less(now, then):
    """Return what is said now, without what was not said then."""
    if isinstance(then, dict) and isinstance(now, dict):
        return {name: less(now.get(name), value) for name, value in then.items()}
    if isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        return [less(*each) for each in zip(now, then, strict=True)]
    return now


@pytest.mark.parametrize("path", KEPT, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_a_journal_is_judged_as_it_was(path):
    then = json.loads((path.parent / f"{path.name.partition('.')[0]}.verdict.json").read_text())
    (judged,) = journals([path])

    assert less(json.loads(json.dumps(judged.document)), then) == then


def test_there_is_one_of_each_version():
    assert {path.parent.name for path in KEPT} == {
        str(version) for version in range(1, archive.VERSION + 1)
    }
    assert archive.VERSION == unfinished.VERSION
    kinds = {"".join(path.suffixes) for path in KEPT}
    assert kinds == {archive.SUFFIX, unfinished.SUFFIX}


def test_a_planted_change_is_seen():
    then = {"downtime_s": 1.0, "outages": [{"start_s": 1.0}]}

    assert (
        less({"downtime_s": 1.0, "outages": [{"start_s": 1.0, "new": 2}], "more": 3}, then) == then
    )
    assert less({"downtime_s": 1.1, "outages": [{"start_s": 1.0}]}, then) != then
    assert less({"downtime_s": 1.0, "outages": []}, then) != then
    assert less({"outages": [{"start_s": 1.0}]}, then) != then
