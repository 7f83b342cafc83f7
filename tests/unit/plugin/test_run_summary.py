"""What a run says of the trials that it takes up, before it begins."""

import json
from types import SimpleNamespace

import pytest
from populations import document

from pytest_rdsfailover.journal import unfinished
from pytest_rdsfailover.model.errors import NotSavedError
from pytest_rdsfailover.model.settings import Settings
from pytest_rdsfailover.plugin.run_summary import RunSummary
from pytest_rdsfailover.report.baseline_comparison import Report
from pytest_rdsfailover.report.document import run_document
from pytest_rdsfailover.trial.key import ProjectCode, TrialKey
from pytest_rdsfailover.trial.resume import PopulationName, Store, begin_run

OF_ANOTHER = "interrupted trials are of seed 8, and none counts for seed 7"


@pytest.mark.parametrize(
    ("interrupted", "said"),
    [
        ([], "no interrupted trials to take up"),
        ([7], "taking up seed 7"),
        (
            [7, 8],
            "taking up seed 7",
        ),  # as `--rds-seed=7` wants it: a later one was interrupted, too
        ([8], OF_ANOTHER),
    ],
)
def test_a_run_says_whose_trials_it_takes_up(tmp_path, interrupted, said):
    for seed in interrupted:
        file = begin_run(tmp_path, seed)
        Store(file.path).begin(PopulationName("t", 1), TrialKey({}, ProjectCode(tmp_path)).plain())
        file.release()
    config = SimpleNamespace(cache=SimpleNamespace(mkdir=lambda _: tmp_path))
    run = SimpleNamespace(settings=Settings(seed=7, resume=True))

    assert RunSummary(config, run).pytest_report_header() == [f"rdsfailover: {said}"]


class Terminal:
    """Keeps what is written, and whether in red."""

    def __init__(self, verbosity=0):
        self.verbosity, self.lines = verbosity, []

    def write_line(self, line, *, red=False):
        self.lines.append((line, red))


def summary(tmp_path, *, compared=None, measured=(), **config):
    folder = SimpleNamespace(
        cache=SimpleNamespace(mkdir=lambda _: tmp_path),
        get_terminal_writer=lambda: SimpleNamespace(fullwidth=80), **config,
    )  # fmt: skip
    run = SimpleNamespace(
        settings=Settings(seed=7, compare="main"), measured=list(measured),
        document=lambda: {"trials": [entry["trial"] for entry in measured]},
        sections=lambda: [("of the project", ["kept"])],
    )  # fmt: skip
    made = RunSummary(folder, run)
    made._compared = compared
    return made


def shown(made, verbosity=0):
    terminal = Terminal(verbosity)
    made.pytest_terminal_summary(terminal)
    return terminal.lines


def test_what_is_worse_than_the_baseline_is_red(tmp_path):
    made = summary(tmp_path, compared=Report(["p95 is the same"], ["downtime has grown"]))

    assert ("FAILED: downtime has grown", True) in shown(made)
    assert ("p95 is the same", False) in shown(made)
    assert ("compared with the baseline main:", False) in shown(made)
    assert ("kept", False) in shown(made)


def test_claims_are_shown_under_the_names_of_their_tests(tmp_path):
    entry = {"trial": document(1.0), "claims": ["p95 <= 2s holds"]}

    assert (
        "test_article.py::test_it[cluster]: p95 <= 2s holds".rpartition("::")[2],
        False,
    ) in shown(summary(tmp_path, measured=[entry]))


@pytest.mark.parametrize(
    "made",
    [
        lambda path: shown(summary(path)),
        lambda path: shown(summary(path, compared=Report(["a"], []), workerinput={})),
        lambda path: shown(summary(path, compared=Report(["a"], [])), verbosity=-2),
    ],
    ids=["nothing was measured", "on a worker", "silent"],
)
def test_nothing_is_shown(tmp_path, made):
    assert made(tmp_path) == []


class Comparing(RunSummary):
    """Compares with nothing; says what it would say."""

    problems = ()

    def _compare(self, name):
        assert name == "main"
        return Report([], list(self.problems))


