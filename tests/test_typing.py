"""What type checkers make of a typed test: lines that they take, and lines that they refuse."""

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LINES = Path(__file__).parent / "typing"
CHECKERS = {
    "mypy": ["mypy"],
    "basedpyright": ["basedpyright", "--pythonpath", sys.executable],
}


@pytest.fixture(params=CHECKERS)
def check(request):
    """Runs a checker, set up as in this project, over files; returns the lines it complains of."""
    if importlib.util.find_spec(request.param) is None:
        pytest.skip(f"{request.param} is not installed")

    def check(*files):
        done = subprocess.run(
            [sys.executable, "-m", *CHECKERS[request.param], *map(str, files)],
            cwd=ROOT,
            check=False,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode in (0, 1), done.stdout + done.stderr
        found = re.findall(r"(\w+)\.py:(\d+)(?::\d+)?(?: -|:) error", done.stdout)
        assert bool(found) == bool(done.returncode), done.stdout + done.stderr
        return {(name, int(number)) for name, number in found}

    return check


def test_typed_tests_are_taken_and_refused_line_by_line_and_planted_lines_found(check, tmp_path):
    """In one run: it takes seconds. A planted line is wrong, or no longer refused."""
    planted = {"accepted": "rds_trial(endpoint, writer=3)", "rejected": "rds_trial(endpoint)"}
    expected = set()
    for name, line in planted.items():
        path = tmp_path / f"planted_{name}.py"
        shutil.copy(LINES / f"{name}.py", path)
        comment = "" if name == "accepted" else "  # type: ignore[call-arg]"
        with path.open("a") as file:
            file.write(
                "\n\ndef planted(rds_trial: RunTrial, rds_cluster: Cluster) -> None:\n"
                f"    endpoint = rds_cluster.writer_endpoint\n    {line}{comment}\n"
            )
        expected.add((path.stem, len(path.read_text().splitlines())))

    assert check(*LINES.glob("*.py"), *tmp_path.glob("*.py")) == expected
