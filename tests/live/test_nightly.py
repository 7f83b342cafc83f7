"""The example: at home as it is, and through the live path against the stand-in region."""

import json
import re
import shutil
from pathlib import Path

import pytest
from fitness import fit, unfit_line
from regions import ACCOUNT

from pytest_rdsfailover.model.options import OPTIONS

pytestmark = pytest.mark.local

EXAMPLE = Path(__file__).parents[2] / "examples" / "nightly"


@pytest.fixture
def nightly(pytester, monkeypatch):
    shutil.copytree(EXAMPLE, pytester.path, dirs_exist_ok=True)
    monkeypatch.setenv("XDG_CACHE_HOME", str(pytester.path / "cache"))
    return pytester


def test_it_runs_live_with_all_that_its_workflow_writes_and_replays_it_at_home(nightly, stand_in):
    """At home it ignores its live settings, and plays what was recorded."""
    stand_in.alarm("orders-staging-errors", "OK")
    arguments = (
        "--rds-live", f"--rds-cluster={stand_in.cluster.aws.cluster}", f"--rds-account={ACCOUNT}",
        "--rds-region=us-east-2", f"--rds-schema={stand_in.cluster.writer_endpoint.database}",
        f"--rds-endpoint-url={stand_in.url}", "--rds-tls=off", "--rds-min-interval=0s",
        "--rds-hours=00:00-23:59", "--rds-poll=200ms", "--rds-json=result/result.json",
        "--rds-record=result/orders-staging.toml", "--rds-audit=result/audit.jsonl",
        "--rds-warmup=300ms", "--rds-cooldown=100ms",
    )  # fmt: skip

    def take():
        for name in ("result", "cache"):  # where it counts its failovers
            shutil.rmtree(nightly.path / name, ignore_errors=True)
        return nightly.runpytest_subprocess(*arguments)

    live = fit(take, unfit_line)
    live.assert_outcomes(passed=1)
    assert "recorded: result/orders-staging.toml" in live.stdout.str()
    written = {path.name for path in (nightly.path / "result").iterdir()}
    assert written == {"result.json", "orders-staging.toml", "audit.jsonl"}

    arguments = (
        "--rds-profile=result/orders-staging.toml", "--rds-json=home.json", "--rds-warmup=300ms",
        "--rds-cooldown=100ms", "--rds-toxiproxy=builtin",
    )  # fmt: skip
    home = fit(lambda: nightly.runpytest_subprocess(*arguments), unfit_line)
    home.assert_outcomes(passed=1)
    document = json.loads((nightly.path / "home.json").read_text())
    assert (document["mode"], document["trials"][0]["profile"]) == ("local", "orders-staging")


def test_its_workflow_and_its_ini_file_name_only_options_that_there_are():
    workflow = (EXAMPLE / "nightly.yml").read_text()
    flags = set(re.findall(r"--rds-[a-z-]+", workflow))
    names = set(re.findall(r"^(rds_\w+)", (EXAMPLE / "pytest.ini").read_text(), re.MULTILINE))
    names |= {name.lower() for name in re.findall(r"\bRDS_[A-Z_]+", workflow)}

    assert "--rds-live" in flags
    assert len(names) > 5
    assert flags <= {option.flag for option in OPTIONS}
    assert names <= {option.dest for option in OPTIONS}
