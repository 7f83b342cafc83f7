"""The documents say what the code does: examples byte for byte, every option, every link."""

import re
from pathlib import Path

import pytest

from pytest_rdsfailover import fixtures, hooks, options
from pytest_rdsfailover.local.profiles import shipped

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")])
LINK = re.compile(r"\[[^\]]*\]\((?!https?://|#)([^)#\s]+)(?:#[^)]*)?\)")
PATH = re.compile(r"`((?:tests|docs|examples|scripts|pytest_rdsfailover)/[\w./-]+)`")
NAMED = re.compile(r"\b(test_\w+)\b(?![.\w])")
TESTS = [*(ROOT / "tests").rglob("*.py"), *(ROOT / "examples").rglob("*.py")]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def read(name):
    return (ROOT / name).read_text()


def test_the_readme_s_first_example_is_the_quickstart_byte_for_byte():
    assert BLOCK.search(read("README.md"))[1] == read("examples/quickstart/test_quickstart.py")


def test_the_aws_page_s_example_is_the_example_byte_for_byte():
    assert BLOCK.search(read("docs/aws.md"))[1] == read("examples/aws-api/test_drill.py")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_and_every_named_file_exists(page):
    text = page.read_text()
    missing = [link for link in LINK.findall(text) if not (page.parent / link).exists()]
    missing += [path for path in PATH.findall(text) if not (ROOT / path).exists()]

    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_test_that_a_page_names_exists(page):
    there = {name for path in TESTS for name in NAMED.findall(path.read_text())}

    assert set(NAMED.findall(page.read_text())) - there == set()


@pytest.mark.parametrize("option", options.OPTIONS, ids=lambda option: option.name)
def test_every_option_is_documented(option):
    assert f"`{option.flag}`" in read("docs/reference.md")


@pytest.mark.parametrize("name", shipped())
def test_every_profile_is_documented(name):
    assert f"`{name}`" in read("docs/reference.md")


@pytest.mark.parametrize("marker", fixtures.MARKERS)
def test_every_marker_is_documented(marker):
    name = re.match(r"\w+", marker)[0]
    assert f"`{name}" in read("docs/reference.md")


@pytest.mark.parametrize(
    "name", [name for name, each in vars(fixtures).items() if hasattr(each, "_fixture_function")]
)
def test_every_fixture_is_documented(name):
    assert f"`{name}`" in read("docs/reference.md")


@pytest.mark.parametrize("hook", [name for name in vars(hooks) if name.startswith("pytest_rds")])
def test_every_hook_is_documented_and_has_an_example_that_runs(hook):
    assert f"`{hook}(" in read("docs/hooks.md")
    assert f"def {hook}(" in read("examples/hooks/conftest.py")


def test_the_code_of_the_hooks_page_is_that_of_the_example():
    blocks = BLOCK.findall(read("docs/hooks.md"))

    assert len(blocks) == 7
    assert [block for block in blocks if block not in read("examples/hooks/conftest.py")] == []
