"""Trials whose writers are functions of Lambda: merged, judged as local ones, and nothing invented."""

import math
import os
import re
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

import pytest

pytest.importorskip("moto")
pytest.importorskip("awslambdaric")

import fleets
from fitness import fit
from waiting import until

from pytest_rdsfailover.aws.client import AwsError
from pytest_rdsfailover.load.writer import ReconnectPolicy
from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.model.settings import Settings
from pytest_rdsfailover.trial.runner import TrialRunner

pytestmark = [pytest.mark.local, pytest.mark.one_server]
RUNS = int(os.environ.get("RDS_TEST_FLEETS", "1"))  # 20 take three minutes
WRITERS, RATE = 2, 240.0
NOTED_LATE = 0.02  # seconds by which a busy gateway may note what it has done
RECONNECT = 0.2  # seconds that writers may take to come back
NO_ROOM = "import pytest_rdsfailover.load.function as own; own.MOST_ANSWER = 100"
TIMES = {"warmup": "700ms", "bound": "2s", "cooldown": "300ms"}


@pytest.fixture
def api(resting):
    yield resting.aws.client("lambda", answer_within=60.0, at_once=20)
    resting.aws.undo()


@pytest.fixture
def bucket(resting):
    return fleets.BucketOf(resting.storage())


def trial_of(cluster, endpoint, *, seed=7, **load):
    """Return a trial whose failover is that of every other trial with this seed."""
    runner = TrialRunner(
        cluster, Settings(seed=seed), test="t", profile=None, expectations={}, note=lambda _: None
    )
    return runner.trial(endpoint, **TIMES, **{"writers": WRITERS, "rate": RATE, **load})


def away(trial, back):
    """Return for how long the database was away at least and at most, by what the gateway did.

    A busy gateway notes late what it has done: how it came back less late, how it went no later.
    """
    at = {milestone.name: milestone.at for milestone in trial.milestones}
    end = max(at["promoted"], at[back])
    return end - NOTED_LATE - at["fenced"], end - at["writer_cut"] + NOTED_LATE


@pytest.mark.parametrize(
    ("name", "back"), [("writer_endpoint", "dns_flip"), ("proxy_endpoint", "proxy_follow")]
)
def test_functions_are_judged_as_local_writers_are(api, resting, bucket, name, back):
    endpoint = getattr(resting, name)
    by_bucket = name == "proxy_endpoint"
    function = fleets.made(api, fleets.spoiled(before=NO_ROOM) if by_bucket else None)
    options = {"functions": 3, "function": function}
    options |= {"functions_bucket": bucket.name} if by_bucket else {}
    fleet = fit(lambda: trial_of(resting, endpoint, **options))
    local = fit(lambda: trial_of(resting, endpoint, writers=3 * WRITERS))

    for trial in (fleet, local):
        assert trial.valid, trial.reason
        assert trial.writers == 3 * WRITERS
        assert trial.lost == trial.duplicated == trial.unexpected == []
        assert trial.stuck_writers == 0
        shortest, longest = away(trial, back)
        assert trial.downtime.upper >= shortest
        assert trial.downtime.lower <= longest + RECONNECT
    assert fleet.stuck_sessions.upper in (0, math.inf)  # that, if nobody could look in time
    [note] = [note for note in fleet.notes if "AWS Lambda" in note]
    assert note.startswith("3 of 3 functions of AWS Lambda reported, with 2 writers each")
    assert ("3 put what they report into the bucket" in note) == by_bucket
    assert bucket.names() == []


def test_connections_of_functions_that_stay_on_the_demoted_writer_are_seen(api, resting):
    stays = ReconnectPolicy(on_read_only=False)
    options = {"functions": 2, "function": fleets.made(api), "policy": stays}
    trial = fit(lambda: trial_of(resting, resting.writer_endpoint, **options), unseen)

    assert trial.stuck_writers > 0
    stuck = trial.stuck_sessions
    assert stuck.lower == stuck.upper == trial.stuck_writers.upper


def unseen(trial):
    return trial.clock.problem or "not seen" * math.isinf(trial.stuck_sessions.upper)


def test_a_bucket_that_is_not_there_is_named_before_anything_is_invoked(resting, api):
    options = {"functions": 1, "function": fleets.made(api), "functions_bucket": "nobody-s"}
    with pytest.raises(AwsError, match="storing an object in the bucket nobody-s failed: NoSuchB"):
        trial_of(resting, resting.writer_endpoint, **options)


# Functions 1 and 4 end in the middle, 2 and 5 claim a write from the future: chance throttles one of all.
LIE = """
import threading
import pytest_rdsfailover.load.function as own
whole = own.pack
def early(writers):
    for writer in writers:
        last = writer.finished[-1] + 3_600_000_000_000
        writer.record((last, last, last), own_outcome.ACKED)
    return whole(writers)
from pytest_rdsfailover.model.records import Outcome as own_outcome
"""
INSTEAD = """
    if number in (1, 4):
        threading.Timer(2.5, os._exit, [1]).start()
    own.pack = early if number in (2, 5) else whole
"""


