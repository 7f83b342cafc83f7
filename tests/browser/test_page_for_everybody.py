"""Who reads the page by keyboard, by ear, or with weak eyes finds all of it, at every width."""

import itertools
import time

import pytest
from pages import beside, entry, failover, text, written

# What each text has as contrast with what lies behind it, by WCAG 2.2, and how much it needs.
CONTRASTS = """
(() => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const over = ([r, g, b, a = 1], below) => [r, g, b].map((each, at) => each * a + below[at] * (1 - a));
  const light = (colour) => colour.map((each) => each / 255)
    .map((each) => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4)
    .reduce((sum, each, at) => sum + each * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = (element) => {
    const above = element.parentElement ? behind(element.parentElement) : [255, 255, 255];
    return over(numbers(getComputedStyle(element).backgroundColor), above);
  };
  const opacity = (element) => element
    ? getComputedStyle(element).opacity * opacity(element.parentElement) : 1;
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement, words = walker.currentNode.data.trim();
    if (!words || !element.checkVisibility() || element.closest("title, script, style")) continue;
    const style = getComputedStyle(element), paper = behind(element);
    const [r, g, b, a = 1] = numbers(element.closest("svg") ? style.fill : style.color);
    const ink = over([r, g, b, a * opacity(element)], paper);
    const [low, high] = [light(ink), light(paper)].sort((one, other) => one - other);
    const size = parseFloat(style.fontSize), bold = style.fontWeight >= 700;
    const needed = size >= 24 || (bold && size >= 18.66) ? 3 : 4.5;
    found.push({ words, contrast: (high + 0.05) / (low + 0.05), needed });
  }
  return found;
})()
"""
# What can be clicked or typed on, and is seen.
CONTROLS = (
    "[...document.querySelectorAll('a[href], button, summary, input, select, [tabindex=\"0\"]')]"
    ".filter(each => each.checkVisibility())"
)
OPEN_ALL = "document.querySelectorAll('details').forEach(each => { each.open = true; })"
# The dots of the strip show it by their own outline; the body has the focus where nothing else has.
IS_OUTLINED = (
    "(each => each === document.body || getComputedStyle(each).outlineStyle !== 'none' || !!each.closest('.strip'))"
    "(document.activeElement)"
)
SCROLLED = -1  # a table that is wider than the window is reached, too, to be scrolled
WIDTHS = (390, 1440)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    entries = [
        entry(failover(), failed=False),
        entry(failover(stuck=(2,), lost=3), failed=True, why="assert 1 writer is stuck"),
        beside(failed=False),
    ]
    return written(tmp_path_factory.mktemp("page") / "index.html", entries)


def shown(browser, page):
    """Open a page and have it draw and show all of it."""
    browser.open(page)
    browser.run("dispatchEvent(new Event('beforeprint'))")
    browser.run(OPEN_ALL)
    browser.wait_for("document.querySelectorAll('svg.scene').length === 3")


def pale(browser):
    return [each for each in browser.run(CONTRASTS) if each["contrast"] < each["needed"]]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_what_lies_behind_it(browser, page, scheme, width):
    browser.resize(width, 900)
    browser.prefer(scheme)
    shown(browser, page)

    assert pale(browser) == []
    assert len(browser.run(CONTRASTS)) > 200


@pytest.mark.parametrize("words", ["h1", "#trial-1 svg.scene text"])
def test_a_planted_pale_text_is_found(browser, page, words):
    shown(browser, page)
    # By the object model: the page's policy lets no attribute do it.
    browser.run(
        "(style => { for (const name of ['color', 'fill']) style.setProperty(name, '#aaa'); })"
        f"(document.querySelector({words!r}).style)"
    )

    assert [each["words"] for each in pale(browser)] == [text(browser, words)]


def tab(browser):
    for kind in ("keyDown", "keyUp"):
        browser.call(
            "Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9
        )


def drawn_controls(browser):
    """Return how many controls there are, once nothing is drawn anew any more."""
    for _ in range(50):
        controls = browser.run(f"(window.controls = {CONTROLS}).length")
        time.sleep(0.2)
        if browser.run(f"{CONTROLS}.every((each, at) => each === window.controls[at])"):
            return controls
    raise TimeoutError("the page is drawn anew for ever")


@pytest.mark.parametrize("width", WIDTHS)
def test_every_control_is_reached_by_tab_in_the_order_of_the_page_and_shows_that(
    browser, page, width
):
    browser.resize(width, 900)
    shown(browser, page)
    controls = drawn_controls(browser)
    reached = []
    for _ in range(2 * controls):
        if len(reached) == controls:
            break
        tab(browser)
        assert browser.run(IS_OUTLINED), browser.run("document.activeElement.outerHTML")
        reached.append(browser.run(f"{CONTROLS}.indexOf(document.activeElement)"))
        reached = [each for each in reached if each != SCROLLED]

    assert reached == list(range(controls))
    assert controls > 20


def unnamed(browser):
    """Return which controls and drawings a screen reader has no name for."""
    browser.call("Accessibility.enable")
    tree = browser.call("Accessibility.getFullAXTree")["nodes"]
    spoken = {
        "link",
        "button",
        "DisclosureTriangle",
        "img",
        "image",
        "table",
        "textbox",
        "combobox",
    }
    return [
        each["role"]["value"]
        for each in tree
        if not each["ignored"]
        and each["role"]["value"] in spoken
        and not each.get("name", {}).get("value", "").strip()
    ]


def test_every_control_drawing_and_table_has_a_name(browser, page):
    shown(browser, page)

    assert unnamed(browser) == []
    browser.run("document.getElementById('theme').removeAttribute('aria-label')")
    browser.run("document.getElementById('theme').textContent = ''")
    assert unnamed(browser) == ["button"]


def test_the_page_has_one_title_and_no_level_of_headings_is_left_out(browser, page):
    shown(browser, page)
    levels = browser.run(
        "[...document.querySelectorAll('h1, h2, h3, h4')].map(each => Number(each.tagName[1]))"
    )

    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    for one in ("main", "header h1", "html[lang]", "meta[name=viewport]"):
        assert browser.run(f"document.querySelectorAll({one!r}).length") == 1, one


def test_no_name_is_given_twice(browser, page):
    """A link and a label lead to the first of two elements with one id."""
    shown(browser, page)
    names = browser.run("[...document.querySelectorAll('[id]')].map(each => each.id)")

    assert len(names) == len(set(names))


@pytest.mark.parametrize("width", WIDTHS)
def test_who_does_all_that_the_page_offers_sends_no_request(browser, page, width):
    browser.resize(width, 900)
    shown(browser, page)
    browser.run("document.querySelectorAll('button').forEach(each => each.click())")
    browser.run("document.querySelectorAll('.strip a').forEach(each => each.dispatchEvent("
                "new MouseEvent('click', {bubbles: true})))")  # fmt: skip

    assert {url.partition("#")[0] for url in browser.requests} == {page.as_uri()}
    assert browser.run("document.documentElement.scrollWidth") <= width
