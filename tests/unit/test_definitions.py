"""The definitions name a test for each rule, and each of those tests exists."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_test_that_the_definitions_name_exists():
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs" / "definitions.md").read_text()))
    sources = [path.read_text() for path in (ROOT / "tests").rglob("test_*.py")]
    known = {name for source in sources for name in re.findall(r"def (test_\w+)\(", source)}

    assert len(named) > 40
    assert named - known == set()
