"""The tutorial is done as it is written: each file, each command, and what it says is printed."""

import re
from pathlib import Path

import pytest
from finished import ALWAYS_FIT
from fitness import fit

PAGE = Path(__file__).parents[2] / "docs" / "tutorial.md"
STEP = re.compile(r"([^\n]*)\n\n```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"`(\w+\.py)`")
METHOD = re.compile(r"    def (\w+)\(")
PATIENT = """
about = "quick, but DNS takes its time."
onset = "50ms"
refused = "50ms"
promotion = "200ms"
dns = "1.2s"
read_only_error = 1836
"""
INI = "[pytest]\nrds_profile = patient.toml\nrds_cooldown = 50ms\nrds_calm_not_issued = 100%\n"
NUMBER = re.compile(r"\d+(\.\d+)?")


class Reader:
    """Somebody who does what a page says, in an empty directory.

    Args:
        project: pytester there.
    """

    def __init__(self, project):
        self.project, self.printed = project, None

    def write(self, said, code):
        """Write the file that the text above a block names, or replace a method in it."""
        path = self.project.path / FILE.findall(said)[-1]
        method = METHOD.match(code)
        if method:
            old = re.compile(rf"    def {method[1]}\(.*?(?=\n    def |\Z)", re.DOTALL)
            code, count = old.subn(lambda _: code.rstrip("\n") + "\n", path.read_text())
            assert count == 1
        path.write_text(code)

    def type(self, _, lines):
        """Type what is no installation."""
        for line in lines.splitlines():
            command, *arguments = line.removeprefix("$ ").split()
            if command == "pytest":
                run = lambda: self.project.runpytest_subprocess(*arguments)  # noqa: B023, E731
                self.printed = words(fit(run, unreliable).stdout.str())

    def compare(self, _, lines):
        """See that each line of an output was printed, whatever its figures are."""
        missing = [line for line in lines.splitlines() if words(label(line)) not in self.printed]
        assert missing == [], self.printed

    def follow(self, text):
        """Do all steps of a page; return how many."""
        ways = {"python": self.write, "console": self.type, "text": self.compare}
        steps = STEP.findall(text)
        for said, kind, block in steps:
            ways[kind](said, block)
        return len(steps)


BUSY = ("unreliable", "half of the last")  # no figure, or slow answers that no failover explains


def unreliable(result):
    """Return the line that says that the machine was busy; red trials end before their outage does."""
    return next((line for line in result.outlines if any(word in line for word in BUSY)), "")


def label(line):
    """Return a line without its drawing."""
    return re.split(r"\s{3,}", line, maxsplit=1)[0] if not line.startswith("E ") else line


def words(text):
    return " ".join(NUMBER.sub("N", text).split())


@pytest.fixture
def reader(project):
    project.makeconftest(ALWAYS_FIT)
    # However busy this machine is, all are connected at the trigger, and who connects anew finds the
    # old writer as a reader.
    project.path.joinpath("patient.toml").write_text(PATIENT)
    project.makeini(INI)
    return Reader(project)


@pytest.mark.long
@pytest.mark.one_server
def test_who_follows_the_tutorial_sees_what_it_says(reader):
    assert reader.follow(PAGE.read_text()) == 14


def test_a_line_that_was_not_printed_is_noticed():
    reader = Reader(None)
    reader.printed = words("test_it.py . 2 passed in 0.1s")
    reader.follow("So:\n\n```text\n3 passed in 12s\n```\n")

    with pytest.raises(AssertionError):
        reader.follow("So:\n\n```text\n3 failed\n```\n")
