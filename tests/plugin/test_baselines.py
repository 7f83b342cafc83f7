"""Nights against a baseline; the trials are noted, none is run."""

import json
import re

import pytest
from finished import Project
from noted import CONFTEST

from pytest_rdsfailover.report.rules import trials_needed

NIGHT = """
import pytest

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
# As pytest-rerunfailures calls a try that has failed.
AGAIN = """
import pytest

@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if call.when == "call":
        report.outcome = "rerun"
    return report
"""
RULES = ("--rds-compare=main", "--rds-compare-fail=median:10%")
BASELINE = "rds-baselines/main.json"
PASSED, FAILED = pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED


class Nights:
    """A project; call it to run a night of tests that note trials, here or in a process of its own."""

    def __init__(self, pytester):
        self.path, self._run = pytester.path, pytester.runpytest_inprocess

    def __call__(self, source, *options, growth=1):
        project = written(self.path, source, growth)
        apart = "xdist" in options or "KeyboardInterrupt" in source
        return project.pytest(*options) if apart else self._run(*options)

    @property
    def baseline(self):
        return self.path / BASELINE


def written(path, source, growth=1):
    """Return a project whose downtimes are that many times what they usually are."""
    project = Project(path, f"GROWTH = {growth}\n{source}")
    (path / "conftest.py").write_text(CONFTEST)
    return project


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """Return the baseline of a night that passed, as a file's text."""
    project = written(tmp_path_factory.mktemp("good"), NIGHT)
    assert project.pytest("--rds-save=main", "--rds-seed=77").ret == PASSED
    return (project.path / BASELINE).read_text()


@pytest.fixture
def nights(project, good):
    """A project that has this baseline."""
    found = Nights(project)
    found.baseline.parent.mkdir()
    found.baseline.write_text(good)
    project.makepyfile(again=AGAIN)
    project.syspathinsert()
    return found


def failures(result):
    found = re.findall(r"^FAILED: .*(?:\n  .*)*", result.stdout.str(), re.MULTILINE)
    return [" ".join(each.split()) for each in found]


def test_a_growth_fails_the_night_and_an_identical_one_passes(nights):
    assert nights(NIGHT, *RULES).ret == PASSED

    worse = nights(NIGHT, *RULES, growth=1.3)
    assert worse.ret == FAILED
    worse.assert_outcomes(passed=2)
    assert [each.partition(" grew")[0] for each in failures(worse)] == [
        "FAILED: cluster: median", "FAILED: proxy: median",
    ]  # fmt: skip
    assert trials_needed(0.01) <= 8


def test_a_guard_holds_whatever_else_runs_that_night(nights):
    """What a scenario is called for short depends on it."""
    assert nights(NIGHT + OTHER, "--rds-save=main").ret == PASSED
    part = nights(NIGHT + OTHER, *RULES, "-k", "test_pay", growth=1.3)

    assert part.ret == FAILED
    told = failures(part)
    assert len([each for each in told if "median grew" in each]) == 2
    assert len([each for each in told if "test_refund" in each and "only in the" in each]) == 2


def test_a_renamed_guard_fails_the_night_and_is_recognised(nights):
    renamed = nights(NIGHT.replace('["cluster", "proxy"]', '["cluster", "rds_proxy"]'), *RULES)

    assert renamed.ret == FAILED
    (told,) = failures(renamed)
    assert "test_pay[rds_proxy] writer quick: not in the baseline, where it may be" in told
    assert "test_pay[proxy] writer quick" in told
    assert nights(NIGHT, "--rds-compare=main", "-k", "cluster").ret == PASSED  # without any rule


def test_a_run_has_the_seed_of_its_baseline_unless_it_has_its_own(nights):
    seeds = [
        json.loads((nights.path / "out.json").read_text())["seed"]
        for options in (("--rds-seed=3",), ("-p", "xdist", "-n1"))
        if nights(NIGHT, "--rds-compare=main", "--rds-json=out.json", *options).ret == PASSED
    ]

    assert seeds == [3, 77]


