"""Beside other plugins of pytest and in its own modes, trials are run, reported, and counted once."""

import json
import os
import subprocess
import sys
from pathlib import Path

import noted
import pytest
from finished import ALWAYS_FIT, QUICK, Project, clean, few_plugins

PLUGINS = Path(__file__).parents[2] / ".servers" / "pytest-plugins"  # scripts/fetch-extras
TESTS = """
import asyncio
from pathlib import Path

import pytest

@pytest.mark.repeat(2)
def test_repeated(rds_trial, rds_cluster):
    assert rds_trial(rds_cluster.writer_endpoint).lost == []

def test_rerun(rds_trial, rds_cluster):
    rds_trial(rds_cluster.writer_endpoint)
    flag = Path("flag")
    if not flag.exists():
        flag.touch()
        pytest.fail("the first time")

@pytest.mark.timeout(60)
async def test_awaited(rds_trial, rds_cluster):
    trial = await rds_trial.run(rds_cluster.writer_endpoint)
    assert trial.lost == []
"""
SINGLE = """
import pytest

@pytest.mark.parametrize("n", range(2))
def test_single(rds_note, n):
    rds_note(1.0)
"""
NEVER = """
import pytest

@pytest.fixture(autouse=True)
def started(rds_cluster): raise RuntimeError("a fixture of the test was run")

def test_it(rds_trial): pass
"""
FAILING = """
import pytest

@pytest.mark.parametrize("n", range(3))
def test_single(rds_trial, rds_cluster, n):
    trial = rds_trial(rds_cluster.writer_endpoint, writers=2)
    assert n == 0, trial
"""


@pytest.fixture
def run(tmp_path):
    """Run a project of these tests, with whatever options, and return what pytest printed."""
    (tmp_path / "pytest.ini").write_text(f"{QUICK}asyncio_mode = auto\n")
    (tmp_path / "conftest.py").write_text(f"import sys\nsys.modules['boto3'] = None\n{ALWAYS_FIT}")

    def run(tests, *options, typed="", **environ):
        (tmp_path / "test_it.py").write_text(tests)
        return subprocess.run(
            [sys.executable, "-m", "pytest", "--rds-json=found.json", *options],
            cwd=tmp_path, env=clean() | {"PYTHONPATH": environ_path()} | environ, text=True,
            input=typed, capture_output=True, timeout=120, check=False,
        )  # fmt: skip

    return run


def environ_path():
    return os.pathsep.join(filter(None, [str(PLUGINS), os.environ.get("PYTHONPATH", "")]))


def trials(tmp_path):
    """Return the names of the tests of all trials of the run."""
    found = json.loads((tmp_path / "found.json").read_text())["trials"]
    return sorted(trial["test"].partition("::")[2] for trial in found)


@pytest.mark.skipif(not PLUGINS.exists(), reason="scripts/fetch-extras brings the other plugins")
def test_with_every_other_plugin_at_once_each_trial_is_run_and_told(run, tmp_path):
    found = run(
        TESTS, "--timeout=100", "--reruns=1", "--html=page.html", "--cov=test_it", "--cov-report=term",
    )  # fmt: skip

    assert found.returncode == 0, found.stdout + found.stderr
    assert trials(tmp_path) == [
        "test_awaited", "test_repeated[1-2]", "test_repeated[2-2]", "test_rerun", "test_rerun",
    ]  # fmt: skip
    plugins = next(line for line in found.stdout.splitlines() if line.startswith("plugins: "))
    for name in (
        "timeout",
        "randomly",
        "rerunfailures",
        "html",
        "cov",
        "sugar",
        "repeat",
        "asyncio",
        "anyio",
    ):
        assert f"{name}-" in plugins, name
    for said in ("database failover", "random", "1 rerun", "coverage", "page.html"):
        assert said in found.stdout.lower(), said
    assert "test_rerun" in (tmp_path / "page.html").read_text()


@pytest.mark.parametrize(
    ("mode", "count"),
    [
        ("loadscope", 2),
        ("worksteal", 2),
        ("each", 4),
    ],  # load: test_reports.py; loadgroup: test_nights.py; loadfile is loadscope by another word
)
def test_under_every_mode_of_xdist_each_trial_is_told_once(tmp_path, mode, count):
    """What a trial was does not matter here; it is noted, and none is run."""
    project = Project(tmp_path, SINGLE)
    (tmp_path / "conftest.py").write_text(noted.CONFTEST)
    found = project.pytest("--rds-json=found.json", "-n2", f"--dist={mode}")

    found.assert_outcomes(passed=count)
    assert trials(tmp_path) == sorted(["test_single[0]", "test_single[1]"] * (count // 2))


@pytest.mark.parametrize("mode", ["--collect-only", "--setup-plan"])
def test_where_pytest_runs_no_test_nothing_is_started(run, mode):
    found = run(NEVER, mode)

    assert found.returncode == 0, found.stdout + found.stderr
    assert "a fixture of the test was run" not in found.stdout
    assert "database failover" not in found.stdout


def test_after_the_first_failure_nothing_more_is_tried_and_then_only_that(run, tmp_path):
    alone = few_plugins(["no:xdist"])
    stopped = run(FAILING, "-x", **alone)
    assert stopped.returncode == 1
    assert trials(tmp_path) == ["test_single[0]", "test_single[1]"]

    again = run(FAILING, "--lf", "--pdb", typed="p trial.acked > 0\nq\n", **alone)
    assert "True" in again.stdout
    assert "database failover" in again.stdout
    assert trials(tmp_path) == ["test_single[1]"]
