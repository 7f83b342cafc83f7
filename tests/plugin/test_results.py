"""Results reach the terminal and the document, whatever runs the tests and however they end."""

import json
from importlib import resources

import jsonschema
import pytest
from finished import ORDER, SEED

TRIAL = """
import pytest

@pytest.mark.parametrize("n", range(2))
def test_trial(rds_trial, rds_cluster, n):
    trial = rds_trial(rds_cluster.writer_endpoint)
    assert trial.downtime < 5
    assert trial.lost == []
"""
SCHEMA = json.loads(
    resources.files("pytest_rdsfailover.report")
    .joinpath("result.schema.json")
    .read_text(encoding="utf-8")
)


def document(project):
    return json.loads((project.path / "out" / "result.json").read_text())


def test_the_document_is_the_same_whatever_runs_the_tests(finished):
    found = finished.document

    jsonschema.Draft202012Validator(SCHEMA).validate(found)
    assert list(found) == SCHEMA["required"]
    assert (found["schema"], found["mode"], found["seed"]) == (1, "local", SEED)
    promised = SCHEMA["$defs"]["trial"]["required"]
    assert all(list(trial)[: len(promised)] == promised for trial in found["trials"])
    assert finished.names == [name for name in ORDER if name in finished.names]
    assert finished.names[-2:] == ["test_single[0]", "test_single[1]"]
    assert all(trial["valid"] and trial["downtime_s"] > 0.1 for trial in found["trials"])
    assert finished.text.count("= database failover =") == 1
    assert f"seed: {SEED}" in finished.text


def test_what_a_killed_worker_had_measured_before_is_kept(project):
    project.makepyfile(
        """
        import os, signal

        def test_measured(rds_trial, rds_cluster):
            assert rds_trial(rds_cluster.writer_endpoint).lost == []

        def test_killed():
            os.kill(os.getpid(), signal.SIGKILL)
        """
    )

    result = project.runpytest_subprocess("--rds-json=out/result.json", "-n1")

    result.assert_outcomes(passed=1, failed=1)
    assert [trial["test"] for trial in document(project)["trials"]] == [
        "test_what_a_killed_worker_had_measured_before_is_kept.py::test_measured"
    ]


def test_a_single_trial_shows_its_table_and_its_timeline(project):
    project.makepyfile(TRIAL.replace("range(2)", "range(1)"))

    lines = project.runpytest_subprocess("--rds-toxiproxy=builtin").outlines

    text = "\n".join(lines)
    for word in ("server: ", "toxiproxy: built-in", "profile: quick, seed: ", "downtime", "lost",
                 "acknowledged", "writer_cut", "promoted", "dns_flip", "1836 read-only"):  # fmt: skip
        assert word in text
    assert text.index("server: ") < text.index(
        "test_a_single_trial_shows_its_table_and_its_timeline.py ."
    )  # before the first test
    assert max(map(len, lines[lines.index("") :])) < 120


@pytest.mark.parametrize(
    ("assertion", "words"),
    [
        ("assert trial.downtime < 0.05", ["FAIL: was", "failover timeline", "1836 read-only"]),
        ("assert trial.lost == ['x']", ["failover timeline", "writer_cut"]),
        ("trial.expect(downtime='< 60ms', lost=1)", ["FAIL: downtime", "FAIL: lost"]),
    ],
)
def test_a_failed_assertion_shows_what_happened(project, assertion, words):
    project.makepyfile(
        f"""
        def test_trial(rds_trial, rds_cluster):
            trial = rds_trial(rds_cluster.writer_endpoint)
            {assertion}
        """
    )

    result = project.runpytest_subprocess()

    result.assert_outcomes(failed=1)
    text = result.stdout.str()
    assert [word for word in words if word not in text] == []
    assert text.count("\nacknowledged  ") == 1, "the timeline is shown once"


def test_an_invalid_trial_never_passes(project):
    project.makepyfile(
        """
        def test_trial(rds_trial, rds_cluster, monkeypatch):
            def nothing(*_):
                class Nothing:
                    triggered, profile, moves_writer = __import__("time").monotonic(), "x", True
                    def milestones(self):
                        from pytest_rdsfailover.records import Milestone
                        return [Milestone(name="trigger", at=self.triggered)]
                    def settled(self): return True
                rds_cluster.failovers.append(Nothing())
                return rds_cluster.failovers[-1]
            monkeypatch.setattr(rds_cluster, "fail_over", nothing)
            rds_trial(rds_cluster.writer_endpoint)
        """
    )

    result = project.runpytest_subprocess("--rds-json=out/result.json")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*this trial proves nothing: the writer did not change*"])
    assert document(project)["trials"][0]["valid"] is False


def test_expectations_of_a_marker_are_checked_before_any_server_starts(project):
    project.makepyfile(
        """
        import pytest

        @pytest.mark.rds_expect(downtime="< 1ms")
        def test_trial(rds_trial, rds_cluster):
            raise RuntimeError("a server was started")
        """
    )

    result = project.runpytest_subprocess()

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "1 ms" in result.stderr.str() or "1.00 ms" in result.stderr.str()
    assert "rate" in result.stderr.str()


def test_expectations_of_a_marker_hold_for_every_trial(project):
    project.makepyfile(
        """
        import pytest

        @pytest.mark.rds_expect(downtime="< 60ms")
        def test_breaks(rds_trial, rds_cluster):
            rds_trial(rds_cluster.writer_endpoint)

        @pytest.mark.rds_expect(downtime="< 10s", lost=0)
        @pytest.mark.rds_profile("stuck-pool")
        @pytest.mark.rds_instances(3)
        def test_holds(rds_trial, rds_cluster):
            trial = rds_trial(rds_cluster.writer_endpoint)
            assert trial.profile == "stuck-pool"
            assert len(rds_cluster.instances) == 3
        """
    )

    project.runpytest_subprocess().assert_outcomes(passed=1, failed=1)


@pytest.mark.parametrize(
    ("marker", "complaint"),
    [
        ("rds_profile('auorra')", "did you mean 'aurora'"),
        ("rds_instances(1)", "2 to 16 instances"),
        ("rds_expect(downtme='< 2s')", "did you mean downtime"),
        ("rds_expect(downtime='< 2')", "2s"),
    ],
)
def test_a_wrong_marker_is_a_usage_error_that_names_its_test(project, marker, complaint):
    project.makepyfile(f"import pytest\n@pytest.mark.{marker}\ndef test_x(rds_cluster): pass")

    result = project.runpytest_subprocess()

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert complaint in result.stderr.str()
    assert "::test_x" in result.stderr.str()


def test_the_lower_level_fixtures_work_together(project):
    project.makepyfile(
        """
        import pymysql, pytest

        def test_load_and_failover(rds_load, rds_failover, rds_cluster):
            with rds_load(rds_cluster.writer_endpoint, writers=2, rate=100) as load:
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

        def test_mended_again(rds_cluster):
            rds_cluster.writer_endpoint.connect().ping()

        def test_wrong_argument(rds_trial, rds_cluster):
            rds_trial(rds_cluster.writer_endpoint, writer=3)
        """
    )

    result = project.runpytest_subprocess()

    result.assert_outcomes(passed=4, failed=1)
    result.stdout.fnmatch_lines(["*no option 'writer'; did you mean 'writers'?*"])
