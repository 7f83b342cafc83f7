"""What the database did to a client that retries is told apart from what its users felt."""

import json
from dataclasses import replace

import pytest
from builders import course, journal

from pytest_rdsfailover.analysis.judging import judge
from pytest_rdsfailover.analysis.population import Sample
from pytest_rdsfailover.analysis.verdicts import expectations, support
from pytest_rdsfailover.analysis.verdicts.bounds import parse_expectations
from pytest_rdsfailover.analysis.verdicts.expectations import FAIL, INCONCLUSIVE, PASS
from pytest_rdsfailover.journal import archive
from pytest_rdsfailover.journal.evidence import Evidence
from pytest_rdsfailover.journal.stored import Stored
from pytest_rdsfailover.model.records import Fault, Outcome
from pytest_rdsfailover.report import document, terminal

SECOND = 10**9
RESET = Fault(2003, "refused")


def retrying(back, writers=2, fault=RESET):
    """Two writers every 10 ms whose operations last until the database, away from 10.3 s, is back."""
    made = journal([], writers=writers)
    for writer in made.writers[:2]:
        at = 0.005 * writer.writer
        while at < 20.0:
            sequence, started, now = len(writer), at, at
            while 10.3 <= now < back:
                times = [round(t * SECOND) for t in (now, now, now + 0.001)]
                writer.attempts.record(tuple(times), Outcome.REFUSED, fault, None, sequence)
                now += 0.05
            times = [round(t * SECOND) for t in (now, now, now + 0.001)]
            writer.attempts.record(tuple(times), Outcome.ACKED, None, None, sequence)
            whole = [round(t * SECOND) for t in (started, started, now + 0.001)]
            writer.record(tuple(whole), Outcome.ACKED)
            at = max(now, at) + 0.01
    return made


def test_without_reported_attempts_nothing_is_said_of_them():
    made = journal([])
    made.writers[0].record((1, 2, 3), Outcome.ACKED)

    assert judge(Evidence(journal=made, course=course(), stored=None)).attempts is None


@pytest.mark.parametrize("writers", [2, 3])
def test_a_second_try_is_a_retry_whoever_is_idle_beside_it(writers):
    made = retrying(back=10.33, writers=writers)
    trial = judge(Evidence(journal=made, course=course(), stored=None))

    assert (trial.attempts.retried, trial.attempts.refused) == (2, 2)


@pytest.mark.parametrize(("fault", "proven"), [(RESET, 1.65), (Fault(1054, "server"), 0.0)])
def test_of_tries_only_those_that_show_the_database_away_prove_a_downtime_of_it(fault, proven):
    trial = judge(Evidence(journal=retrying(back=12.0, fault=fault), course=course(), stored=None))

    assert trial.attempts.downtime.lower == pytest.approx(proven, abs=0.02)


def test_retries_hide_errors_from_operations_but_not_from_attempts(tmp_path):
    made = retrying(back=12.0)
    stored = Stored(positions=[(each.writer, each.sequence) for each in made])
    evidence = Evidence(journal=made, course=course(), stored=stored)
    trial = judge(evidence)

    assert (trial.refused, trial.unknown, trial.errors) == (0, 0, [])
    assert trial.attempts.retried == 2
    assert trial.attempts.refused == 2 * 34
    assert trial.attempts.count == trial.attempts.acked + trial.attempts.refused
    assert trial.attempts.acked == trial.attempted == trial.acked
    # The database's downtime is known from errors; without them only stalled operations tell.
    assert trial.attempts.downtime.lower == pytest.approx(1.65, abs=0.02)
    assert trial.attempts.downtime == pytest.approx(1.7, abs=0.06)
    (errors,) = trial.attempts.errors
    assert (errors.code, errors.count) == (2003, 68)
    assert errors.first == pytest.approx(0.3, abs=0.02)

    plain = document.trial_document(trial, test="t", scenario="s")["attempts"]
    assert (plain["retried"], plain["errors"][0]["count"]) == (2, 68)
    assert "2 retried\n  down 1." in "\n".join(terminal.timeline(trial))

    label = archive.Label(test="t", scenario="s", seed=1, rerun="", versions={})
    again, _ = archive.read(archive.write(tmp_path, evidence, label))
    assert judge(again) == trial


@pytest.mark.parametrize("back", [10.4, 11.0, 13.0])
def test_operations_that_are_served_by_tries_alone_were_not_served_while_no_try_was(back):
    trial = judged(back)

    assert trial.attempts.downtime.lower == pytest.approx(back - 10.35, abs=0.01)
    assert trial.downtime.lower >= trial.attempts.downtime.lower
    assert trial.figures["outages"].lower == 1
    assert trial.figures["incident_sum"].lower >= trial.attempts.downtime.lower


