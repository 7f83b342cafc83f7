"""How late each milestone of a blue/green switchover is, beside a load that writes meanwhile."""

import os

import pytest

from pytest_rdsfailover.analysis.statistics import median
from pytest_rdsfailover.local.backend import LocalBackend
from pytest_rdsfailover.model.settings import Settings
from pytest_rdsfailover.trial.runner import TrialRunner

pytestmark = pytest.mark.bench
LOAD = {"writers": 8, "rate": 200, "warmup": "500ms", "calm_not_issued": "100%"}
ROUNDS = int(os.environ.get("RDS_BENCH_SWITCHOVERS", "4"))
MILESTONES = ("writes_refused", "switched", "blue_dns", "green_dns_removed", "switchover_completed")


@pytest.mark.parametrize(
    ("profile", "rounds"), [("blue-green-fast", ROUNDS), ("blue-green", max(1, ROUNDS // 10))]
)
def test_switchovers_keep_to_their_plan(table, profile, rounds):
    late = {name: [] for name in MILESTONES}
    with LocalBackend(Settings()) as backend:
        cluster = backend.cluster()
        runner = TrialRunner(
            cluster, Settings(), test=profile, profile=None, expectations={}, note=lambda _: None
        )
        for _ in range(rounds):
            trial = runner.trial(cluster.writer_endpoint, failover=profile, **LOAD)
            trial.expect(lost=0, duplicated=0, stale_writes=0)
            for mark in trial.milestones:
                if mark.name in late:
                    late[mark.name].append((mark.at - mark.planned) * 1000)
    for name, found in late.items():
        assert len(found) == rounds
        assert min(found) >= 0  # never early
        table.add(
            f"{profile}: {name} after its plan, median / max",
            f"{median(sorted(found)):.1f} / {max(found):.1f} ms (n = {rounds})",
        )
