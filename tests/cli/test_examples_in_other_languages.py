"""The examples in Node.js, Go, Java and Ruby: a pool that is stuck, and the cure that cures it."""

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
LATE_DNS = """
onset = "100ms"
cut = "reset"
refused = "200ms"
promotion = "500ms"
dns = "5s"
read_only_error = 1836
"""


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
        if self.folder == "ruby" and not has_sequel():
            return False
        return shutil.which(self.program) is not None and self.made.exists()

    def command(self, name: str, options: str) -> list[str]:
        if self.program == "npm":
            return ["npm", "run", "--silent", name, "--", *options.split()]
        return [self.program, "--silent", name, f"OPTIONS={options}"]


def has_sequel():
    """Tell whether Ruby is here with what its example needs."""
    ruby = shutil.which("ruby")
    wanted = [ruby, "-e", 'require "sequel"; require "mysql2"']
    return (
        ruby is not None
        and subprocess.run(wanted, check=False, stderr=subprocess.DEVNULL).returncode == 0
    )


LANGUAGES = [
    Example("node", "npm", SERVERS / "node" / "node_modules" / "mysql2"),
    Example("go", "make", EXAMPLES / "go" / "orders"),
    Example("java", "make", EXAMPLES / "java" / "target" / "classes" / "Orders.class"),
    Example("ruby", "make", EXAMPLES / "ruby" / "orders.rb"),
]


@pytest.fixture(params=LANGUAGES, ids=lambda example: example.folder)
def example(request):
    if not request.param.is_here:
        pytest.skip(
            f"examples/{request.param.folder} is not built: scripts/fetch-extras, or its README"
        )
    return request.param


@pytest.fixture
def run(tmp_path):
    """Run a command of an example; return what it printed, and the document of its trial."""
    script(tmp_path / "rdsfailover", f"#!{sys.executable}\n{COMMAND}")
    document = tmp_path / "result.json"

    def run(example, name, *variables, bound="3s"):
        ended = judged(
            lambda: subprocess.run(
                [*example.command(name, f"--bound {bound} --cooldown 100ms --json {document}"), *variables],
                cwd=EXAMPLES / example.folder, capture_output=True, text=True, timeout=120,
                check=False,
                env={
                    **os.environ,
                    "NODE_PATH": str(SERVERS / "node" / "node_modules"),
                    "PATH": f"{tmp_path}:{os.environ['PATH']}",
                },
            )
        )  # fmt: skip
        (trial,) = json.loads(document.read_text())["trials"]
        return ended, trial

    return run


@pytest.mark.parametrize(("name", "cured"), [("stuck", False), ("test", True)])
def test_the_pool_is_stuck_until_it_lets_go_of_readers(run, example, name, cured):
    ended, trial = run(example, name)

    assert (ended.returncode == 0) == cured, ended.stdout + ended.stderr
    assert trial["lost"] == []
    assert (trial["stuck_writers"] == 0) == cured


@pytest.mark.parametrize("example", LANGUAGES[2:3], ids=["java"], indirect=True)
def test_the_driver_of_aws_follows_the_writer_before_dns_does(run, example, tmp_path):
    late = tmp_path / "late-dns.toml"  # so late that a driver on a busy machine is back before
    late.write_text(LATE_DNS)
    ended, trial = run(example, "wrapper", f"PROFILE={late}", bound="8s")

    assert ended.returncode == 0, ended.stdout + ended.stderr
    flipped = next(each["at_s"] for each in trial["milestones"] if each["name"] == "dns_flip")
    # The last one may be late on a busy machine; by DNS none could have been back before.
    assert trial["figures"]["first_writer_back"]["upper"] < flipped
