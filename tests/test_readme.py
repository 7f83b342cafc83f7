"""The README reads well where nothing lies beside it, as on a package index."""

import re
import runpy
import tomllib

import pytest
from test_docs import BLOCK, ROOT, anchors, read


def test_the_readme_s_first_example_is_the_quickstart_byte_for_byte():
    assert BLOCK.search(read("README.md"))[1] == read("examples/quickstart/test_quickstart.py")


def test_the_picture_is_the_one_that_is_drawn_of_a_judged_trial_byte_for_byte():
    drawn = runpy.run_path(str(ROOT / "scripts" / "picture.py"))

    assert drawn["PICTURE"].read_text() == drawn["picture"]()
    assert "](https://raw.githubusercontent.com/" in read("README.md")


def test_the_readme_links_to_pages_and_files_by_their_whole_address():
    """It is read where nothing lies beside it."""
    links = re.findall(r"\]\(([^)]+)\)", read("README.md"))

    assert [link for link in links if not leads_somewhere(link)] == []
    assert len(links) > 20


def leads_somewhere(link):
    """Tell whether a whole address is that of a page of the site, its heading, or a file of ours."""
    urls = tomllib.loads(read("pyproject.toml"))["project"]["urls"]
    site, source = urls["Documentation"], f"{urls['Source']}/blob/main/"
    if link.startswith(source):
        return (ROOT / link.removeprefix(source)).exists()
    raw = f"{urls['Source'].replace('github.com', 'raw.githubusercontent.com')}/main/"
    if link.startswith(raw):
        return (ROOT / link.removeprefix(raw)).exists()
    name, _, anchor = link.removeprefix(site).partition("#")
    page = ROOT / "docs" / f"{name.removesuffix('.html') or 'index'}.md"
    return link.startswith(site) and page.exists() and (not anchor or anchor in anchors(page))


@pytest.mark.parametrize(
    "link",
    [
        "docs/live.md",
        "{site}lives.html",
        "{site}live.html#no",
        "{source}/x.py",
        "{source}/raw/main/x.svg",
    ],
)
def test_a_planted_link_leads_nowhere(link):
    urls = tomllib.loads(read("pyproject.toml"))["project"]["urls"]

    assert leads_somewhere(f"{urls['Documentation']}live.html#the-gates")
    assert not leads_somewhere(link.format(site=urls["Documentation"], source=urls["Source"]))
