"""What a developer waits for: the first write, and nothing where the plugin is not used."""

import importlib.metadata
import os
import subprocess
import sys
import time
from pathlib import Path

import peers
import pytest

import pytest_rdsfailover
from pytest_rdsfailover.analysis.statistics import median, median_interval

pytestmark = pytest.mark.bench
RUNS = 5
COLLECTIONS = 40
FIRST_WRITE = """
import time
def test_first_write(rds_cluster, rds_load):
    with rds_load(rds_cluster.writer_endpoint, writers=16, rate=200, cooldown="10ms") as load:
        while not load._load.acked_since(0):
            time.sleep(0.001)
        print(f"FIRST {min(each.finished for each in load.journal):.6f}")
"""
MILESTONES = """
import pytest
@pytest.mark.parametrize("turn", range(7))
def test_milestones(rds_failover, turn):
    for each in rds_failover():
        if each.planned is not None and each.name != "trigger":
            print(f"LATE {each.at - each.planned:.6f}")
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Runs pytest as users do: what was compiled once is not compiled again."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(tmp_path_factory.mktemp("compiled"))}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)

    def run(directory, *arguments):
        command = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", *arguments]
        return subprocess.run(
            command,
            cwd=directory,
            env=environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run


def values(output, word):
    return [float(line.split()[-1]) for line in output.splitlines() if word in line]


def test_time_to_first_write(run, tmp_path, table):
    (tmp_path / "test_it.py").write_text(FIRST_WRITE)
    run(tmp_path)  # compiles, and warms the cache of data directories
    taken = []
    for _ in range(RUNS):
        begun = time.monotonic()
        done = run(tmp_path)
        assert done.returncode == 0, done.stdout
        taken.append(values(done.stdout, "FIRST ")[0] - begun)
    table.add("from `pytest` to the first write, warm", f"{median(sorted(taken)):.2f} s")


def test_milestone_error(run, tmp_path, table):
    (tmp_path / "test_it.py").write_text(MILESTONES)
    done = run(tmp_path)
    assert done.returncode == 0, done.stdout
    late = sorted(abs(each) for each in values(done.stdout, "LATE "))
    table.add(
        "milestone error against plan: median / max",
        f"{median(late) * 1000:.2f} / {late[-1] * 1000:.1f} ms (n = {len(late)})",
        aim="≤ 10 ms (median)",
    )


def test_cost_of_the_unused_plugin(run, tmp_path, table):
    """Pairs of runs with and without it, so that noise meets both alike; CPU time, for the same.

    Noise only adds, so that the cheapest runs tell more than the middle of all.
    """

    def cost(*arguments):
        before = peers.used()
        run(tmp_path, "--collect-only", *arguments)
        return (peers.used() - before) * 1000

    ways = ((), ("-p", "no:rdsfailover"))
    costs = {arguments: [] for arguments in ways if cost(*arguments)}  # compiles
    for turn in range(COLLECTIONS):
        for arguments in ways if turn % 2 else reversed(ways):
            costs[arguments].append(cost(*arguments))
    ours, bare = costs.values()
    pairs = sorted(one - other for one, other in zip(ours, bare, strict=True))
    low, high = median_interval(pairs)
    table.add(
        "CPU cost of the unused plugin to `pytest --collect-only`, empty suite",
        f"{min(ours) - min(bare):+.1f} ms between the cheapest of {COLLECTIONS} each; median of the"
        f" pairs {median(pairs):+.1f} [{low:+.1f}, {high:+.1f}]",
        aim="< 5 ms",
    )


def test_cost_of_the_list_of_files(tmp_path, table):
    """pytest reads the list of files of every plugin that is installed, even of one that is blocked.

    An editable install has no such list; a wheel's has what pip has compiled, too.
    """
    package = Path(pytest_rdsfailover.__file__).parent
    (tmp_path / package.name).symlink_to(package)
    modules = sorted(path.relative_to(package.parent) for path in package.rglob("*.py"))
    compiled = [module.parent / "__pycache__" / f"{module.stem}.cpython.pyc" for module in modules]
    info = tmp_path / "plugin.dist-info"
    info.mkdir()
    (info / "RECORD").write_text("".join(f"{path},sha256=x,1\n" for path in modules + compiled))
    taken = []
    for _ in range(COLLECTIONS):
        begun = time.perf_counter()
        assert importlib.metadata.Distribution.at(info).files
        taken.append((time.perf_counter() - begun) * 1000)
    table.add(
        "what pytest reads of a plugin that pip has installed: the list of its files",
        f"{min(taken):.1f} ms, the cheapest of {COLLECTIONS} ({2 * len(modules)} files)",
    )
