"""The README reads well where nothing lies beside it, as on a package index."""

import re
import tomllib

import pytest
from test_docs import BLOCK, ROOT, anchors, read


def test_the_readme_s_first_example_is_the_quickstart_byte_for_byte():
    assert BLOCK.search(read("README.md"))[1] == read("examples/quickstart/test_quickstart.py")


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
    name, _, anchor = link.removeprefix(site).partition("#")
    page = ROOT / "docs" / f"{name.removesuffix('.html') or 'index'}.md"
    return link.startswith(site) and page.exists() and (not anchor or anchor in anchors(page))


@pytest.mark.parametrize(
    "link", ["docs/live.md", "{site}lives.html", "{site}live.html#no", "{source}/x.py"]
)
def test_a_planted_link_leads_nowhere(link):
    urls = tomllib.loads(read("pyproject.toml"))["project"]["urls"]

    assert leads_somewhere(f"{urls['Documentation']}live.html#the-gates")
    assert not leads_somewhere(link.format(site=urls["Documentation"], source=urls["Source"]))
