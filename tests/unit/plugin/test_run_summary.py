"""What a run says of the trials that it takes up, before it begins."""

from types import SimpleNamespace

import pytest

from pytest_rdsfailover.model.settings import Settings
from pytest_rdsfailover.plugin.run_summary import RunSummary
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
