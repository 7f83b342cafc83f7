"""Repeats of a trial; the runner is a stand-in that judges written journals, and no time passes."""

from contextlib import suppress
from types import SimpleNamespace

import pytest
from builders import acks, course, everything_acked, journal, refused

from pytest_rdsfailover.analysis.judging import summarise
from pytest_rdsfailover.journal.stored import Stored
from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.model.errors import SettingError, UndecidedError, UnreliableTrialsWarning
from pytest_rdsfailover.trial.key import ProjectCode, TrialKey
from pytest_rdsfailover.trial.repeats import Repetition, ResumedVerdictError
from pytest_rdsfailover.trial.resume import (
    KeptTrials,
    PopulationName,
    Store,
    begin_run,
    read,
    recall,
)
from pytest_rdsfailover.trial.trial import InvalidTrialError, Trial, report_asked
from pytest_rdsfailover.trial.trials import InvalidTrialsError

ENDPOINT = Endpoint(
    name="cluster", kind="writer", host="h", port=1, user="u", password="p", database="d"
)


def trial(downtime=2.0, *, lost=0, **changes):
    """Return a trial that was down for about so many seconds."""
    back = 10.31 + downtime
    failed = [refused(10.305 + n / 50) for n in range(int(downtime * 50))]
    made = journal([*acks(0.01, 10.3, 0.01), *failed, *acks(back, 20.0, 0.01)])
    stored = Stored(positions=everything_acked(made)[lost:])
    return Trial.of(summarise(made, course(**changes), stored))


class Clock:
    def __init__(self):
        self.slept = []

    def now(self):
        return 0.0

    def sleep(self, seconds):
        self.slept.append(seconds)


class TrialRunner:
    """Hands out trials in turn, and notes them as the real one does."""

    def __init__(self, trials, entries):
        self.trials, self.entries = list(trials), entries
        self.asked = set()
        self.settled = self.skipped = 0
        self.began = []

    def decisive(self, endpoint, options):
        return {"seed": 7, "endpoint": endpoint.name, **options}

    def settle(self):
        self.settled += 1

    def begin(self, *population):
        self.began.append(population)

    def skip(self, *_):
        self.skipped += 1
        self.trials.pop(0)

    def trial(self, _, **options):
        if not self.trials:
            raise KeyboardInterrupt
        found = self.trials.pop(0)
        self.entries.append({"trial": {"downtime_s": found.downtime.value}, "options": options})
        if not found.valid:
            raise InvalidTrialError(found)
        return found


class Bench:
    """A repetition with all that it touches."""

    def __init__(self, directory, trials, *, count=3, resume=False):
        self.entries, self.shown, self.clock = [], [], Clock()
        self.runner = TrialRunner(trials, self.entries)
        self.directory, self.resume = directory, resume
        self.file = begin_run(directory, 7)
        notebook = SimpleNamespace(
            asked=set(),
            entries=self.entries,
            recall=self.entries.append,
            keep=self.keep,
            progress=lambda planned, samples: self.shown.append((len(samples), planned)),
        )
        self.run = Repetition(self.runner, notebook, trials=count, spacing=0.5, clock=self.clock)

    def keep(self, place, decisive):
        population = PopulationName("t", place)
        key = TrialKey(decisive, ProjectCode(self.directory))
        found = recall(self.directory, population, key).trials if self.resume else {}
        return KeptTrials(Store(self.file.path), population, key, found)

    def kept(self):
        """Return the trials that its file holds, by population."""
        return {
            population.place: [trial["number"] for trial in kept.trials.values()]
            for population, kept in read(self.file.path).populations.items()
        }

    def interrupted(self, *arguments, **options):
        """Run until there are no trials any more, and end."""
        with pytest.raises(KeyboardInterrupt):
            self.run(*arguments, **options)
        self.file.release()


def test_trials_are_repeated_settled_and_spaced(tmp_path):
    bench = Bench(tmp_path, [trial(1), trial(2), trial(3)])
    found = bench.run(ENDPOINT, writers=4)

    assert len(found) == 3
    assert found.summary.median == pytest.approx(2, abs=0.1)
    assert [round(each.value) for each in found.downtimes] == [1, 2, 3]
    assert bench.runner.settled == 3
    assert bench.runner.began == [(ENDPOINT, {"writers": 4})]
    assert bench.clock.slept == [0.5, 0.5]
    assert bench.shown == [(1, 3), (2, 3), (3, 3)]
    assert bench.entries[0]["options"] == {"writers": 4}


def test_the_call_wins_over_the_marker_and_the_option(tmp_path):
    bench = Bench(tmp_path, [trial(1)] * 5)

    assert len(bench.run(ENDPOINT, trials=2, spacing="3s")) == 2
    assert bench.clock.slept == [3.0]


def test_a_repr_is_a_report(tmp_path):
    found = Bench(tmp_path, [trial(1), trial(2), trial(3)]).run(ENDPOINT)

    assert (
        repr(found) == "<Trials: 3 of 3, down 2.00 s in the middle, 3.00 s at most, 0 of 3 without>"
    )


