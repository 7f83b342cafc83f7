"""Loops name what they go through: `finding`, not `each`."""

import ast
from pathlib import Path

import pytest
from test_layers import PACKAGE

ROOT = Path(__file__).parents[1]
HIDING = {"each", "one", "found"}


def hidden(source):
    """Return the lines of loops whose variable does not tell what it is."""
    return [
        node.target.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, (ast.For, ast.comprehension))
        and HIDING & {name.id for name in ast.walk(node.target) if isinstance(name, ast.Name)}
    ]


def test_loops_name_what_they_go_through():
    files = [*(ROOT / PACKAGE).rglob("*.py"), *(ROOT / "examples").rglob("*.py"), *programs()]
    found = {str(file): hidden(file.read_text()) for file in files}
    assert {file: lines for file, lines in found.items() if lines} == {}


def programs():
    """Yield the programs of scripts/ that are Python."""
    for file in filter(Path.is_file, (ROOT / "scripts").iterdir()):
        if file.suffix == ".py" or "python" in file.read_text().partition("\n")[0]:
            yield file


@pytest.mark.parametrize(
    ("line", "lines"),
    [
        ("for each in findings: ...", [1]),
        ("x = [one.at\n  for one in y]", [2]),
        ("x = {key for key, found in y}", [1]),
        ("for finding in found: ...", []),
    ],
)
def test_a_planted_loop_is_found(line, lines):
    assert hidden(line) == lines