def test_functions_that_crash_lie_stand_still_or_are_throttled_are_named_and_nothing_is_invented(
    api, resting
):
    function = fleets.made(api, fleets.spoiled(before=LIE, instead=INSTEAD.strip()))
    api.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=6)
    warm = {"FunctionName": function, "Payload": '{"warm": 50.0}'}
    busy = threading.Thread(target=lambda: api.invoke(**warm))
    busy.start()  # takes one of the six places
    until(lambda: environments(function))

    trial = trial_of(resting, resting.writer_endpoint, functions=6, function=function)
    api.delete_function(FunctionName=function)
    busy.join()

    assert trial.valid, trial.reason
    assert trial.writers == 6 * WRITERS
    assert trial.lost == trial.duplicated == trial.unexpected == []
    assert trial.stuck_writers == 0
    said = "\n".join(trial.notes)
    assert re.search("[12] of 6 functions of AWS Lambda reported", said)
    assert "crashed (Runtime.ExitError" in said
    assert "after its own report came" in said
    assert "throttled (TooManyRequestsException: Rate Exceeded.)" in said
    assert trial.not_issued >= 4 / 6 * RATE * 3.0 * 0.9
    assert trial.attempted < RATE * 3.0 * 0.6


@pytest.mark.parametrize("seed", range(7, 7 + RUNS))
def test_a_fleet_with_one_killed_one_frozen_and_one_throttled_is_judged_as_a_local_load(
    api, resting, tmp_path, seed
):
    local = fit(lambda: trial_of(resting, resting.writer_endpoint, seed=seed, writers=10))
    fleet = fit(lambda: hurt(api, resting, seed, tmp_path))

    for trial in (fleet, local):
        assert trial.valid, trial.reason
        assert trial.lost == trial.duplicated == trial.unexpected == []
        assert trial.stuck_writers == 0
        shortest, longest = away(trial, "dns_flip")
        assert trial.downtime.upper >= shortest
        assert trial.downtime.lower <= longest + RECONNECT
    assert fleet.downtime.lower <= local.downtime.upper + RECONNECT
    assert local.downtime.lower <= fleet.downtime.upper + RECONNECT
    said = "\n".join(fleet.notes)
    assert "3 of 5 functions of AWS Lambda reported" in said
    assert "crashed (Runtime.ExitError" in said
    assert "throttled (TooManyRequestsException" in said
    assert re.search(r"function \d stood still for", said)
    assert fleet.clock.own_pause > 0.7
    assert fleet.downtime.lower > 0  # the others saw it


# The first to be invoked is killed in the middle, the second stands still for a second through the failover.
CLAIM = """
import pathlib, subprocess, threading
def claims(what):
    try:
        pathlib.Path({place!r}, what).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True
"""
HURT = """
    if number is not None and claims("killed"):
        threading.Timer(2.5, os.kill, [os.getpid(), 9]).start()
    elif number is not None and claims("frozen"):
        subprocess.Popen(
            f"sleep 2.1; kill -STOP {os.getpid()}; sleep 1; kill -CONT {os.getpid()}", shell=True
        )
"""


def hurt(api, cluster, seed, place):
    """Return a trial of a fleet of five, of which one is killed, one frozen, and one throttled."""
    claims = CLAIM.format(place=tempfile.mkdtemp(dir=place))
    function = fleets.made(api, fleets.spoiled(before=claims, instead=HURT.strip()))
    api.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=5)
    warm = {"FunctionName": function, "Payload": '{"warm": 50.0}'}
    busy = threading.Thread(target=lambda: api.invoke(**warm))
    busy.start()  # takes one of the five places
    until(lambda: environments(function))
    trial = trial_of(cluster, cluster.writer_endpoint, seed=seed, functions=5, function=function)
    api.delete_function(FunctionName=function)
    busy.join()
    return trial


def environments(function):
    """Return the ids of the processes of a function."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if f"AWS_LAMBDA_FUNCTION_NAME={function}".encode() in (entry / "environ").read_bytes():
                found.append(int(entry.name))
    return found


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"functions": 2}, "belong together"),
        ({"functions": 0, "function": "f"}, "from 1 to 10,000, not 0"),
        ({"functions": -1, "function": "f"}, "from 1 to"),
        ({"functions": 2, "function": "f", "processes": 2}, "processes: not with functions"),
        ({"functions_bucket": "b"}, "functions_bucket: only with functions"),
        ({"functions": 2, "function": "f", "workload": print}, "they run our own steps"),
    ],
)
def test_what_functions_cannot_do_is_refused_before_anything_starts(resting, options, why):
    with pytest.raises(SettingError, match=why):
        trial_of(resting, resting.writer_endpoint, **options)
