"""What a run says of the trials that it takes up, before it begins."""

from types import SimpleNamespace

import pytest
from populations import document

from pytest_rdsfailover.model.settings import Settings
from pytest_rdsfailover.plugin.run_summary import RunSummary
from pytest_rdsfailover.report.baseline_comparison import Report
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