def test_claims_that_claim_nothing_are_refused_before_the_first_trial(tmp_path):
    bench = Bench(tmp_path, [trial(1)])
    with pytest.raises(SettingError, match=r'claims=\{\} claim nothing; write claims=\{"downtime"'):
        bench.run(ENDPOINT, claims={})
    with pytest.raises(SettingError, match=r"write 0\.95 for 95 %"):
        bench.run(ENDPOINT, confidence=95)
    assert len(bench.runner.trials) == 1
    with pytest.raises(SettingError, match="claims nothing"):
        bench.run(ENDPOINT, trials=1).expect()


def test_few_trials_with_a_figure_are_told_and_prove_nothing(tmp_path):
    unfit = trial(0.05, strangers=9.0, cpus=1)
    bench = Bench(tmp_path, [trial(1), unfit, unfit])
    with pytest.warns(UnreliableTrialsWarning, match=r"only 1 of 3 trials have a figure \(33%\)"):
        found = bench.run(ENDPOINT)
    with pytest.raises(UndecidedError, match="only 1 of 3 trials"):
        assert max(found.downtimes) < 100


def test_a_trial_without_a_figure_is_not_left_out_of_a_plain_assertion(tmp_path):
    bench = Bench(tmp_path, [trial(0.05), trial(0.05), trial(3, pauses=((10.29, 12.9),))])
    found = bench.run(ENDPOINT)
    assert len(found.downtimes) == 3
    with pytest.raises(UndecidedError):
        assert all(downtime < 1 for downtime in found.downtimes)


@pytest.mark.parametrize("confidence", [0, 1, -1, 2])
def test_a_confidence_that_is_none_is_refused(tmp_path, confidence):
    found = Bench(tmp_path, [trial(1)] * 2).run(ENDPOINT, trials=2)
    with pytest.raises(SettingError, match=r"write 0\.95 for 95 %"):
        found.expect(confidence=confidence, downtime="median < 2s")


def test_claims_are_checked_at_the_end_and_kept_for_the_reports(tmp_path):
    bench = Bench(tmp_path, [trial(1), trial(2), trial(3)])
    with pytest.raises(AssertionError, match=r"FAIL: downtime < 2\.50 s in every trial"):
        bench.run(ENDPOINT, claims={"downtime": "< 2.5s", "lost": 0})

    assert "downtime < 2.50 s in every trial: fail" in bench.entries[-1]["claims"][0]
    assert "lost == 0 in every trial: pass, held in 3 of 3" in bench.entries[-1]["claims"][1]


def test_a_claim_that_so_few_trials_cannot_support_is_refused_before_the_first(tmp_path):
    bench = Bench(tmp_path, [trial(1)] * 3)
    with pytest.raises(SettingError, match="takes 59 trials"):
        bench.run(ENDPOINT, claims={"downtime": "p95 < 2s"})

    assert bench.runner.settled == 0


def test_a_certain_verdict_stops_the_repeats_only_if_asked_to(tmp_path):
    claims = {"downtime": "< 1500ms"}
    for early, run in ((True, 2), (False, 5)):
        bench = Bench(tmp_path, [trial(1), trial(3), trial(1), trial(1), trial(1)], count=5)
        with pytest.raises(AssertionError, match="not supported"):
            bench.run(ENDPOINT, claims=claims, stop_early=early)
        assert len(bench.entries) == run


def test_stopping_early_needs_something_to_be_certain_of(tmp_path):
    with pytest.raises(SettingError, match="stop_early needs claims"):
        Bench(tmp_path, []).run(ENDPOINT, stop_early=True)


@pytest.mark.parametrize("count", [0, -1, True, 1.5])
def test_a_number_of_trials_that_is_none_is_refused(tmp_path, count):
    with pytest.raises(SettingError, match="at least one trial"):
        Bench(tmp_path, []).run(ENDPOINT, trials=count)


def test_an_invalid_trial_fails_the_population_once_all_are_done(tmp_path):
    invalid = trial(1, writer_after="instance-1")
    bench = Bench(tmp_path, [trial(1), invalid, trial(1)])
    with pytest.raises(InvalidTrialsError, match=r"1 of 3 trials prove nothing: .*writer"):
        bench.run(ENDPOINT)

    assert len(bench.entries) == 3
    assert bench.kept() == {1: [1, 2, 3]}  # until the run has reported


def test_an_interruption_loses_the_running_trial_only(tmp_path):
    every = [trial(1), trial(2), trial(3), trial(4)]
    first = Bench(tmp_path, every[:2], count=4)
    first.interrupted(ENDPOINT)
    second = Bench(tmp_path, every, count=4, resume=True)
    found = second.run(ENDPOINT)

    assert [round(each.value) for each in found.downtimes] == [1, 2, 3, 4]
    assert second.runner.skipped == 2  # so that the seeds of the others stay the same
    assert second.entries[:2] == first.entries
    assert second.runner.settled == 2
    assert second.kept() == {1: [1, 2, 3, 4]}  # should this one be interrupted, too


