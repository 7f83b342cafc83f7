import json

import pytest
from builders import acks, course, everything_acked, journal, refused

from pytest_rdsfailover.analysis.judging import summarise
from pytest_rdsfailover.journal.complaints import Complaint
from pytest_rdsfailover.journal.stored import Stored
from pytest_rdsfailover.report.document import run_document, trial_document

EVENTS = [
    *acks(0.01, 10.3, 0.01),
    *(refused(10.305 + n / 50) for n in range(100)),
    *acks(12.41, 20.0, 0.01),
]
NAMES = [
    "test",
    "scenario",
    "endpoint",
    "profile",
    "valid",
    "writer_before",
    "writer_after",
    "downtime_s",
    "resolution_s",
    "outages",
    "attempted",
    "acked",
    "refused",
    "unknown",
    "not_issued",
    "lost",
    "duplicated",
    "recovered",
    "unexpected",
    "stale_writes",
    "stuck_writers",
    "errors",
    "latency_s",
    "milestones",
    "stuck_sessions",
    "incidents",
    "writer_outage_s",
    "availability_area_s",
    "figures",
]


def document(events=EVENTS, *, stored=True):
    made = journal(events)
    read = Stored(positions=everything_acked(made)) if stored else None
    return trial_document(
        summarise(made, course(), read), test="tests/test_a.py::test_b", scenario="cluster"
    )


def test_a_trial_has_the_promised_names_in_order():
    assert list(document()) == NAMES


def test_its_parts_have_the_promised_names_and_types():
    trial = document()

    assert trial["outages"] == [{"start_s": 0.29, "stop_s": 2.41, "seconds": 2.12}]
    assert trial["errors"] == [
        {"code": 2003, "kind": "refused", "count": 100, "first_s": 0.305, "last_s": 2.285}
    ]
    assert list(trial["latency_s"]) == ["before", "during", "after"]
    assert list(trial["latency_s"]["during"]) == ["p50", "p99", "max"]
    assert trial["milestones"][:2] == [
        {"name": "trigger", "at_s": 0.0},
        {"name": "writer_cut", "at_s": 0.3},
    ]
    assert type(trial["downtime_s"]) is float
    assert type(trial["resolution_s"]) is float
    assert [type(trial[name]) for name in ("acked", "stale_writes", "stuck_writers")] == [int] * 3
    assert trial["lost"] == []


def test_errors_that_were_not_over_are_open():
    failing = [*acks(0.01, 19.0, 0.01), *(refused(19 + n / 10) for n in range(10))]
    assert [error.get("open") for error in document(failing)["errors"]] == [True]
    assert [error.get("open") for error in document()["errors"]] == [None]


def test_writes_that_were_never_read_back_are_null_and_not_an_empty_list():
    assert document(stored=False)["lost"] is None


def test_the_run_has_the_promised_names_in_order_and_is_json():
    run = run_document([document()], mode="local", seed=7, versions={"pytest": "9"})

    assert list(run) == ["schema", "mode", "seed", "versions", "trials", "scenarios", "comparisons"]
    assert (run["schema"], run["mode"], run["comparisons"]) == (1, "local", [])
    assert json.loads(json.dumps(run)) == run


def scenario(*downtimes, invalid=0):
    older = {name: value for name, value in document().items() if name != "figures"}
    trials = [older | {"downtime_s": each} for each in downtimes]
    trials += [document() | {"valid": False}] * invalid
    return run_document(trials, mode="local", seed=7, versions={})["scenarios"]


def test_a_scenario_sums_its_valid_trials_up():
    (found,) = scenario(*[0.0] * 10, *[1.0] * 5, invalid=3)

    assert (found["name"], found["trials"]) == ("cluster", 15)
    assert (found["invalid"], found["unreliable"]) == (3, 0)
    assert found["downtime_s"] == {"median": 0.0, "low": 0.0, "high": 1.0, "p95": 1.0, "max": 1.0}
    zero = found["zero_downtime"]
    assert (zero["count"], zero["share"]) == (10, pytest.approx(0.6667))
    assert (zero["low"], zero["high"]) == (
        pytest.approx(0.417, abs=0.001),
        pytest.approx(0.848, abs=0.001),
    )


def test_few_trials_have_no_interval_and_none_have_no_figures():
    (few,) = scenario(1.0, 2.0)
    (none,) = scenario(invalid=1)

    assert few["downtime_s"] == {"median": 1.5, "low": None, "high": None, "p95": 2.0, "max": 2.0}
    assert none["downtime_s"]["median"] is None
    assert none["zero_downtime"] == {"count": 0, "share": None, "low": 0.0, "high": 1.0}


def test_a_run_without_trials_is_a_document_too():
    assert run_document([], mode="live", seed=1, versions={})["scenarios"] == []


@pytest.mark.parametrize("remedy", ["", "look"])
def test_a_complaint_has_a_remedy_where_one_is_known(remedy):
    made = journal(EVENTS)
    complaint = Complaint(error="E", text="t", count=2, first=11.5, trace="", remedy=remedy)
    found = trial_document(
        summarise(made, course(complaints=[complaint]), None), test="t", scenario="s"
    )

    (told,) = found["complaints"]
    assert told.get("remedy", "") == remedy
    assert ("remedy" in told) is bool(remedy)
    assert (told["count"], told["first_s"]) == (2, 1.5)
