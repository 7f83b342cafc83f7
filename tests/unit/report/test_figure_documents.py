"""Figures in documents and reports: both ends, and no doubt taken for certainty."""

import pytest
from builders import ack, acks, course, everything_acked, journal, refused
from populations import document

from pytest_rdsfailover.analysis.judging import summarise
from pytest_rdsfailover.journal.stored import Stored
from pytest_rdsfailover.report.document import trial_document
from pytest_rdsfailover.report.figure_documents import figure_of
from pytest_rdsfailover.report.junit import properties
from pytest_rdsfailover.report.markdown import markdown
from pytest_rdsfailover.report.scenarios import measured_downtimes, scenarios
from pytest_rdsfailover.report.tables import proofs
from pytest_rdsfailover.report.terminal import timeline
from pytest_rdsfailover.report.trial_table import table

FAILING = [*acks(0.01, 10.3, 0.01), *(refused(10.3 + n / 10) for n in range(1, 97))]


def judged(events):
    made = journal(events)
    return summarise(made, course(), Stored(positions=everything_acked(made)))


def of(trial):
    return trial_document(trial, test="tests/test_a.py::test_b", scenario="cluster")


def test_every_figure_that_can_be_expected_is_in_the_document_with_both_ends():
    trial = judged(FAILING)
    figures = of(trial)["figures"]

    assert figures.keys() == trial.figures.keys()
    assert figures["downtime"]["lower"] > 9.0
    assert figures["downtime"]["upper"] is None
    assert figures["lost"] == {"lower": 0, "upper": 0, "value": 0, "unit": ""}


def test_what_was_not_over_when_observation_ended_says_so_everywhere():
    trial = judged(FAILING)
    made = of(trial)

    assert made["outages"][-1]["open"] is True
    assert "9.71 s or more" in table([made])[-1].text
    assert "9.71 s or more from" in "\n".join(timeline(trial))
    run = {"trials": [made], "mode": "local", "seed": 1, "versions": {}, "schema": 1}
    assert "9.71 s or more" in markdown(run, [], [])
    assert "rds_downtime_high_s" not in dict(properties([made]))
    (line,) = [line for line in proofs(scenarios([made])) if "not over" in line]
    assert line.startswith("cluster: the downtime of 1 trial was not over when observation ended")


def test_an_outage_that_ended_is_not_open():
    made = of(judged([*acks(0.01, 10.3, 0.01), refused(10.35), *acks(12.41, 20.0, 0.01)]))

    assert "open" not in made["outages"][0]
    assert made["figures"]["downtime"]["upper"] < 3


def test_a_document_of_an_earlier_version_has_the_ends_of_its_resolution():
    (downtime,) = measured_downtimes([document(2.31)])

    assert (downtime.lower, downtime.upper) == (2.31 - 0.004, 2.31 + 0.004)
    none = figure_of(document(0.0), "downtime", 0.0, 0.02)
    assert (none.lower, none.upper, none.value) == (0.0, 0.02, 0.0)


def test_single_trials_give_every_figure_with_its_ends_to_charts():
    made = of(
        judged([*acks(0.01, 10.3, 0.01), refused(10.35), *acks(12.41, 20.0, 0.01), ack(20.0)])
    )
    found = dict(properties([made]))

    assert found["rds_downtime_low_s"] < found["rds_downtime_s"] < found["rds_downtime_high_s"] < 3
    assert found["rds_outages"] == 1
    assert "rds_lost_low" not in found


def test_what_users_felt_is_in_the_terminal_in_markdown_in_json_and_in_charts():
    failing = [refused(10.001 + n / 100) for n in range(250)]
    late = [*acks(12.501, 16.0, 0.01), refused(16.001), *acks(16.011, 20.0, 0.01)]
    trial = judged([*acks(0.001, 10.0, 0.01), *failing, *late])
    made = of(trial)
    shown = "\n".join(timeline(trial))
    run = {"trials": [made], "mode": "local", "seed": 1, "versions": {}, "schema": 1}
    charts = dict(properties([made]))

    assert "served: 87.45 % (1749 of 2000)" in shown
    assert "worst second 0 % (0 of 100 from 0.000 s)" in shown
    assert "as in the calm again after 2.48 s ±0.02" in shown
    assert "late errors: 1, 0.13 % (1 of 759) after the cluster had settled" in shown
    assert "| 87.45 % | 87.45 % | 0 % | 1 |" in markdown(run, [], [])
    assert made["figures"]["success"]["basis"] == "1749 of 2000"
    assert made["figures"]["served_within_500ms"]["unit"] == "%"
    assert charts["rds_success_share"] == pytest.approx(0.8745)
    assert {"rds_worst_second_share", "rds_late_errors", "rds_recovery_s"} < charts.keys()


def test_what_was_asked_for_changes_no_document():
    trial, other = judged(FAILING), judged(FAILING)
    trial.served_within("300ms")

    assert of(trial) == of(other)
