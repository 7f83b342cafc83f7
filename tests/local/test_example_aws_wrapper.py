"""The example with AWS's own driver runs as its README says."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.local
EXAMPLE = Path(__file__).parents[2] / "examples" / "aws-wrapper"


def test_it_passes(server_program):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(EXAMPLE),
         "--rds-server", str(server_program.path)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
