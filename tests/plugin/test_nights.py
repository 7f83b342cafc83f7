"""Runs that are killed or interrupted, and the runs that take them up."""

import json
import re
import signal
import time

import pytest
from finished import CONFTEST
from night import PATIENCE, TWO, Night, cache, expected, is_alive, seeds, take_up


@pytest.fixture
def two(project):
    """A project with two populations of two trials."""
    project.makeconftest(CONFTEST)
    project.makepyfile(test_it=TWO)
    return project.path


# Without workers the first population is over, and only the run's report would let it go. The killed
# workers run groups of tests, whose names pytest-xdist adds to those of the tests.
@pytest.mark.parametrize(("workers", "moment"), [("0", r"test_b 1/2: "), ("2", r"test_a 1/2: ")])
def test_a_run_that_is_killed_is_taken_up_whole_and_each_trial_once(two, workers, moment):
    xdist = ("-p", "xdist", f"-n{workers}")
    night = Night(two, *xdist, "--dist=loadgroup")
    night.until(moment)
    orphans = night.end(signal.SIGKILL)

    text, document = take_up(two, *xdist)

    assert seeds(document) == expected("test_a", "test_b")
    for line in re.findall(r"test_\w \d/2: down .*", night.text):
        assert line in text  # the very same trial
    assert cache(two) == set()  # nor is anything left of the trial that was cut short
    deadline = time.monotonic() + PATIENCE
    while alive := list(filter(is_alive, orphans)):
        assert time.monotonic() < deadline, alive
        time.sleep(0.05)


@pytest.mark.parametrize("workers", ["0", "2"])
def test_ctrl_c_reports_what_is_finished_and_keeps_it(two, workers):
    xdist = ("-p", "xdist", f"-n{workers}")
    night = Night(two, "--rds-json=first.json", *xdist)
    night.until(r"test_a 1/2: ")
    night.end(signal.SIGINT)

    assert night.process.returncode == pytest.ExitCode.INTERRUPTED, night.text
    shown = seeds(json.loads((two / "first.json").read_text()))
    assert shown["test_a"] == expected("test_a")["test_a"][: len(shown["test_a"])]
    assert "= database failover =" in night.text
    _, document = take_up(two, *xdist)
    assert seeds(document) == expected("test_a", "test_b")
    assert cache(two) == set()


OWN = 'refused = "100ms"\npromotion = "200ms"\ndns = "300ms"\n'


def test_trials_of_what_is_another_profile_by_now_do_not_count_and_that_is_said(two):
    (two / "own.toml").write_text(OWN)
    profile = "--rds-profile=own.toml"
    night = Night(two, profile, "-k", "test_a")
    night.until(r"test_a 1/2: ")
    night.end(signal.SIGKILL)
    (two / "own.toml").write_text(OWN.replace("300ms", "350ms"))

    text, document = take_up(two, profile, "-k", "test_a")

    # The second trial may be over, too, when the signal comes.
    why = r"test_a: [12] kept trials do not count: profile dns was"
    assert re.search(why, " ".join(text.split()))
    assert len(document["trials"]) == 2
    assert cache(two) == set()
