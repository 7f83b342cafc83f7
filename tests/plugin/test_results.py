"""Results reach the terminal and the document, whatever runs the tests and however they end."""

import json
import re
from importlib import resources

import jsonschema
import pytest
from finished import CONFTEST, ORDER, SEED, Project

SCHEMA = json.loads(
    resources.files("pytest_rdsfailover.report")
    .joinpath("result.schema.json")
    .read_text(encoding="utf-8")
)


@pytest.mark.long  # it runs the project, and all that look at these runs would wait for it
def test_the_document_is_the_same_whatever_runs_the_tests(finished):
    found = finished.document

    jsonschema.Draft202012Validator(SCHEMA).validate(found)
    assert list(found) == SCHEMA["required"]
    assert (found["schema"], found["mode"], found["seed"]) == (1, "local", SEED)
    promised = SCHEMA["$defs"]["trial"]["required"]
    assert all(list(trial)[: len(promised)] == promised for trial in found["trials"])
    assert finished.names == [name for name in ORDER if name in finished.names]
    assert finished.names[-2:] == ["test_single[0]", "test_single[1]"]
    # On a busy machine a calm may be so uneven that it explains the outage; the bounds keep it.
    told = [(one["valid"], one["downtime_s"], one["resolution_s"]) for one in found["trials"]]
    assert all(valid for valid, *_ in told)
    figures = [(figure, width) for _, figure, width in told if figure is not None]
    assert figures, told
    assert all(figure + 2 * width > 0.1 for figure, width in figures), told
    assert finished.text.count("= database failover =") == 1
    assert f"seed: {SEED}" in finished.text


def test_a_single_trial_shows_its_table_and_its_timeline(single):
    text = single.text

    for word in ("server: ", "toxiproxy: built-in", "profile: quick, seed: ", "downtime", "lost",
                 "acknowledged", "writer_cut", "promoted", "dns_flip", "1836 read-only"):  # fmt: skip
        assert word in text
    assert text.index("server: ") < text.index("test_it.py .")  # before the first test
    summary = text.partition("= database failover =")[2].splitlines()[1:-1]
    assert [line for line in summary if len(line) > 80] == []


VERDICTS = """
import time, pytest
from pytest_rdsfailover.trial.extensions import OwnFault

def test_compares(rds_trial, rds_cluster):
    assert rds_trial(rds_cluster.writer_endpoint).downtime < 0.05

def test_lists(rds_trial, rds_cluster):
    assert rds_trial(rds_cluster.writer_endpoint).lost == ["x"]

def test_expects(rds_trial, rds_cluster):
    rds_trial(rds_cluster.writer_endpoint).expect(downtime="< 60ms", lost=1)

@pytest.mark.rds_expect(downtime="< 60ms")
def test_marker_breaks(rds_trial, rds_cluster):
    rds_trial(rds_cluster.writer_endpoint)

@pytest.mark.rds_expect(downtime="< 10s", lost=0)
@pytest.mark.rds_profile("stuck-pool")
@pytest.mark.rds_instances(3)
def test_marker_holds(rds_trial, rds_cluster):
    assert rds_trial(rds_cluster.writer_endpoint).profile == "stuck-pool"
    assert len(rds_cluster.instances) == 3

def test_invalid(rds_trial, rds_cluster, monkeypatch):
    def nothing(*_):
        fault = OwnFault(triggered=time.monotonic(), profile="nothing", moves_writer=True)
        monkeypatch.setattr(type(rds_cluster), "failovers", [fault])
        return fault

    monkeypatch.setattr(rds_cluster, "fail_over", nothing)
    rds_trial(rds_cluster.writer_endpoint)
"""
FAILING = ["compares", "lists", "expects", "marker_breaks", "invalid"]


@pytest.fixture(scope="module")
def verdicts(request, tmp_path_factory):
    """Return a run in which tests fail for all sorts of reasons."""
    return Project.shared(request, tmp_path_factory, "verdicts", VERDICTS).once("out")


def section(finished, test):
    """Return what a run says of one failed test."""
    _, _, rest = finished.text.partition(f"_ test_{test} _")
    return re.split(r"\n_+ test_\w+ _+\n|\n=+ ", rest)[0]


def test_what_breaks_fails_and_what_holds_passes(verdicts):
    verdicts.result.assert_outcomes(passed=1, failed=len(FAILING))


@pytest.mark.parametrize(
    ("test", "words"),
    [
        ("compares", ["FAIL: was", "failover timeline", "1836 read-only"]),
        ("lists", ["failover timeline", "writer_cut"]),
        ("expects", ["FAIL: downtime", "FAIL: lost"]),
        ("marker_breaks", ["FAIL: downtime"]),
        ("invalid", ["this trial proves nothing: the writer did not change"]),
    ],
)
def test_a_failed_test_shows_what_happened(verdicts, test, words):
    text = section(verdicts, test)

    assert [word for word in words if word not in text] == []
    assert text.count("\nacknowledged  ") == 1, "the timeline is shown once"


