"""The examples do what their pages say."""

import json
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from finished import ALWAYS_FIT, clean
from fitness import fit, unfit_line

EXAMPLES = Path(__file__).parents[2] / "examples"

pytestmark = pytest.mark.long


@pytest.fixture
def example(project):
    """Run an example from a copy."""
    project.makeconftest(ALWAYS_FIT)

    def run(name, *options, problem=unfit_line):
        shutil.copytree(EXAMPLES / name, project.path / name, dirs_exist_ok=True)
        # Some have an ini of their own, and would be cut off from the conftest above them.
        arguments = (name, "--confcutdir=.", "--rds-toxiproxy=builtin", "--rds-calm-not-issued=100%",
                     *options)  # fmt: skip
        return fit(lambda: project.runpytest_subprocess(*arguments), problem)

    return run


def test_an_example_is_run_from_a_checkout_without_the_options_of_our_own_suite():
    """Its page says `pytest examples/asynchronous`, which needs a plugin that our suite blocks."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider",
         "examples/asynchronous"],
        cwd=EXAMPLES.parent, env=clean(), text=True, capture_output=True, timeout=120, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout
    assert "2 tests collected" in done.stdout


def test_the_article_s_experiment_prints_the_article_s_table(example):
    options = ("--rds-trials=5", "--rds-profile=quick", "--rds-warmup=300ms")
    result = example("article", *options, "--rds-rate=100", "--rds-writers=4")

    result.assert_outcomes(passed=2)
    text = result.stdout.str()
    assert "scenario   none (below 0.5 s)    1 s (below 1.5 s)               longer" in text
    assert "5 of 5 (57-100 %)" in text
    assert "proxy against cluster: median" in text
    assert "test_downtime[cluster]: median of downtime < 13.0 s: pass, held in 5 of 5" in text


def test_the_article_s_profile_is_as_the_article_says(example, project):
    """At both endpoints at once: that takes as long as DNS does, and no CPU."""
    load = ("--rds-rate=50", "--rds-writers=4", "--rds-warmup=500ms")
    options = ("--rds-trials=1", "--rds-seed=7", *load, "--rds-json=out.json")
    # By the proxy it may be down for no time at all, which is no figure on a machine that does
    # other things: its milestones and outages are what is looked at.
    result = example("article", "-p", "xdist", "-n2", *options, problem=lambda _: "")

    # One trial shows nothing about the median, and is told so.
    result.assert_outcomes(failed=2)
    text = " ".join(result.stdout.str().split())
    for endpoint in ("cluster", "proxy"):
        claim = rf"test_downtime\[{endpoint}\]: median of downtime < 13\.0 s: inconclusive"
        assert re.search(rf"{claim}[^:]*: shown for at least [05]% [^:]*, not for 50%", text)
    found = json.loads((project.path / "out.json").read_text())["trials"]
    direct, proxied = sorted(found, key=lambda trial: trial["test"])
    # Ten to twelve seconds, and what a busy machine adds.
    assert 10 <= direct["downtime_s"] <= 13
    # By the proxy a second, or none.
    hold = at(proxied, "proxy_follow") - at(proxied, "promoted")
    assert hold == pytest.approx(0, abs=0.2) or hold == pytest.approx(1, abs=0.2)
    longest = max((outage["seconds"] for outage in proxied["outages"]), default=0.0)
    assert longest == pytest.approx(hold, abs=0.5)


def at(trial, name):
    """Return when a milestone of a trial was."""
    return next(stone["at_s"] for stone in trial["milestones"] if stone["name"] == name)


def test_examples_that_need_no_cluster_of_their_own_pass(example, project):
    """A shop's checkout, a mixed load, workers of a queue and two ends of a switchover.

    Workers do each job once, and careless ones lose some; a careless pool stays on blue.
    """
    names = ("precise", "mixed", "worker", "blue-green")
    for name in names:
        shutil.copytree(EXAMPLES / name, project.path / name)
    result = example("checkout", *names, "--rds-warmup=500ms", "--rds-json=out.json")

    result.assert_outcomes(passed=7)
    trials = json.loads((project.path / "out.json").read_text())["trials"]
    found = {trial["test"].partition("/")[0]: trial for trial in trials}
    assert found["precise"]["attempted"] > found["checkout"]["attempted"]
    assert found["mixed"]["reads"]["compared"] > 10
    assert (found["mixed"]["reads"]["stale"], found["mixed"]["reads"]["unseen"]) == (0, 0)


@pytest.mark.usefixtures("with_aws")
def test_frozen_functions_hold_connections_of_the_cluster_endpoint_only(example):
    pytest.importorskip("awslambdaric")
    example("lambda").assert_outcomes(passed=2)


def test_pools_retries_and_a_service_do_what_their_pages_say(example, project):
    """SQLAlchemy's pool is stuck unless it is cured; retries show; clients of a service lose no order."""
    service = all(map(find_spec, ("fastapi", "uvicorn", "httpx")))
    names = ("retries", *(("fastapi",) if service else ()))
    for name in names:
        shutil.copytree(EXAMPLES / name, project.path / name)
    result = example("sqlalchemy", *names, "--rds-warmup=500ms", "--rds-json=out.json")

    result.assert_outcomes(passed=6 + len(names))
    trials = json.loads((project.path / "out.json").read_text())["trials"]
    (trial,) = (trial for trial in trials if trial["test"].startswith("retries/"))
    assert trial["attempts"]["retried"] >= 1
    assert trial["attempts"]["count"] > trial["attempted"]
    assert trial["errors"] == []
    assert trial["attempts"]["errors"] != []


def undecided_line(result):
    """Return why a run says nothing: it is unfit, or wider than the example's bound on a busy machine."""
    return unfit_line(result) or next(
        (line for line in result.outlines if "is undecided" in line), ""
    )


def test_every_hook_of_the_example_does_its_work(example, project):
    load = ("--rds-warmup=500ms", "--rds-writers=8", "--rds-rate=200")  # it decides within 100 ms
    result = example("hooks", *load, "--rds-json=out.json", problem=undecided_line)

    result.assert_outcomes(passed=2)
    text = result.stdout.str()
    assert "of the 30 s that we promise" in text
    assert '"shop": "1.4.2"' in (project.path / "out.json").read_text()


def test_a_safety_check_refuses_before_anything_is_triggered(example, monkeypatch):
    monkeypatch.setenv("SHOP_FROZEN", "1")

    result = example("hooks", "--rds-warmup=300ms", "--rds-writers=8")

    result.assert_outcomes(failed=2)
    assert "the failover was not triggered: deployments are frozen" in result.stdout.str()
    # Both are in the table as what they are: no trials.
    assert result.stdout.str().count(" no trial: UnsafeError: the failover was not triggered") == 2


def test_django_is_stuck_with_its_health_checks_and_cured_by_hanging_up(example):
    pytest.importorskip("pytest_django")
    options = ("-p", "pytest_django.plugin", "--rds-warmup=500ms")
    example("django", *options).assert_outcomes(passed=2)


def test_faults_of_the_database_find_the_careless_client(example):
    only = "lock_storm or secret_rotation or (slow_commits and careful) or shop"
    example("faults", "--rds-warmup=200ms", "-k", only).assert_outcomes(passed=7)
