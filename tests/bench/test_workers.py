"""What four workers of pytest-xdist hold, each with a cluster and its AWS API."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from gauges import family

pytestmark = pytest.mark.bench
WORKERS = 4
TESTS = """
import pathlib, time
import pytest

HERE = pathlib.Path(__file__).parent

@pytest.mark.parametrize("number", range(4))
def test_asking(rds_client, number):
    rds_client.describe_db_clusters()
    HERE.joinpath(f"asked-{number}").touch()
    while not HERE.joinpath("measured").exists():
        time.sleep(0.05)
"""
OF_THE_API = ("aws_api.main", "aws_api.fork_server")


def sizes(root):
    """Return the resident and the proportional size of each process, by command line, in MB."""
    for pid in family(root):
        command = Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        size = {line.split(":")[0]: int(line.split()[1]) / 1024 for line in lines[1:]}
        yield command, size["Rss"], size["Pss"]


def test_memory_of_four_workers(table, tmp_path):
    tmp_path.joinpath("test_four.py").write_text(TESTS)
    argv = [sys.executable, "-m", "pytest", "-q", f"-n{WORKERS}", "-p", "no:cacheprovider"]
    process = subprocess.Popen(argv, cwd=tmp_path, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 120
        while len(list(tmp_path.glob("asked-*"))) < WORKERS:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        found = list(sizes(process.pid))
    finally:
        tmp_path.joinpath("measured").touch()
        process.wait(60)
    apis = [row for row in found if any(name in row[0] for name in OF_THE_API)]
    for what, rows in ((f"all {len(found)} processes", found), ("the AWS APIs", apis)):
        resident, proportional = (sum(row[place] for row in rows) for place in (1, 2))
        table.add(
            f"`pytest -n {WORKERS}`, memory of {what}: proportional / resident",
            f"{proportional:.0f} / {resident:.0f} MB",
        )
