"""What the user typed wrong is a usage error that names the remedy, before any server starts."""

import pytest
from fitness import fit, unfit_line

USAGE_ERROR = 4


@pytest.fixture(autouse=True)
def would_start(project):
    """A project whose only test would start a cluster."""
    project.makeini("")
    project.makepyfile("def test_it(rds_cluster): raise RuntimeError('a server was started')")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--rds-profile=auorra"], "did you mean 'aurora'"),
        (["--rds-profile=gone.toml"], "the failover profile gone.toml cannot be read"),
        (["--rds-seed=x"], "--rds-seed: 'x' is not a whole number"),
        (["--rds-load=precice"], "did you mean 'precise'"),
        (["--rds-load=closed", "--rds-rate=5"], "has its own rate"),
        (["--rds-rate=0"], "above 0 writes"),
        (["--rds-json=."], "--rds-json: . is a directory; name a file in it"),
        (["--rds-markdown=tox.ini/x.md"], "--rds-markdown: tox.ini is no directory"),
        (["--rds-report=tox.ini"], "--rds-report: tox.ini is no directory"),
        (["--rds-journal=tox.ini/x"], "--rds-journal: tox.ini is no directory"),
        (["--rds-rate=nan"], "above 0 writes per second, up to 1,000,000, not nan"),
        (["--rds-rate=1e9"], "up to 1,000,000, not 1e+09"),
        (["--rds-rate=fast"], "--rds-rate: 'fast' is not a number"),
        (["--rds-warmup=2"], "--rds-warmup: '2' is not a duration; write 250ms, 2s"),
        (["--rds-instances=1"], "--rds-instances: a cluster has 2 to 16 instances"),
        (["--rds-port=40000"], "1024 to 32767"),
        (["--rds-writers=0"], "at least one writer"),
        (["--rds-server=/no/such/mysqld"], "no program /no/such/mysqld"),
        (["--rds-server=/bin/echo"], "no MySQL or MariaDB server"),
        (["--rds-server=http://u:p@h"], "mysql://user:password@host:port"),
        (["--rds-toxiproxy=/no/such/toxiproxy"], "no program /no/such/toxiproxy"),
        (["--rds-toxiproxy=http://10.0.0.1:8474"], "not on this machine"),
    ],
)
def test_a_wrong_value_is_refused_before_anything_starts(pytester, arguments, complaint):
    result = pytester.runpytest_inprocess(*arguments)

    assert result.ret == USAGE_ERROR
    assert complaint in result.stderr.str()
    assert "a server was started" not in result.stdout.str()


def test_a_wrong_value_names_the_ini_file_or_the_variable_that_it_comes_from(pytester, monkeypatch):
    pytester.makeini("[pytest]\nrds_warmup = soon")
    assert "rds_warmup (ini): 'soon'" in pytester.runpytest_subprocess().stderr.str()

    monkeypatch.setenv("RDS_WARMUP", "later")
    assert "RDS_WARMUP: 'later'" in pytester.runpytest_inprocess().stderr.str()


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("RDS_PROFILE", "zzz", "there is no"),
        ("RDS_BLUE_GREEN", "blue", "there is no"),
        ("RDS_INSTANCES", "1", "a cluster has"),
    ],
)
def test_what_can_be_read_and_not_be_meant_names_the_variable_too(
    pytester, monkeypatch, variable, value, said
):
    monkeypatch.setenv(variable, value)
    assert f"{variable}: {said}" in pytester.runpytest_inprocess().stderr.str()


def test_the_command_line_wins_over_the_environment_and_that_over_the_ini_file(
    pytester, monkeypatch
):
    pytester.makeini("[pytest]\nrds_rate = 1\nrds_writers = 1\nrds_seed = 1")
    monkeypatch.setenv("RDS_RATE", "2")
    monkeypatch.setenv("RDS_WRITERS", "2")
    pytester.makepyfile(
        """
        from pytest_rdsfailover.plugin.fixtures import run_of

        def test_it(pytestconfig):
            settings = run_of(pytestconfig).settings
            assert (settings.rate, settings.writers, settings.seed) == (3.0, 2, 1)
        """
    )

    pytester.runpytest_inprocess("--rds-rate=3").assert_outcomes(passed=1)


def test_the_help_shows_every_option_with_its_default(pytester):
    from pytest_rdsfailover.model.options import OPTIONS

    text = pytester.runpytest_subprocess("--help").stdout.str()

    assert [option.flag for option in OPTIONS if option.flag not in text] == []
    assert "rds_expect" in pytester.runpytest_inprocess("--markers").stdout.str()


def test_workers_sample_from_the_controller_s_seed(pytester):
    pytest.importorskip("xdist")
    pytester.makepyfile(
        """
        import pytest
        from pytest_rdsfailover.plugin.fixtures import run_of

        @pytest.mark.parametrize("n", range(4))
        def test_it(pytestconfig, n):
            print("seed", run_of(pytestconfig).settings.seed)
        """
    )
    result = pytester.runpytest_subprocess("-p", "xdist", "-n2", "-rP")
    seeds = {line for line in result.outlines if line.startswith("seed ")}

    result.assert_outcomes(passed=4)
    assert len(seeds) == 1


@pytest.mark.usefixtures("with_aws")
def test_an_unused_plugin_says_nothing_and_imports_no_client(pytester):
    pytester.makepyfile(
        """
        import sys

        import pytest_rdsfailover

        def test_it():
            assert "Trial" in dir(pytest_rdsfailover)  # which nobody has asked for yet
            heavy = {"pymysql", "requests", "toxiproxy", "boto3", "moto", "filelock", "asyncio"}
            assert heavy & set(sys.modules) == set()
            ours = {name.partition(".")[2] for name in sys.modules if "rdsfailover." in name}
            assert ours == {
                "plugin", *(f"plugin.{part}" for part in ("plugin", "fixtures", "hookspecs", "options")),
                "model", "model.options",  # a table
            }
        """
    )
    result = pytester.runpytest_subprocess()

    result.assert_outcomes(passed=1)
    assert "failover" not in "\n".join(line for line in result.outlines if "plugins:" not in line)


def test_a_fixture_that_is_asked_for_while_testing_is_measured_as_well(pytester):
    pytester.makepyfile(
        """
        def test_it(request):
            cluster = request.getfixturevalue("rds_cluster")
            trial = request.getfixturevalue("rds_trial")(cluster.writer_endpoint, warmup="300ms")
            assert trial.downtime < 2
        """
    )

    result = fit(pytester.runpytest_subprocess, unfit_line)

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*= database failover =*", "*test_it*writer*quick*yes*"])


def test_a_toxiproxy_that_does_not_answer_is_named_with_the_remedy(pytester):
    result = pytester.runpytest_subprocess("--rds-toxiproxy=http://127.0.0.1:1")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["*UsageError: no Toxiproxy answers at http://127.0.0.1:1: start a toxiproxy-server there*"]
    )


def test_a_run_without_a_cache_directory_is_refused_before_any_server_starts(
    project, monkeypatch, tmp_path
):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    project.makepyfile("def test_x(rds_cluster): raise RuntimeError('a server was started')")

    result = project.runpytest_inprocess()

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "set XDG_CACHE_HOME to a directory that can be written to" in result.stderr.str()
