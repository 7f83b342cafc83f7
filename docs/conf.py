"""Builds the site from the pages of this folder: sphinx-build -W docs OUT.

The pages are plain Markdown, which reads as well where it lies. The site's menu is what `index.md` links to.
"""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
SOURCE = f"{PACKAGE['urls']['Source']}/blob/main/"
KIND = re.compile(r"^## (.+)\n((?:(?!^## ).*\n?)*)", re.MULTILINE)
PAGE = re.compile(r"\]\(([\w-]+)\.md\)")

project, version, release = PACKAGE["name"], PACKAGE["version"], PACKAGE["version"]
author = "The pytest-rdsfailover maintainers"
project_copyright = author
extensions = ["myst_parser"]
myst_heading_anchors = 4  # named as everywhere else where Markdown is shown
html_theme = "furo"
html_title = project
html_baseurl = PACKAGE["urls"]["Documentation"]
html_theme_options = {"source_repository": PACKAGE["urls"]["Source"], "source_directory": "docs/"}
html_show_sphinx = False
nitpicky = True


def menu(text):
    """Return an index with a menu below each of its headings, of the pages that it links to there."""
    return KIND.sub(lambda kind: f"{kind[0]}\n{tree(kind[1], PAGE.findall(kind[2]))}\n", text)


def tree(caption, pages):
    """Return a menu's part."""
    return "\n".join(["```{toctree}", ":hidden:", f":caption: {caption}", "", *pages, "```"])


def read(_, page, source):
    """Make of a page what Sphinx shows: what lies beside this folder is linked to where it is kept."""
    source[0] = source[0].replace("](../", f"]({SOURCE}")
    if page == "index":
        source[0] = menu(source[0])


def setup(app):
    """Have Sphinx ask for each page."""
    app.connect("source-read", read)
