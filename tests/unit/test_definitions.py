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


def test_every_section_says_first_in_short_what_it_is_about():
    for page in ("definitions.md", "measuring.md"):
        _, *sections = re.split(r"^## ", (ROOT / "docs" / page).read_text(), flags=re.MULTILINE)
        long = [
            each.partition("\n")[0]
            for each in sections
            if not each.partition("\n")[2].startswith("\n**In short:** ")
        ]
        assert long == [], page
        assert len(sections) > 8
