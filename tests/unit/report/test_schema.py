"""The published schema accepts what is written, and refuses what would mislead a reader."""

import copy
import json
from importlib import resources
from pathlib import Path

import jsonschema
import pytest
from analysis.simulation import play, some_world
from builders import course, everything_acked

from pytest_rdsfailover.analysis.judging import judge
from pytest_rdsfailover.journal.evidence import Evidence
from pytest_rdsfailover.journal.reads import seen
from pytest_rdsfailover.journal.stored import Stored
from pytest_rdsfailover.model.records import Fault, Outcome
from pytest_rdsfailover.report import document

PACKAGE = resources.files("pytest_rdsfailover.report")
SCHEMA = json.loads(PACKAGE.joinpath("result.schema.json").read_text(encoding="utf-8"))
DOCS = Path(__file__).parents[3] / "docs"


def run_of(*trials):
    return document.run_document(trials, mode="local", seed=7, versions={"pytest": "9"})


def trial(seed=1, how="refuse", *, read=True, **changes):
    made = play(some_world(seed, how), seed)
    usual = {"trigger": 1.5, "settled": 3.0, "stop": 7.5}
    stored = Stored(positions=everything_acked(made)[2:], foreign=["x"]) if read else None
    evidence = Evidence(journal=made, course=course(**usual | changes), stored=stored)
    return document.trial_document(judge(evidence), test="test_a.py::test_b", scenario="cluster")


def validate(result):
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(json.dumps(result)))


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_the_documented_schema_is_the_shipped_one():
    assert json.loads((DOCS / "result.schema.json").read_text()) == SCHEMA


@pytest.mark.parametrize("how", ["refuse", "stall", "hang"])
@pytest.mark.parametrize("count", [1, 7])
def test_a_run_is_as_the_schema_says(how, count):
    validate(run_of(*(trial(seed, how) for seed in range(count))))


def test_so_are_a_run_without_trials_one_not_audited_and_one_without_a_failover():
    validate(run_of())
    validate(run_of(trial(read=False)))
    validate(run_of(trial(trigger=None, settled=None, moves_writer=None, milestones=())))
    validate(run_of(trial(writer_before=None, writer_after=None, moves_writer=None)))


def test_a_downtime_that_the_clock_was_unfit_to_measure_is_no_number():
    unfit = trial(pauses=[(1.4, 7.4)])
    assert unfit["downtime_s"] is None
    run = run_of(unfit, trial())
    assert run["scenarios"][0]["unreliable"] == 1
    validate(run)


def with_everything():
    """Return the document of a trial that has attempts, reads and a torn write."""
    made = play(some_world(1, "refuse"), 1)
    for writer in made.writers:
        for n in range(3):
            times = (n * 10**9, n * 10**9, n * 10**9 + 10)
            fault = Fault(2013, "reset") if n == 1 else None
            outcome = Outcome.UNKNOWN if n == 1 else Outcome.ACKED
            writer.attempts.record(times, outcome, fault, None, n)
            writer.reads.record(times, outcome, fault, None, seen(n, own=n == 0))
    stored = Stored(positions=everything_acked(made), torn=[(0, 1)])
    what = course(trigger=1.5, settled=3.0, stop=7.5)
    summary = judge(Evidence(journal=made, course=what, stored=stored))
    return document.trial_document(summary, test="t", scenario="s")


def test_what_only_some_workloads_have_is_described_and_nothing_else_is_let_in():
    found = with_everything()
    assert {"torn", "attempts", "reads"} <= found.keys()
    validate(run_of(found))

    for part in ("attempts", "reads"):
        spoilt = copy.deepcopy(found)
        spoilt[part]["more"] = 1
        with pytest.raises(jsonschema.ValidationError):
            validate(run_of(spoilt))


def test_every_field_of_a_document_is_described():
    """A field that is added and not described would be found here."""
    result = run_of(trial())
    parts = {"trial": result["trials"][0], "scenario": result["scenarios"][0]}

    assert set(result) == set(SCHEMA["properties"])
    for name, part in parts.items():
        assert set(part) <= set(SCHEMA["$defs"][name]["properties"]), name


@pytest.mark.parametrize(
    "spoil",
    [
        lambda result: result.update(schema=2),
        lambda result: result.update(mode="imagined"),
        lambda result: result["trials"][0].pop("valid"),
        lambda result: result["trials"][0].update(downtime_s=-1.0),
        lambda result: result["trials"][0].update(downtime_s="2 s"),
        lambda result: result["trials"][0].update(lost=3),
        lambda result: result["trials"][0].update(stuck_writers=1.5),
        lambda result: result["scenarios"][0]["zero_downtime"].update(share=1.2),
        lambda result: result["trials"][0]["errors"][0].pop("code"),
    ],
)
def test_a_spoilt_document_is_refused(spoil):
    result = copy.deepcopy(run_of(trial()))
    spoil(result)

    with pytest.raises(jsonschema.ValidationError):
        validate(result)
