"""The pages make a site, without one warning."""

import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Build the site; return its folder."""
    for package in ("sphinx", "myst_parser", "furo"):
        pytest.importorskip(package, reason=f"{package} is missing: pip install -e '.[docs]'")
    out = tmp_path_factory.mktemp("site")
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-q",
        "-W",
        "--keep-going",
        "-d",
        out / "trees",
        DOCS,
        out,
    ]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (built.returncode, built.stderr) == (0, "")
    return out


def test_the_site_has_every_page_and_each_stands_in_the_menu(site):
    menu = (site / "search.html").read_text()

    assert [
        page.stem
        for page in DOCS.glob("*.md")
        if page.stem != "index" and f'href="{page.stem}.html"' not in menu
    ] == []
    for kind in ("Tutorial", "How-to guides", "By error text", "Explanation", "Reference"):
        assert f"{kind}</span>" in menu


def test_what_lies_beside_the_pages_is_linked_to_where_it_is_kept(site):
    page = (site / "any-language.html").read_text()

    assert "/blob/main/examples/go/README.md" in page
    assert 'href="../' not in page
