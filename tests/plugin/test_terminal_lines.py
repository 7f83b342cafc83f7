"""The terminal's summary of trials that were noted, as `-q`, `-v` and `--color` want it."""

import pytest
from noted import CONFTEST

WIDTH = 80
ONE = """
def test_one(rds_note):
    rds_note(2.31)
"""
MANY = """
import pytest

@pytest.mark.parametrize("endpoint", ["cluster", "proxy-with-a-name-that-no-column-has-room-for"])
def test_many(rds_note, endpoint):
    for n in range(15):
        rds_note((10.0 if endpoint == "cluster" else 0.0) + n / 7)
"""
FAILS = """
def test_fails(rds_note):
    rds_note(12.0)
    assert False

def test_holds(rds_note):
    rds_note(1.0)

def test_proves_nothing(rds_note):
    rds_note(0.0, clock={"reliable": False, "problem": "the load generator stood still"})
"""
RED, YELLOW = "\x1b[31m", "\x1b[33m"


@pytest.fixture
def show(project, monkeypatch):
    """Run a project and return the lines that its summary has."""

    def show(source, *options):
        monkeypatch.setenv("COLUMNS", str(WIDTH))
        project.makeconftest(CONFTEST)
        project.makepyfile(test_it=source)
        lines = project.runpytest_inprocess(*options).outlines
        begins = [at for at, line in enumerate(lines) if "= database failover =" in line]
        return lines[begins[0] :] if begins else []

    return show


def row(lines, test):
    (found,) = [line for line in lines if test in line and "writer" in line]
    return found


def test_every_line_fits_80_columns(show):
    lines = show(MANY)

    assert [line for line in lines if len(line) > WIDTH] == []
    assert any("against" in line for line in lines)
    assert any("0 of 15 (0-20 %)" in line for line in lines)


def test_a_single_trial_has_its_timeline_and_several_only_if_asked(show):
    assert "a timeline" in show(ONE)
    assert "a timeline" not in show(MANY)
    assert show(MANY, "-v").count("a timeline") == 30


def test_a_quiet_run_has_the_figures_and_no_timeline(show):
    lines = show(ONE, "-q")

    assert "2.31 s" in row(lines, "test_one")
    assert "a timeline" not in lines
    assert any("seed: " in line for line in lines)


def test_a_silent_run_says_nothing(show):
    assert show(ONE, "-qq") == []


def test_what_failed_is_red_and_what_proves_nothing_yellow_if_there_is_colour(show):
    lines = show(FAILS, "--color=yes", "--rds-seed=7")

    assert RED in row(lines, "test_fails")
    assert YELLOW in row(lines, "test_proves_nothing")
    assert "unreliable" in row(lines, "test_proves_nothing")
    assert "\x1b[3" not in row(lines, "test_holds")
    assert not any("\x1b" in line for line in show(FAILS, "--color=no"))


def test_a_failed_test_shows_its_timeline_with_the_failure(project):
    project.makeconftest(CONFTEST)
    project.makepyfile(FAILS)

    text = project.runpytest_inprocess().stdout.str()

    before, _, _ = text.partition("= database failover =")
    assert "failover timeline" in before
    assert "a timeline" in before
