"""The example of reports does what its README says, line by line."""

import re
import shlex
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "report"


def commands():
    """Return the commands of the README as words."""
    lines = re.findall(r"^    (.*)$", (EXAMPLE / "README.md").read_text(), re.MULTILINE)
    return [shlex.split(line) for line in lines]


def test_every_line_of_the_readme_works(project):
    pytest_line, judge, render = commands()
    assert (pytest_line[0], judge[0], render[0]) == ("pytest", "rdsfailover", "rdsfailover")

    ran = project.runpytest_subprocess(ROOT / pytest_line[1], *pytest_line[2:], "--rds-seed=7")
    judged, rendered = (
        project.run(sys.executable, "-m", "pytest_rdsfailover.cli", *words[1:])
        for words in (judge, render)
    )

    ran.assert_outcomes(passed=2)
    assert judged.ret == 1  # the pool that keeps its connections is down for seconds
    assert "8 of 8 writers never came back" in judged.stdout.str()
    assert rendered.ret == 0
    assert [len((project.path / name / "index.html").read_text()) > 50_000
            for name in ("out", "again")] == [True, True]  # fmt: skip
