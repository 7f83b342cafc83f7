"""The example in Node.js: the pool of mysql2 is stuck, and its cure cures it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from commands import COMMAND, judged, script

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "node"
MODULES = ROOT / ".servers" / "node" / "node_modules"

pytestmark = [
    pytest.mark.local,
    pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc"),
    pytest.mark.skipif(
        not (shutil.which("npm") and (MODULES / "mysql2").exists()),
        reason="needs Node.js and mysql2: scripts/fetch-extras",
    ),
]


@pytest.mark.parametrize(("script_name", "status"), [("stuck", 1), ("test", 0)])
def test_the_pool_is_stuck_until_it_lets_go_of_readers(tmp_path, script_name, status):
    script(tmp_path / "rdsfailover", f"#!{sys.executable}\n{COMMAND}")
    document = tmp_path / "result.json"
    ended = judged(
        lambda: subprocess.run(
            ["npm", "run", "--silent", script_name, "--", "--bound", "3s", "--json", str(document)],
            cwd=EXAMPLE, capture_output=True, text=True, timeout=120, check=False,
            env={**os.environ, "NODE_PATH": str(MODULES), "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        )
    )  # fmt: skip

    assert ended.returncode == status, ended.stdout + ended.stderr
    (trial,) = json.loads(document.read_text())["trials"]
    assert trial["lost"] == []
    assert (trial["stuck_writers"] > 0) == (status == 1)
