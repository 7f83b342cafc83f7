"""Each script of the page has a scope of its own: what it does not export nobody sees."""

import re
from importlib import resources

from pages import entry, failover, written

from pytest_rdsfailover.report import html

PAGE = resources.files("pytest_rdsfailover.report").joinpath("page")
DECLARED = re.compile(r"^(?:const|let|var|class|function) (\w+)", re.MULTILINE)


def leaked(browser, path):
    """Return the names of the scripts that a script of no module can see."""
    sources = [PAGE.joinpath(name).read_text(encoding="utf-8") for name in html.SCRIPTS]
    names = sorted({name for source in sources for name in DECLARED.findall(source)})
    assert len(names) > 80
    kinds = (f"() => typeof {name}" for name in names)
    # A script that broke off leaves names that nobody may read any more.
    seen = (
        f"[{', '.join(kinds)}].map((kind) => {{ try {{ return kind(); }} catch {{ return ''; }} }})"
    )
    usual = browser.run(seen)  # a browser has a `name` and others of its own
    browser.call("Page.navigate", url=path.as_uri())
    browser.wait_for("document.readyState === 'complete' && !!globalThis.rdsfailover")
    return [
        name for name, before, now in zip(names, usual, browser.run(seen), strict=True)
        if now != before
    ]  # fmt: skip


def test_no_name_of_a_script_is_seen_outside_it(browser, tmp_path):
    assert leaked(browser, written(tmp_path / "index.html", [entry(failover())])) == []


def test_planted_scripts_that_are_no_modules_are_found_by_their_names(browser, tmp_path):
    path = written(tmp_path / "index.html", [entry(failover())])
    path.write_text(path.read_text().replace('<script type="module">', "<script>"))

    assert {"el", "fill", "SIZES", "rounded"} <= set(leaked(browser, path))


def test_a_script_exports_only_what_another_one_uses(browser, tmp_path):
    browser.open(written(tmp_path / "index.html", [entry(failover())]))
    exported = browser.run("Object.entries(rdsfailover).map(([k, v]) => [k, Object.keys(v)])")
    sources = "\n".join(PAGE.joinpath(name).read_text() for name in html.SCRIPTS)
    used = {
        module: {name for names in re.findall(rf"\{{ (.*) \}} = rdsfailover\.{module};", sources)
                 for name in names.split(", ")}
        for module, _ in exported
    }  # fmt: skip

    assert {module: set(names) for module, names in exported} == used