def test_without_being_told_nothing_is_resumed(tmp_path):
    first = Bench(tmp_path, [trial(1)], count=2)
    first.interrupted(ENDPOINT)
    second = Bench(tmp_path, [trial(1), trial(1)], count=2)
    second.run(ENDPOINT)

    assert second.runner.skipped == 0


def test_trials_under_other_options_are_not_resumed(tmp_path):
    first = Bench(tmp_path, [trial(1)], count=2)
    first.interrupted(ENDPOINT, rate=100)
    second = Bench(tmp_path, [trial(1), trial(1)], count=2, resume=True)
    second.run(ENDPOINT, rate=200)

    assert second.runner.skipped == 0


def test_a_resumed_population_may_be_complete_already(tmp_path):
    first = Bench(tmp_path, [trial(1)] * 2, count=3)
    first.interrupted(ENDPOINT)
    second = Bench(tmp_path, [trial(1)] * 2, count=2, resume=True)

    assert len(second.run(ENDPOINT)) == 2
    assert second.runner.settled == 0


def test_a_finished_population_is_kept_while_the_next_one_runs(tmp_path):
    first = Bench(tmp_path, [trial(1), trial(2), trial(3)], count=2)
    assert len(first.run(ENDPOINT)) == 2
    first.interrupted(ENDPOINT)
    assert first.kept() == {1: [1, 2], 2: [1]}

    second = Bench(tmp_path, [trial(1), trial(2), trial(3), trial(4)], count=2, resume=True)
    assert len(second.run(ENDPOINT)) == len(second.run(ENDPOINT)) == 2
    assert second.runner.skipped == 3
    assert second.runner.settled == 1


def test_a_trial_that_failed_its_test_does_so_again_and_is_not_taken_until_it_passes(tmp_path):
    first = Bench(tmp_path, [trial(1), trial(2)])
    judged = first.runner.trial

    def judge(*arguments, **options):
        if judged(*arguments, **options).downtime > 1.5:
            raise AssertionError("too long")

    first.runner.trial = lambda *arguments, **options: judge(*arguments, **options) or trial(1)
    with pytest.raises(AssertionError, match="too long"):
        first.run(ENDPOINT)
    first.file.release()

    second = Bench(tmp_path, [trial(1), trial(1), trial(1)], resume=True)
    with pytest.raises(ResumedVerdictError, match="too long"):
        second.run(ENDPOINT)
    assert second.entries == first.entries
    assert second.runner.settled == 0


def test_an_assertion_before_a_trial_is_no_verdict_on_one(tmp_path):
    first = Bench(tmp_path, [trial(1)])

    def broken(*_, **__):
        raise AssertionError("setup")

    first.runner.trial = broken
    with pytest.raises(AssertionError, match="setup"):
        first.run(ENDPOINT)

    assert first.kept() == {1: []}


def test_what_is_missing_in_the_middle_is_taken(tmp_path):
    """As half a line leaves it, of a disk that was full for a while."""
    first = Bench(tmp_path, [trial(1), trial(2)])
    first.interrupted(ENDPOINT)
    lines = first.file.path.read_text().splitlines(keepends=True)
    (at,) = (place for place, line in enumerate(lines) if '"number": 1' in line)
    first.file.path.write_text("".join([*lines[:at], lines[at][:40], *lines[at + 1 :]]))

    second = Bench(tmp_path, [trial(1), trial(2), trial(3)], resume=True)
    assert [round(each.value) for each in second.run(ENDPOINT).downtimes] == [1, 2, 3]
    assert second.runner.settled == 2


@pytest.mark.parametrize(
    ("claims", "figures"),
    [
        ({}, []),
        ({"lost": 0, "downtime": "< 2s"}, ["downtime", "lost"]),
        ({"no_downtime": "> 1%", "lost": 0}, ["lost"]),
    ],
)
def test_trials_that_kept_another_figure_than_the_claimed_ones_are_not_resumed(
    tmp_path, claims, figures
):
    bench = Bench(tmp_path, [trial(1), trial(1)], count=2)
    with suppress(AssertionError):
        bench.run(ENDPOINT, claims=claims or None)
    (kept,) = read(bench.file.path).populations.values()

    assert (kept.key["figures"], kept.key["spacing"]) == (figures, 0.5)


def test_a_test_is_known_by_what_it_claims_or_expects(tmp_path):
    bench = Bench(tmp_path, [trial(1)] * 2, count=2)
    found = bench.run(ENDPOINT, claims={"lost": 0})
    found.expect(downtime="< 9s")
    assert found._asked == {"lost", "downtime"}

    names, one = set(), trial(1)
    report_asked(one, names)
    one.expect(lost=0, downtime="< 9s")
    assert names == {"lost", "downtime"}


def test_claims_need_names(tmp_path):
    with pytest.raises(SettingError, match="downtime="):
        Bench(tmp_path, [trial(1)] * 3).run(ENDPOINT).expect("downtime < 2s")
