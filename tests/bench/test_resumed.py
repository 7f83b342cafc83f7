"""Runs that are killed at many moments and taken up: every trial is there, once, and the same.

`RDS_BENCH_KILLS=200 scripts/bench tests/bench/test_resumed.py` does it in full.
"""

import os
import random
import signal
import time
from pathlib import Path

import pytest
from finished import CONFTEST, QUICK
from night import TWO, Night, cache, expected, seeds, take_up

pytestmark = pytest.mark.bench
KILLS = int(os.environ.get("RDS_BENCH_KILLS", "4"))
SEED = int(os.environ.get("RDS_BENCH_SEED", "1"))
# Short trials of few writes, so that a kill costs little and meets them, not the server's start.
BRIEF = f"""{QUICK}
rds_profile = brief.toml
""".replace("250ms", "100ms").replace("= 200\n", "= 100\n")
PROFILE = 'refused = "60ms"\npromotion = "80ms"\ndns = "100ms"\n'


def project(folder: Path) -> Path:
    folder.mkdir()
    (folder / "pytest.ini").write_text(BRIEF)
    (folder / "brief.toml").write_text(PROFILE)
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_it.py").write_text(TWO)
    return folder


def length(folder: Path, *options: str) -> float:
    """Return for how many seconds a whole run lasts."""
    begun = time.monotonic()
    Night(project(folder), *options).process.communicate()
    return time.monotonic() - begun


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_run_that_is_killed_at_any_moment_is_taken_up_whole(table, tmp_path, workers):
    xdist = ("-p", "xdist", f"-n{workers}")
    chance = random.Random(f"{SEED} {workers}")
    whole = length(tmp_path / "whole", *xdist)
    wrong, over = [], 0
    for number in range(KILLS):
        folder, later = project(tmp_path / str(number)), chance.uniform(0, whole)
        night = Night(folder, *xdist)
        time.sleep(later)
        over += night.process.poll() is not None
        night.end(signal.SIGKILL)
        try:
            _, document = take_up(folder, *xdist)
            if seeds(document) != expected("test_a", "test_b") or cache(folder):
                wrong.append(f"killed after {later:.2f} s: {seeds(document)}, {cache(folder)}")
        except AssertionError as error:
            wrong.append(f"killed after {later:.2f} s: {error}")
    table.add(
        f"resumed populations, killed at random moments, `-n {workers}`",
        f"{KILLS - len(wrong)} of {KILLS} are those of an uninterrupted run ({over} were over)",
        aim="all",
    )
    assert wrong == []
