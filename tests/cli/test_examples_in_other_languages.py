"""The examples in Node.js, Go and Java: a pool that is stuck, and the cure that cures it."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from commands import COMMAND, judged, script

ROOT = Path(__file__).parents[2]
EXAMPLES, SERVERS = ROOT / "examples", ROOT / ".servers"

pytestmark = [
    pytest.mark.local,
    pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc"),
]


@dataclass(frozen=True)
class Example:
    """A project in another language.

    Attributes:
        folder: its name.
        program: what runs its commands.
        made: what `scripts/fetch-extras` has made for it.
    """

    folder: str
    program: str
    made: Path

    @property
    def is_here(self) -> bool:
        return shutil.which(self.program) is not None and self.made.exists()

    def command(self, name: str, options: str) -> list[str]:
        if self.program == "npm":
            return ["npm", "run", "--silent", name, "--", *options.split()]
        return [self.program, "--silent", name, f"OPTIONS={options}"]


LANGUAGES = [
    Example("node", "npm", SERVERS / "node" / "node_modules" / "mysql2"),
    Example("go", "make", EXAMPLES / "go" / "orders"),
    Example("java", "make", EXAMPLES / "java" / "target" / "classes" / "Orders.class"),
]


@pytest.fixture(params=LANGUAGES, ids=lambda example: example.folder)
def example(request):
    if not request.param.is_here:
        pytest.skip(f"examples/{request.param.folder} is not built: scripts/fetch-extras")
    return request.param


@pytest.mark.parametrize(("name", "cured"), [("stuck", False), ("test", True)])
def test_the_pool_is_stuck_until_it_lets_go_of_readers(tmp_path, example, name, cured):
    script(tmp_path / "rdsfailover", f"#!{sys.executable}\n{COMMAND}")
    document = tmp_path / "result.json"
    ended = judged(
        lambda: subprocess.run(
            example.command(name, f"--bound 3s --json {document}"),
            cwd=EXAMPLES / example.folder, capture_output=True, text=True, timeout=120, check=False,
            env={
                **os.environ,
                "NODE_PATH": str(SERVERS / "node" / "node_modules"),
                "PATH": f"{tmp_path}:{os.environ['PATH']}",
            },
        )
    )  # fmt: skip

    assert (ended.returncode == 0) == cured, ended.stdout + ended.stderr
    (trial,) = json.loads(document.read_text())["trials"]
    assert trial["lost"] == []
    assert (trial["stuck_writers"] == 0) == cured
