"""What is kept of a trial beyond its figures."""

from pathlib import Path

import pytest
from builders import acks, course, journal
from populations import document

from pytest_rdsfailover.analysis.judging import judge
from pytest_rdsfailover.journal.evidence import Evidence
from pytest_rdsfailover.model.settings import Settings
from pytest_rdsfailover.plugin.recording import keep, label, what_remains
from pytest_rdsfailover.trial.trial import Trial

WHERE = {"mode": "local", "versions": {"server": "8.0"}, "parts": {}, "worker": "master"}


def trial():
    evidence = Evidence(journal=journal(acks(0.1, 20.0, 0.1)), course=course(), stored=None)
    return Trial.of(judge(evidence), evidence)


@pytest.mark.parametrize("option", ["report", "journal", None])
def test_only_what_the_run_asked_for_is_kept(tmp_path, option):
    settings = Settings(**({option: str(tmp_path / "out")} if option else {}))
    kept = keep(trial(), document(1.0), WHERE, settings)

    assert ("portrait" in kept) is (option == "report")
    assert len(list(tmp_path.rglob("*.*"))) == (option == "journal")
    assert kept["rerun"].startswith("pytest ")
    assert kept["unwritten"] == []


def test_a_journal_that_cannot_be_written_costs_no_verdict(tmp_path):
    (tmp_path / "file").write_text("")
    kept = keep(trial(), document(1.0), WHERE, Settings(journal=str(tmp_path / "file")))

    (why,) = kept["unwritten"]
    assert str(tmp_path / "file") in why


def test_a_trial_without_evidence_leaves_nothing_but_how_to_run_it_again(tmp_path):
    settings = Settings(report=str(tmp_path / "a"), journal=str(tmp_path / "b"))
    kept = keep(Trial.of(judge(trial().evidence)), document(1.0), WHERE, settings)

    assert kept.keys() == {"rerun", "unwritten"}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("chosen", "cache", "where"),
    [("chosen", "cache", "chosen"), (None, "cache", "cache"), ("file", "cache", "cache"),
     (None, None, None), ("file", None, None)],
)  # fmt: skip
def test_what_remains_lies_where_the_user_wants_it_or_else_in_the_cache(
    tmp_path, chosen, cache, where
):
    (tmp_path / "file").write_text("")
    for name in ("chosen", "cache"):
        (tmp_path / name).mkdir()
    about = label(Settings(), "t", "s", {}, 3)
    found = what_remains(
        chosen and str(tmp_path / chosen), cache and Path(tmp_path / cache), about, "run", 1
    )

    assert (found and found.path.parent.name) == where
    if found:
        found.discard()
