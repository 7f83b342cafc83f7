"""--rds-report and --rds-journal: written whatever runs the tests, and judged again the same."""

import json

from finished import lock, page_entries

from pytest_rdsfailover.analysis import reliability
from pytest_rdsfailover.cli.main import main


def test_a_run_leaves_one_page_and_a_journal_of_each_trial(finished):
    entries = finished.entries

    assert f"HTML report: {finished.place.name}/page/index.html" in finished.text
    assert f"journals: {finished.place.name}/journals" in finished.text
    assert [each["trial"]["test"].partition("::")[2] for each in entries] == finished.names
    assert [each["failed"] for each in entries[-2:]] == [False, True]
    assert "said by a test" in entries[-1]["why"]
    assert all(sum(each["portrait"]["picture"]["strips"][0]["acked"]) > 0 for each in entries)
    assert len(list((finished.place / "journals").glob("*.jsonl.gz"))) == len(entries)


def test_its_journals_give_every_figure_of_the_run_again(finished, tmp_path, monkeypatch):
    monkeypatch.setattr(reliability, "MOST_OWN", 1e9)  # as in the project's conftest.py
    again = tmp_path / "again.json"
    status = main(["judge", str(finished.place / "journals"), f"--json={again}"])
    first, again = finished.document, json.loads(again.read_text())

    assert status == 0
    pairs = [*zip(*(in_order(each) for each in (first, again)), strict=True)]
    assert len(pairs) == len(finished.names) >= 2
    for one, other in pairs:
        assert one == other
    assert (first["mode"], first["seed"], first["versions"]) == (
        again["mode"], again["seed"], again["versions"]
    )  # fmt: skip


def in_order(document):
    """Return trials in an order that does not depend on which worker was first."""
    return sorted(document["trials"], key=lambda trial: (trial["test"], trial["acked"], str(trial)))


def test_the_command_to_run_a_trial_again_takes_it_again(finished_project, plain):
    entry = plain.entries[-1]
    words = entry["rerun"].replace("'", "").split()
    assert words[0] == "pytest"

    with lock(finished_project.path):
        result = finished_project.pytest(*words[1:], "--rds-report=again")

    result.assert_outcomes(failed=1)  # this test fails, whatever is measured
    (again,) = page_entries(finished_project.path / "again" / "index.html")
    assert again["portrait"]["seed"] == entry["portrait"]["seed"]
    assert again["rerun"] == entry["rerun"]


def test_a_run_without_trials_replaces_the_page_of_an_older_one(project):
    project.makepyfile("def test_it(): pass")
    project.mkdir("out")
    page = project.path / "out" / "index.html"
    page.write_text("of yesterday")

    result = project.runpytest_inprocess("--rds-report=out")

    result.assert_outcomes(passed=1)
    assert page_entries(page) == []
