"""Each part is killed, or frozen for a while, at many moments: no hang, no orphan, no wrong verdict.

`scripts/endurance` runs it in full, 300 times for each part. The moments follow from `RDS_BENCH_SEED`.
"""

import os
import random
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from sessions import session

pytestmark = pytest.mark.bench
KILLS = int(os.environ.get("RDS_BENCH_KILLS", "4"))
SEED = int(os.environ.get("RDS_BENCH_SEED", "1"))
PATIENCE = 150.0  # seconds for a run; the longest bound of ours is 60
LEFT_WITHIN = 20.0  # seconds
STARTS = 60.0  # seconds for a part to start, on a busy machine
LASTS = {
    True: 4.0,
    False: 2.5,
}  # seconds from a part's start to the end of the run, with the AWS API
PARTS = {
    "pytest": r"-m pytest ",
    "supervisor": r"supervisor\.py ",
    "server": r"(mysqld|mariadbd) .*--socket=",
    "toxiproxy": r"local\.toxiproxy\.main ",
    "gateway": r"local\.gateway\.main",
    "aws_api": r"local\.aws_api\.main ",
}
# What a killed part may do to a run: our own error, a driver's, or a trial that calls itself none.
OURS = re.compile(
    r"pytest_rdsfailover\.\S*Error\b|UsageError|the trial is invalid|OperationalError|InterfaceError"
    r"|EndpointConnectionError|ConnectionError"
)
# A valid trial that blames the application, which never loses a write here.
BLAME = re.compile(r"\d+ of \d+ expectations not met")
TRIAL = """
def test_trial(rds_trial, rds_cluster):
    trial = rds_trial(rds_cluster.writer_endpoint, writers=4, rate=100)
    trial.expect(lost=0, duplicated=0, unexpected=0)
"""


@dataclass(frozen=True, slots=True)
class Attack:
    """What is done to a part: when, in seconds from its start, and for how long; 0 to kill it."""

    part: str
    later: float
    lasts: float


def attacks(part: str) -> list[Attack]:
    chance = random.Random(f"{SEED} {part}")
    length = LASTS[part == "aws_api"]
    return [
        Attack(
            part, chance.uniform(0, length), chance.choice([0.0, 0.0, chance.uniform(0.05, 2.0)])
        )
        for _ in range(KILLS)
    ]


def pids(run, part):
    return [pid for pid, line in run.processes().items() if re.search(PARTS[part], line)]


def strike(run, attack):
    """Do it; return whether there was anything left to do it to."""
    deadline = time.monotonic() + STARTS
    while not (found := pids(run, attack.part)):
        if run.popen.poll() is not None or time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    time.sleep(attack.later)
    hit = False
    for pid in found:
        try:
            os.kill(pid, signal.SIGSTOP if attack.lasts else signal.SIGKILL)
            hit = True
            if attack.lasts:
                time.sleep(attack.lasts)
                os.kill(pid, signal.SIGCONT)
        except ProcessLookupError:
            continue
    return (hit and run.popen.poll() is None) or hit


def wrong(run, output, attack):
    """Return what is wrong with how a run has ended; empty if nothing is."""
    status = run.popen.returncode
    if attack.part == "pytest" and not attack.lasts and status == -signal.SIGKILL:
        return ""
    if status == 0:
        return ""
    if BLAME.search(output):
        return "the application is blamed"
    return "" if OURS.search(output) else f"status {status} without an error of ours"


def endure(attack: Attack, folder: Path, source: str = TRIAL) -> tuple[bool, str]:
    """Run one trial under attack; return whether it was hit, and what was wrong."""
    with session(folder, source, api=attack.part == "aws_api") as run:
        hit = strike(run, attack)
        try:
            output, errors = run.popen.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            return hit, "it hangs"
        left = run.left(LEFT_WITHIN)
        if left and attack.part == "supervisor" and not attack.lasts:
            # Who could remove them is gone; the next start does.
            left = [path for path in left if path.startswith("/") and not Path(path).is_dir()]
        if left:
            return hit, f"it leaves {left}"
        return hit, wrong(run, output + errors, attack)


@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_is_killed_or_frozen_at_any_moment(table, tmp_path, part):
    found = []
    hits = 0
    for number, attack in enumerate(attacks(part)):
        hit, what = endure(attack, tmp_path / str(number))
        hits += hit
        if what:
            found.append(f"{attack}: {what}")
    kills = sum(not attack.lasts for attack in attacks(part))
    table.add(
        f"kills and freezes of {part}",
        f"{kills} + {KILLS - kills}, {hits} while it ran; {len(found)} hangs, orphans or wrong verdicts",
        aim="0",
    )
    assert found == []


@pytest.mark.parametrize(
    ("planted", "what"),
    [
        (
            "import subprocess; subprocess.Popen(['sleep', '1000'], start_new_session=True)",
            "leaves",
        ),
        ("raise AssertionError('1 of 3 expectations not met')", "the application is blamed"),
        ("raise ZeroDivisionError", "status 1 without an error of ours"),
    ],
)
def test_a_planted_orphan_and_a_planted_verdict_are_seen(tmp_path, monkeypatch, planted, what):
    monkeypatch.setattr(sys.modules[__name__], "LEFT_WITHIN", 1.0)
    source = f"def test_planted(rds_cluster):\n    {planted}\n"

    assert what in endure(Attack("server", 0.0, 0.001), tmp_path / "planted", source)[1]
