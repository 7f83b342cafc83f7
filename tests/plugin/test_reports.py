"""--rds-report and --rds-journal: written whatever runs the tests, and judged again the same."""

import json
import re
import sys

import pytest

TRIAL = """
import pytest

@pytest.mark.parametrize("n", range(2))
def test_trial(rds_trial, rds_cluster, n):
    assert rds_trial(rds_cluster.writer_endpoint).lost == []
    assert n == 0, "</script><b>said by a test"
"""
DATA = re.compile(r'<script type="application/json" id="data">(.*?)</script>', re.DOTALL)
OUTPUTS = ("--rds-report=out", "--rds-journal=out/journals", "--rds-json=out/result.json")


def entries(project):
    text = (project.path / "out" / "index.html").read_text()
    return json.loads(DATA.search(text)[1])["entries"]


@pytest.fixture
def run(project):
    def run(*arguments):
        return project.run(sys.executable, "-m", "pytest_rdsfailover.cli", *arguments)

    return run


@pytest.mark.parametrize(
    "runner", [[], ["-n2"], ["-p", "no:xdist"]], ids=["plain", "n2", "no-xdist"]
)
def test_a_run_leaves_one_page_and_a_journal_of_each_trial(project, run, runner):
    project.makepyfile(TRIAL)

    result = project.runpytest_subprocess(*OUTPUTS, "--rds-seed=7", *runner)

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["HTML report: out/index.html", "journals: out/journals"])
    found = sorted(entries(project), key=lambda each: each["trial"]["test"])
    assert [each["failed"] for each in found] == [False, True]
    assert "said by a test" in found[1]["why"]
    assert all(sum(each["portrait"]["picture"]["strips"][0]["acked"]) > 0 for each in found)
    assert len(list((project.path / "out" / "journals").glob("*.jsonl.gz"))) == 2
    again_is_the_same(project, run)


def again_is_the_same(project, run):
    """Judge the journals, and compare every figure with those of the run."""
    judged = run("judge", "out/journals", "--json=out/again.json")

    assert judged.ret == 0
    first, again = (
        json.loads((project.path / "out" / name).read_text())
        for name in ("result.json", "again.json")
    )
    by_test = [sorted(each["trials"], key=lambda trial: trial["test"]) for each in (first, again)]
    assert by_test[0] == by_test[1]
    assert (first["mode"], first["seed"], first["versions"]) == (
        again["mode"], again["seed"], again["versions"]
    )  # fmt: skip


def test_the_command_to_run_a_trial_again_takes_it_again(project):
    project.makepyfile(TRIAL)
    project.runpytest_subprocess(*OUTPUTS, "--rds-seed=7", "--rds-warmup=300ms", "-k0")
    rerun = entries(project)[0]["rerun"]

    assert rerun.startswith("pytest ")
    words = rerun.replace("'", "").split()[1:]
    result = project.runpytest_subprocess(*words, *OUTPUTS)

    result.assert_outcomes(passed=1)
    assert entries(project)[0]["portrait"]["seed"] == 7
    assert entries(project)[0]["rerun"] == rerun


def test_a_run_without_trials_replaces_the_page_of_an_older_one(project):
    project.makepyfile("def test_it(): pass")
    project.mkdir("out")
    page = project.path / "out" / "index.html"
    page.write_text("of yesterday")

    result = project.runpytest_subprocess("--rds-report=out")

    result.assert_outcomes(passed=1)
    assert entries(project) == []


def test_nothing_is_written_or_drawn_unless_asked_for(project):
    project.makepyfile(
        """
        import sys

        def test_trial(rds_trial, rds_cluster):
            rds_trial(rds_cluster.writer_endpoint)
            assert "pytest_rdsfailover.report.html" not in sys.modules
        """
    )

    project.runpytest_subprocess().assert_outcomes(passed=1)
    assert [path.name for path in project.path.iterdir() if path.suffix in {".html", ".gz"}] == []