def test_an_invalid_trial_never_passes(verdicts):
    trial = verdicts.document["trials"][-1]

    assert trial["test"].endswith("::test_invalid")
    assert trial["valid"] is False


def test_expectations_of_a_marker_are_checked_before_any_server_starts(project):
    project.makepyfile(
        """
        import pytest

        @pytest.mark.rds_expect(downtime="< 1ms")
        def test_trial(rds_trial, rds_cluster):
            raise RuntimeError("a server was started")
        """
    )

    result = project.runpytest_inprocess()

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "1 ms" in result.stderr.str() or "1.00 ms" in result.stderr.str()
    assert "rate" in result.stderr.str()


@pytest.mark.parametrize(
    ("marker", "complaint"),
    [
        ("rds_profile('auorra')", "did you mean 'aurora'"),
        ("rds_instances(1)", "2 to 16 instances"),
        ("rds_expect(downtme='< 2s')", "did you mean 'downtime'"),
        ("rds_expect(downtime='< 2')", "2s"),
        ("rds_expect()", "rds_expect() holds trials to nothing; write rds_expect(downtime"),
        ("rds_expect('downtime < 2s')", "rds_expect takes arguments by name only"),
        ("rds_instances('3')", "2 to 16 instances, not '3'"),
        ("rds_global(2)", "of 2 instances 1 to 1 can be in another region, not 2"),
        ("rds_global('1')", "can be in another region, not '1'"),
        ("rds_trials", "rds_trials takes one argument without a name: rds_trials(15)"),
        ("rds_profile(name='quick')", 'without a name: rds_profile("aurora")'),
        ("rds_aws_names()", "rds_aws_names takes one argument"),
        ("rds_aws_names('Frankfurt')", "'Frankfurt' is no AWS region"),
        ("rds_proxy(5)", "rds_proxy takes arguments by name only"),
        ("rds_proxy(max_conections_percent=5)", "no setting 'max_conections_percent'"),
        ("rds_proxy(require_tls='no')", "require_tls is True or False, not 'no'"),
    ],
)
def test_a_wrong_marker_is_a_usage_error_that_names_its_test(project, marker, complaint):
    project.makepyfile(f"import pytest\n@pytest.mark.{marker}\ndef test_x(rds_cluster): pass")

    result = project.runpytest_inprocess()

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert complaint in result.stderr.str()
    assert "::test_x" in result.stderr.str()


def test_a_wrong_marker_fails_its_test_on_a_worker_that_nobody_checked_it_for(project):
    project.makepyfile(
        """
        import pytest

        @pytest.mark.rds_expect("downtime < 2s")
        def test_x(rds_cluster):
            raise RuntimeError("a cluster was handed out")
        """
    )

    result = project.runpytest_subprocess("-p", "xdist", "-n1")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*UsageError: *::test_x: rds_expect takes arguments by name*"])


def test_the_lower_level_fixtures_work_together(project):
    project.makeconftest(CONFTEST)
    project.makepyfile(
        """
        import pymysql, pytest

        def test_load_and_failover(rds_load, rds_failover, rds_cluster):
            with rds_load(rds_cluster.writer_endpoint, writers=2, rate=100) as load:
                load.warm_up()  # a failover before any write proves nothing
                milestones = rds_failover()
            assert [m.name for m in milestones][0] == "trigger"
            load.trial.expect(lost=0, stuck_writers=0)

        def test_toxics(rds_toxiproxy, rds_cluster):
            endpoint = rds_cluster.writer_endpoint
            with rds_toxiproxy.down(endpoint), pytest.raises(pymysql.err.OperationalError):
                endpoint.connect()
            with rds_toxiproxy.toxic(endpoint, "timeout", timeout=0):
                with pytest.raises(pymysql.err.OperationalError):
                    endpoint.connect(read_timeout=0.2)
            endpoint.connect().ping()

        def test_unmended(rds_toxiproxy, rds_cluster):
            proxy = rds_toxiproxy.client.proxy(rds_toxiproxy.proxy(rds_cluster.writer_endpoint))
            proxy.add_toxic(type="timeout", attributes={"timeout": 0})
            rds_cluster.reader_lag("5s")

        def test_mended_again(rds_cluster):
            rds_cluster.writer_endpoint.connect().ping()
            with rds_cluster.reader_endpoint.connect() as connection, connection.cursor() as cursor:
                cursor.execute("SELECT MAX(replica_lag_in_milliseconds) FROM information_schema.replica_host_status")
                assert cursor.fetchone() == (18,)

        def test_wrong_argument(rds_trial, rds_cluster):
            rds_trial(rds_cluster.writer_endpoint, writer=3)
        """
    )

    result = project.runpytest_subprocess()

    result.assert_outcomes(passed=4, failed=1)
    result.stdout.fnmatch_lines(["*no option 'writer'; did you mean 'writers'?*"])
