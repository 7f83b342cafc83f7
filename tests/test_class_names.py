"""No two public classes of the package have one name, because they may meet in one traceback."""

import ast
import collections
from pathlib import Path

import pytest
from test_layers import PACKAGE, sources

ROOT = Path(__file__).parents[1] / PACKAGE

ALLOWED = {
    "Latency": "a toxic is called what Toxiproxy calls it",
}


def namesakes(root: Path) -> dict[str, list[str]]:
    """Return the modules of each public class whose name several modules have."""
    homes = collections.defaultdict(list)
    for module, source in sources(root).items():
        for node in ast.parse(source).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].append(module)
    return {name: modules for name, modules in homes.items() if len(modules) > 1}


def test_no_two_public_classes_have_one_name_without_a_reason():
    assert namesakes(ROOT).keys() == ALLOWED.keys()


@pytest.mark.parametrize(
    ("second", "found"),
    [("Plan", {"Plan": ["deep/two", "one"]}), ("_Plan", {}), ("Order", {})],
)
def test_a_planted_namesake_is_found(tmp_path, second, found):
    (tmp_path / "deep").mkdir()
    (tmp_path / "one.py").write_text("class Plan:\n    pass\n")
    (tmp_path / "deep" / "two.py").write_text(f"class {second}:\n    pass\n")

    assert namesakes(tmp_path) == found
