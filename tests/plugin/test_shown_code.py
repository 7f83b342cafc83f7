"""What a failed test shows of code: the user's lines, and none of ours."""

import pytest

OWN = "pytest_rdsfailover/"
TESTS = """
import pytest

@pytest.fixture
def broken(rds_cluster, rds_load):
    with rds_load(rds_cluster.writer_endpoint, ratte=3):
        yield

def test_option(rds_trial, rds_cluster):
    rds_trial(rds_cluster.writer_endpoint, ratte=3)

def test_option_without_a_near_one(rds_trial, rds_cluster):
    rds_trial(rds_cluster.writer_endpoint, xyz=3)

def test_elsewhere(rds_trial, rds_cluster):
    rds_trial(rds_cluster.writer_endpoint, workload=lambda key: None, stored=list)

def test_fixture(broken):
    pass

def test_figure(rds_trial, rds_cluster):
    rds_trial(rds_cluster.writer_endpoint, profile="quick").expect(stuck=0)
"""


@pytest.fixture
def shown(project):
    """Run the tests and return what stands above the run's summary."""

    def shown(*options):
        project.makepyfile(test_it=TESTS)
        found = project.runpytest_subprocess(*options)
        found.assert_outcomes(failed=4, errors=1)
        return found.stdout.str().partition("= database failover =")[0]

    return shown


@pytest.mark.one_server
def test_an_error_of_ours_shows_the_user_s_line_and_what_helps(shown):
    text = shown()

    sources = [line for line in text.splitlines() if OWN in line and ": in " in line]
    assert sources == []
    assert "During handling of the above" not in text
    assert "contextlib.py" not in text
    for line in (
        ">       rds_trial(rds_cluster.writer_endpoint, ratte=3)",
        ">       with rds_load(rds_cluster.writer_endpoint, ratte=3):",
        ">       rds_trial(rds_cluster.writer_endpoint, workload=lambda key: None, stored=list)",
    ):
        assert line in text
    for said in ("did you mean 'rate'?", "known: bound, ", "did you mean 'stuck_writers'?"):
        assert said in text


@pytest.mark.one_server
def test_who_asks_for_all_frames_gets_them(shown):
    assert f"{OWN}trial/planning.py" in shown("--full-trace")


@pytest.mark.one_server
def test_pytest_shows_what_an_unknown_fixture_or_name_of_ours_may_mean(project):
    project.makepyfile("""
        from pytest_rdsfailover import Bounds

        def test_fixture(rds_trail): pass

        def test_theirs(trial): pass

        def test_attribute(): Bounds().conect
        """)
    shown = project.runpytest_inprocess().stdout

    shown.fnmatch_lines(["E*fixture 'rds_trail' not found; did you mean 'rds_trial'?"])
    shown.fnmatch_lines(["E*fixture 'trial' not found", "*available fixtures: *"])
    shown.fnmatch_lines(["E*no attribute 'conect'", "E*did you mean 'connect'?"])
