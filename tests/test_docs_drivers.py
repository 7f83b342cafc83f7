"""The matrix in the documents is the one that is tested."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "tests" / "local"))

import drivers  # noqa: E402 - beside the tests that use it


def test_the_matrix_in_the_documents_is_the_one_that_is_tested():
    assert drivers.table() in (ROOT / "docs" / "drivers.md").read_text()


def test_a_matrix_that_claims_more_is_noticed(monkeypatch):
    monkeypatch.setattr(drivers.AsyncMy, "topics", frozenset(drivers.TOPICS))

    assert drivers.table() not in (ROOT / "docs" / "drivers.md").read_text()
