"""Shares of operations, late errors and recovery: expected by a test, and in each report."""

import json
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from finished import QUICK, page_entries
from fitness import fit, unfit_line

TESTS = """
import pytest

@pytest.mark.rds_expect(served_within={"5s": ">= 1%"}, success_after=">= 50%", p99_before="< 10s")
def test_it(rds_trial, rds_cluster):
    trial = rds_trial(rds_cluster.writer_endpoint)
    trial.expect(success=">= 1%", served_within_300ms=">= 1%", recovery="< 1h", incident_span="< 1h")
    assert trial.served_within("500ms") > 0.01
"""
OUTPUTS = (
    "--rds-report=page", "--rds-json=out.json", "--rds-markdown=out.md", "--junit-xml=out.xml",
    "--rds-journal=journals",
)  # fmt: skip
NAMES = {
    "success", "success_during", "success_after", "served_within_500ms", "worst_second",
    "late_errors", "recovery", "incident_sum", "incident_span", "p99_before", "p99_after",
    "demoted_writer",
}  # fmt: skip


def test_what_users_felt_can_be_expected_and_is_in_every_report(project):
    project.makepyfile(TESTS)
    project.makeini(QUICK.replace("rds_cooldown = 50ms", "rds_cooldown = 500ms"))
    result = fit(lambda: project.runpytest_subprocess("-v", *OUTPUTS), unfit_line)
    result.assert_outcomes(passed=1)

    (trial,) = json.loads((project.path / "out.json").read_text())["trials"]
    assert trial["figures"].keys() > NAMES
    (entry,) = page_entries(project.path / "page" / "index.html")
    assert entry["trial"]["figures"] == trial["figures"]
    basis = trial["figures"]["success"]["basis"]
    assert f"({basis}" in result.stdout.str()
    assert (
        "| test | success | within 500 ms | worst second" in (project.path / "out.md").read_text()
    )
    charted = {each.get("name") for each in ET.parse(project.path / "out.xml").iter("property")}
    assert {"rds_success_share", "rds_worst_second_share", "rds_late_errors"} < charted

    (journal,) = (project.path / "journals").glob("*.jsonl.gz")
    command = Path(sys.executable).with_name("rdsfailover")
    judged = project.run(command, "judge", journal, "--expect", "served_within_300ms >= 1%")
    assert judged.ret == 0


def test_a_latency_that_is_none_is_refused_before_any_server_starts(project):
    project.makepyfile(TESTS.replace("5s", "soon"))
    result = project.runpytest_inprocess()

    assert "'soon' is not a duration" in result.stdout.str() + result.stderr.str()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
