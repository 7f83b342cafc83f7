"""Nights against a baseline; the trials are noted, none is run."""

import json
import re

import pytest
from finished import Project
from noted import CONFTEST

from pytest_rdsfailover.report.rules import trials_needed

NIGHT = """
import os
import pytest

GROWTH = float(os.environ.get("GROWTH", "1"))

@pytest.mark.parametrize("way", ["cluster", "proxy"])
def test_pay(rds_note, way):
    for n in range(8):
        rds_note(GROWTH * (1 + n / 100), scenario=way, test=f"test_it.py::test_pay[{way}]")
"""
OTHER = """
import pytest

@pytest.mark.parametrize("way", ["cluster", "proxy"])
def test_refund(rds_note, way):
    for n in range(8):
        rds_note(1.0, scenario=way, test=f"test_it.py::test_refund[{way}]")
"""
RULES = ("--rds-compare=main", "--rds-compare-fail=median:10%")
PASSED, FAILED = pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED


@pytest.fixture
def nights(tmp_path):
    """Run a night of tests that note trials, and return what became of it."""

    def run(source, *options, **environ):
        project = Project(tmp_path, source)
        (tmp_path / "conftest.py").write_text(CONFTEST)
        return project.pytest(*options, **environ)

    run.path = tmp_path
    return run


def failures(result):
    found = re.findall(r"^FAILED: .*(?:\n  .*)*", result.stdout.str(), re.MULTILINE)
    return [" ".join(each.split()) for each in found]


def test_a_growth_fails_the_night_and_an_identical_one_passes(nights):
    assert nights(NIGHT, "--rds-save=main").ret == PASSED
    assert nights(NIGHT, *RULES).ret == PASSED

    worse = nights(NIGHT, *RULES, GROWTH="1.3")
    assert worse.ret == FAILED
    worse.assert_outcomes(passed=2)
    assert [each.partition(" grew")[0] for each in failures(worse)] == [
        "FAILED: cluster: median", "FAILED: proxy: median",
    ]  # fmt: skip
    assert trials_needed(0.01) <= 8


def test_a_guard_holds_whatever_else_runs_that_night(nights):
    """What a scenario is called for short depends on it."""
    assert nights(NIGHT + OTHER, "--rds-save=main").ret == PASSED
    part = nights(NIGHT + OTHER, *RULES, "-k", "test_pay", GROWTH="1.3")

    assert part.ret == FAILED
    told = failures(part)
    assert len([each for each in told if "median grew" in each]) == 2
    assert len([each for each in told if "test_refund" in each and "only in the" in each]) == 2


def test_a_renamed_guard_fails_the_night_and_is_recognised(nights):
    nights(NIGHT, "--rds-save=main")
    renamed = nights(NIGHT.replace('["cluster", "proxy"]', '["cluster", "rds_proxy"]'), *RULES)

    assert renamed.ret == FAILED
    (told,) = failures(renamed)
    assert "test_pay[rds_proxy] writer quick: not in the baseline, where it may be" in told
    assert "test_pay[proxy] writer quick" in told
    assert nights(NIGHT, "--rds-compare=main", "-k", "cluster").ret == PASSED  # without any rule


def test_a_run_has_the_seed_of_its_baseline_unless_it_has_its_own(nights):
    nights(NIGHT, "--rds-save=main", "--rds-seed=77")
    seeds = [
        json.loads((nights.path / "out.json").read_text())["seed"]
        for options in ((), ("--rds-seed=3",), ("-p", "xdist", "-n1"))
        if nights(NIGHT, "--rds-compare=main", "--rds-json=out.json", *options).ret == PASSED
    ]

    assert seeds == [77, 3, 77]