def test_operations_that_may_be_served_without_a_try_prove_only_what_they_show_themselves():
    made = retrying(back=12.0)
    made.writers[0].record(times(20.02), Outcome.ACKED)  # reports no try
    trial = judge(Evidence(journal=made, course=course(stop=20.1), stored=None))

    assert trial.attempts.downtime.lower == pytest.approx(1.65, abs=0.02)
    assert trial.downtime.lower < 1


def test_an_operation_that_ends_long_after_its_last_try_shortens_what_its_tries_prove():
    made = retrying(back=12.0, writers=3)
    late = made.writers[2]
    late.attempts.record(times(10.0), Outcome.ACKED, None, None, 0)
    late.record((*times(10.0)[:2], round(11.0 * SECOND)), Outcome.ACKED)
    trial = judge(Evidence(journal=made, course=course(), stored=None))

    assert trial.attempts.downtime.lower == pytest.approx(1.65, abs=0.02)
    assert trial.downtime.lower == pytest.approx(0.95, abs=0.02)


def times(at):
    return tuple(round(t * SECOND) for t in (at, at, at + 0.001))


def test_an_application_that_gives_up_is_down_longer_than_its_database():
    made = retrying(back=11.0)
    for writer in made.writers:  # its operations fail for another second, say in its own pool
        for n in range(100):
            at = round((20.1 + n / 100) * SECOND)
            writer.record((at, at, at + 10**6), Outcome.REFUSED, Fault(0, "reset"))
        at = round(21.2 * SECOND)
        writer.record((at, at, at + 10**6), Outcome.ACKED)
        for n in range(120):
            at = round((20.1 + n / 100) * SECOND)
            writer.attempts.record((at, at, at + 10**6), Outcome.ACKED, None, None, 0)
    trial = judge(Evidence(journal=made, course=course(stop=21.3), stored=None))

    assert trial.downtime > 0.9
    assert trial.attempts.downtime < 0.8


def judged(back=12.0, **changes):
    made = retrying(back)
    stored = Stored(positions=[(each.writer, each.sequence) for each in made])
    return judge(Evidence(journal=made, course=course(**changes), stored=stored))


def state(trial, **bounds):
    (verdict,) = expectations.verdicts(trial, parse_expectations(**bounds))
    return verdict.state


def test_the_attempts_downtime_is_bounded_by_its_ends():
    trial = judged()
    down = trial.attempts.downtime
    middle = f"{down.value * 1000:.0f}ms"

    expectations.expect(trial, attempts_downtime="< 2s")
    assert down.lower < down.value < down.upper
    assert state(trial, attempts_downtime=f"< {middle}") == INCONCLUSIVE
    assert state(trial, attempts_downtime=f"> {middle}") == INCONCLUSIVE
    assert state(trial, attempts_downtime="> 1s") == PASS


def test_a_database_that_was_away_for_longer_breaks_the_bound_that_the_other_keeps():
    with pytest.raises(AssertionError, match=r"FAIL: attempts_downtime < 2\.00 s: was 2\.[67]"):
        expectations.expect(judged(back=13.0), attempts_downtime="< 2s")


def test_without_attempts_a_bound_on_their_downtime_is_undecided():
    made = journal([])
    made.writers[0].record((1, 2, 3), Outcome.ACKED)
    trial = judge(Evidence(journal=made, course=course(), stored=None))
    (verdict,) = expectations.verdicts(trial, parse_expectations(attempts_downtime="< 2s"))

    assert (verdict.state, *verdict.evidence) == (
        INCONCLUSIVE,
        "the workload reported no attempts",
    )


def test_an_unfit_clock_leaves_a_broken_bound_on_the_attempts_undecided():
    fit = judged(back=13.0)
    doubted = fit.figures["attempts_downtime"].doubted("it stood still")
    trial = replace(
        fit,
        clock=replace(fit.clock, problem="it stood still"),
        figures={**fit.figures, "attempts_downtime": doubted},
    )

    assert state(fit, attempts_downtime="< 10ms") == FAIL
    assert state(trial, attempts_downtime="< 10ms") == INCONCLUSIVE
    assert expectations.sample_of(trial).figures["attempts_downtime"] is None
    assert "  down 2.65 s to 2.71 s, no figure by the attempts" in terminal.timeline(trial)


def test_a_population_s_claims_on_the_attempts_downtime_go_by_the_ends_of_each_trial():
    kept, broken = expectations.sample_of(judged()), expectations.sample_of(judged(back=13.0))
    again = Sample.of_plain(json.loads(json.dumps(broken.plain())))

    support.expect([kept] * 3, attempts_downtime="< 2s")
    with pytest.raises(AssertionError, match=r"FAIL: attempts_downtime < 2\.00 s in every trial"):
        support.expect([kept, again], attempts_downtime="< 2s")
    middle = f"< {kept.figures['attempts_downtime'].value * 1000:.0f}ms"
    with pytest.raises(AssertionError, match="INCONCLUSIVE: attempts_downtime"):
        support.expect([kept] * 3, attempts_downtime=middle)
