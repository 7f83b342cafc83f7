"""The examples with AWS's own driver run as their README says."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from fitness import fit

pytestmark = [pytest.mark.local, pytest.mark.one_server, pytest.mark.long]
EXAMPLE = Path(__file__).parents[2] / "examples" / "aws-wrapper"


def run(program, *options):
    """Run the examples; once more if one hangs, which one in five whole runs of the suite has done.

    Nobody knows why yet: where its threads were is printed, for the next time.
    """
    try:
        return finished(program, *options)
    except subprocess.TimeoutExpired as hung:
        print((hung.stderr or b"").decode())
        return finished(program, *options)


def finished(program, *options):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "rdsfailover", "-p", "no:cacheprovider", str(EXAMPLE),
         "-o", "faulthandler_timeout=60", "--rds-server", str(program.path), *options],
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_wrapper_follows_the_writer_and_is_compared_with_the_plain_driver(
    server_program, tmp_path
):
    result = tmp_path / "result.json"
    options = (
        "--rds-trials=2",
        "--rds-warmup=300ms",
        "--rds-cooldown=100ms",
        f"--rds-json={result}",
    )
    text = fit(
        lambda: run(server_program, *options),
        lambda text: "" if "wrapper against plain: median" in text else text,
    )
    assert "3 passed" in text
    (found,) = json.loads(result.read_text())["comparisons"]
    assert (found["baseline"], found["candidate"]) == ("plain", "wrapper")
    # DNS flips 1.5 to 2 s after the onset, and the new writer is there after half a second at most.
    assert found["ratio"] < 0.9
    assert found["difference_s"]["high"] < 0