WORSE = {
    "failed": (NIGHT + "def test_fails(): assert False\n", (), "this run did not pass"),
    "interrupted": (
        NIGHT + "def test_ends(): raise KeyboardInterrupt\n", (), "this run did not pass",
    ),
    "a part": (NIGHT, ("-k", "proxy"), "this run has not"),
    "skipped": (
        NIGHT.replace("    for", "    way == 'proxy' and pytest.skip()\n    for"), (),
        "this run has not",
    ),
    "grown": (NIGHT, RULES, "this run did not pass"),
    "run again": (NIGHT, ("-p", "again"), "passed only when it was run again"),
}  # fmt: skip


@pytest.mark.parametrize(("source", "options", "why"), WORSE.values(), ids=WORSE)
def test_a_bad_night_replaces_no_good_baseline(nights, good, source, options, why):
    bad = nights(source, "--rds-save=main", *options, growth=1.5)

    assert bad.ret != PASSED
    told = " ".join(bad.stdout.str().split())
    assert re.search(rf"main\.json is left as it is: .*{why}; --rds-save-anyway", told), told
    assert nights.baseline.read_text() == good


def test_a_bad_night_is_a_baseline_if_it_shall_be(nights, good):
    bad = nights(WORSE["failed"][0], "--rds-save=main", "--rds-save-anyway")

    assert bad.ret == FAILED
    assert "left as it is" not in bad.stdout.str()
    assert nights.baseline.read_text() != good


def test_what_cannot_be_compared_is_told_before_the_night(nights, good):
    good = json.loads(good)
    for changes, why in (
        ({"machine": None}, "no whole baseline"),
        ({"document": good["document"] | {"schema": 2}}, "no whole baseline"),
        (
            {"loads": [load | {"profile": "another"} for load in good["loads"]]},
            "the profile quick says something else",
        ),
    ):
        nights.baseline.write_text(json.dumps(good | changes))
        refused = nights(NIGHT, "--rds-compare=main")
        assert refused.ret == pytest.ExitCode.USAGE_ERROR
        assert why in refused.stderr.str()


OWN = 'refused = "60ms"\npromotion = "80ms"\ndns = "100ms"\n'
USES = {
    "a marker": '@pytest.mark.rds_profile("own.toml")\ndef test_it(): pass',
    "a call": 'def test_it(rds_trial, rds_cluster): rds_trial(rds_cluster.writer_endpoint, profile="own.toml")',
}


def test_a_profile_of_a_test_is_held_to_the_baseline_before_it_is_played(nights, good):
    good = json.loads(good)
    for trial, load in zip(good["document"]["trials"], good["loads"], strict=True):
        trial["profile"], load["profile"] = "own", "what it said"
    nights.baseline.write_text(json.dumps(good))
    (nights.path / "own.toml").write_text(OWN)

    for use, source in USES.items():
        refused = nights(
            f"import pytest\n{source}", "--rds-compare=main", "--rds-toxiproxy=builtin"
        )
        told = refused.stdout.str() + refused.stderr.str()
        assert "the profile own says something else than when the baseline main" in told, use
        status = pytest.ExitCode.USAGE_ERROR if use == "a marker" else FAILED
        assert refused.ret == status, use
        assert "down" not in told, use


@pytest.mark.parametrize("source", [NIGHT, "def test_it(): pass"], ids=["no failover", "no trial"])
def test_a_record_of_nothing_fails_the_run(nights, source):
    told = nights(source, "--rds-record=own.toml")

    assert told.ret == FAILED
    assert "own.toml is not written: none of " in told.stdout.str()
    assert not (nights.path / "own.toml").exists()


SHOWS = ["--setup-plan", "--fixtures"]  # the others are in tests/unit/plugin


def test_a_run_that_only_shows_something_writes_nothing(nights):
    outputs = (
        "--rds-json=out.json", "--rds-markdown=out.md", "--rds-report=page", "--rds-save=main",
    )  # fmt: skip
    nights(NIGHT, *outputs)
    paths = [nights.path / name for name in ("out.json", "out.md", "page/index.html")]
    before = [path.read_bytes() for path in [*paths, nights.baseline]]

    for option in SHOWS:
        shown = nights(NIGHT, option, *outputs, *RULES)
        assert shown.ret == PASSED, shown.stdout.str()
        assert [path.read_bytes() for path in [*paths, nights.baseline]] == before, option