@pytest.mark.parametrize(
    ("problems", "status", "ends"),
    [
        ([], 0, 0), (["grown"], 0, 1), (["grown"], 5, 1), (["grown"], 1, 1), (["grown"], 2, 2),
        (["grown"], 3, 3), ([], 5, 5),
    ],
)  # fmt: skip
def test_a_run_that_is_worse_than_its_baseline_fails_if_it_has_passed_so_far(
    problems, status, ends
):
    config = SimpleNamespace(getoption=lambda *_: None)
    made = Comparing(config, SimpleNamespace(settings=Settings(compare="main")))
    made.problems = problems
    session = SimpleNamespace(exitstatus=status, config=config)
    made.pytest_sessionfinish(session)

    assert session.exitstatus == ends


@pytest.mark.parametrize(
    ("worker", "shows", "compare"),
    [({"workerinput": {}}, None, "main"), ({}, True, "main"), ({}, None, None)],
    ids=["a worker", "no test was run", "no baseline"],
)
def test_nothing_is_compared(worker, shows, compare):
    config = SimpleNamespace(getoption=lambda *_: shows, **worker)
    made = Comparing(config, SimpleNamespace(settings=Settings(compare=compare)))
    made.problems = ["grown"]
    session = SimpleNamespace(exitstatus=0, config=config)
    made.pytest_sessionfinish(session)

    assert (session.exitstatus, made._compared) == (0, None)


@pytest.mark.parametrize(
    ("settings", "measured", "count"),
    [
        ({}, [1], 0), ({"save": "main"}, [1], 1), ({"save": "main"}, [], 0),
        ({"markdown": "a.md"}, [], 1), ({"markdown": "a.md", "save": "main"}, [1], 2),
    ],
)  # fmt: skip
def test_the_files_of_a_run_are_those_that_it_was_asked_for(settings, measured, count):
    run = SimpleNamespace(settings=Settings(**settings), measured=measured)
    assert len(list(RunSummary(SimpleNamespace(), run).files())) == count


def saving(tmp_path, *, status=0, failed=False, count=2, **settings):
    """Return a run that has measured a few trials and is to save them."""
    load = {"rate": 100.0, "writers": 4}
    measured = [{"trial": document(1.0), "failed": failed, "environment": {"load": load}}] * count
    run = SimpleNamespace(
        settings=Settings(seed=7, save="main", **settings), measured=measured,
        document=lambda: run_document(
            [entry["trial"] for entry in measured], mode="local", seed=7, versions={}
        ),
    )  # fmt: skip
    made = RunSummary(SimpleNamespace(rootpath=tmp_path), run)
    made._session = SimpleNamespace(exitstatus=status)
    return next(made.files())


@pytest.mark.parametrize(
    ("unfit", "why"),
    [
        ({"status": 1}, "this run did not pass"),
        ({"failed": True}, "has passed only when it was run again"),
        ({"count": 1}, "it has 4 trials of"),
    ],
)
def test_a_run_that_is_no_baseline_replaces_none_unless_it_is_told_to(tmp_path, unfit, why):
    saving(tmp_path, count=4)()
    (saved,) = tmp_path.rglob("*.json")
    before = saved.read_text()
    with pytest.raises(NotSavedError, match=why):
        saving(tmp_path, **unfit)()
    assert saved.read_text() == before

    saving(tmp_path, save_anyway=True, **unfit)()
    assert len(json.loads(saved.read_text())["loads"]) == unfit.get("count", 2)


def test_a_run_without_trials_is_held_to_no_baseline_and_that_is_a_problem(tmp_path):
    made = summary(tmp_path, rootpath=tmp_path)
    assert made._compare("main").problems == [
        "nothing was measured that the baseline could be held to"
    ]


@pytest.mark.parametrize("chosen", [True, False])
def test_a_trial_that_was_cut_short_is_told_once_in_red_wherever_it_lies(
    tmp_path, monkeypatch, chosen
):
    left, told = {"cache": ["one"], "chosen": ["two"]}, []
    monkeypatch.setattr(unfinished, "untold", lambda where: left[where.name])
    monkeypatch.setattr(unfinished, "mark_told", told.append)
    monkeypatch.setattr(unfinished, "prune", lambda where: told.append(f"pruned {where.name}"))
    run = SimpleNamespace(
        settings=Settings(journal=str(tmp_path / "chosen") if chosen else None), measured=[]
    )
    cache = SimpleNamespace(mkdir=lambda _: tmp_path / "cache")
    paths = ["one", "two"] if chosen else ["one"]

    assert shown(RunSummary(SimpleNamespace(cache=cache), run)) == [
        (f"a trial was cut short: rdsfailover judge {path}", True) for path in paths
    ]
    assert told == ["pruned cache", *paths]
