"""Loops name what they go through: `finding`, not `each`."""

import ast
from pathlib import Path

import pytest
from test_layers import PACKAGE, sources

ROOT = Path(__file__).parents[1] / PACKAGE
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
    found = {module: hidden(source) for module, source in sources(ROOT).items()}
    assert {module: lines for module, lines in found.items() if lines} == {}


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
