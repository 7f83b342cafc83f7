"""The HTML page in a real browser: what is there, what it answers to, what it never does."""

import pytest
from pages import HOSTILE, count, entry, failover, hostile, text, written

from pytest_rdsfailover.report import html

TRIALS = 3


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    entries = [
        entry(failover(), failed=False),
        entry(failover(stuck=(2,)), failed=True, why="assert 1 writer is stuck"),
        entry(failover(lost=3), failed=True, why="assert ['run-0-0'] == []"),
    ]
    return written(tmp_path_factory.mktemp("page") / "index.html", entries)


def shown(browser, trial=1):
    """Go to a trial's timeline and return where it is on the screen."""
    browser.run(f"document.getElementById('trial-{trial}').scrollIntoView({{behavior: 'instant'}})")
    browser.wait_for(f"!!document.querySelector('#trial-{trial} svg.scene')")
    # Findings stand above it: the whole of it is on the screen only if one goes to its end.
    scene = f"document.querySelector('#trial-{trial} svg.scene')"
    browser.run(f"{scene}.scrollIntoView({{behavior: 'instant', block: 'end'}})")
    box = f"{scene}.getBoundingClientRect()"
    return browser.run(f"(b => [b.left, b.top, b.width, b.height])({box})")


def view(browser, trial=1):
    """Return from when to when a timeline shows, in milliseconds."""
    chart = f"document.querySelector('#trial-{trial} .chart')"
    return browser.run(f"(d => [Number(d.from), Number(d.to)])({chart}.dataset)")


def test_the_page_asks_for_nothing_and_complains_of_nothing(browser, page):
    browser.open(page)
    for trial in range(1, TRIALS + 1):
        shown(browser, trial)

    assert browser.requests == [page.as_uri()]
    assert browser.complaints == []


def test_every_trial_is_a_dot_that_leads_to_it(browser, page):
    browser.open(page)
    browser.wait_for("!!document.querySelector('.strip svg a')")

    assert count(browser, ".strip svg a") == TRIALS
    hrefs = "[...document.querySelectorAll('.strip svg a')].map(a => a.getAttribute('href'))"
    assert sorted(browser.run(hrefs)) == ["#trial-1", "#trial-2", "#trial-3"]
    click = "dispatchEvent(new MouseEvent('click', {bubbles: true}))"
    browser.run(f"document.querySelector('.strip svg a[href=\"#trial-2\"]').{click}")
    assert browser.run("location.hash") == "#trial-2"


def test_a_trial_shows_its_figures_its_errors_its_milestones_and_how_to_run_it_again(browser, page):
    browser.open(page)
    shown(browser)
    words = text(browser, "#trial-1")

    for expected in ("2.15 s", "2013 reset", "2003 refused", "promoted", "instance-2",
                     "pytest --rds-seed=7", "p99", "PASSED"):  # fmt: skip
        assert expected in words, expected


def test_a_stuck_writer_is_named_beside_its_lane(browser, page):
    browser.open(page)
    shown(browser, 2)

    assert "writer 2 stuck" in text(browser, "#trial-2 svg.scene")
    assert "stuck" not in text(browser, "#trial-1 .figures").replace("stuck writers0", "")
    assert count(browser, "#trial-2 path.k-read-only") == 2  # among the writes, and in its lane


def test_what_is_wrong_stands_above_the_figures_with_what_helps(browser, page):
    browser.open(page)
    stuck, lost = (text(browser, f"#trial-{number} .findings li") for number in (2, 3))
    order = "document.querySelector('#trial-2 .findings').compareDocumentPosition"

    assert "1 of 4 writers never came back (2)" in stuck
    assert "drop connections on read-only errors" in stuck
    assert "3 acknowledged writes are not in the database" in lost
    assert browser.run(f"{order}(document.querySelector('#trial-2 .figures')) & 4") == 4
    assert count(browser, "#trial-1 .findings") == 0


def test_lost_writes_are_listed_with_their_keys(browser, page):
    browser.open(page)

    assert "run-0-0, run-0-1, run-0-2" in text(browser, "#trial-3")
    assert "3 acknowledged writes lost" in text(browser, "header")


def test_hovering_tells_the_moment_and_the_writer_under_the_pointer(browser, page):
    browser.open(page)
    left, top, width, height = shown(browser, 2)
    tip = "document.querySelector('#trial-2 .tip')"

    assert browser.run(f"{tip}.hidden")
    browser.mouse("mouseMoved", left + width * 0.7, top + height - 60)
    browser.wait_for(f"!{tip}.hidden")
    assert "writes/s acknowledged" in text(browser, "#trial-2 .tip")
    assert "writer " in text(browser, "#trial-2 .tip")


def test_dragging_zooms_and_a_double_click_shows_all(browser, page):
    browser.open(page)
    left, top, width, height = shown(browser)
    before = view(browser)
    y = top + height / 2

    browser.mouse("mouseMoved", left + width * 0.4, y)
    browser.mouse("mousePressed", left + width * 0.4, y, buttons=1, clicks=1)
    browser.mouse("mouseMoved", left + width * 0.6, y, buttons=1)
    browser.mouse("mouseReleased", left + width * 0.6, y, clicks=1)
    start, stop = view(browser)
    assert before[0] < start < stop < before[1]

    for clicks in (1, 2):
        browser.mouse("mousePressed", left + width / 2, y, buttons=1, clicks=clicks)
        browser.mouse("mouseReleased", left + width / 2, y, clicks=clicks)
    assert view(browser) == [-10_000, 10_000]


def test_the_keyboard_zooms_moves_the_cursor_and_goes_from_trial_to_trial(browser, page):
    browser.open(page)
    shown(browser)
    failover_view = view(browser)
    browser.run("document.querySelector('#trial-1 svg.scene').focus()")

    browser.key("+")
    closer = view(browser)
    assert closer[1] - closer[0] < failover_view[1] - failover_view[0]
    browser.key("ArrowRight")
    assert not browser.run("document.querySelector('#trial-1 .tip').hidden")
    browser.key("0")
    assert view(browser) == [-10_000, 10_000]
    browser.key("f")
    assert view(browser) == failover_view
    browser.key("j")
    browser.key("j")
    assert browser.run("location.hash") == "#trial-2"
    browser.key("k")
    assert browser.run("document.activeElement.id") == "trial-1"


def test_buttons_show_the_failover_or_the_whole_trial(browser, page):
    browser.open(page)
    shown(browser)
    buttons = "[...document.querySelectorAll('#trial-1 .tools button')]"
    press = f"{buttons}.find(b => b.textContent === '%s')"

    browser.run(press % "Whole trial" + ".click()")
    assert view(browser) == [-10_000, 10_000]
    assert browser.run(press % "Whole trial" + ".getAttribute('aria-pressed')") == "true"


def test_light_and_dark_follow_the_system_until_the_button_says_otherwise(browser, page):
    browser.prefer("dark")
    browser.open(page)
    paper = "getComputedStyle(document.body).backgroundColor"
    dark = browser.run(paper)

    browser.run("document.getElementById('theme').click()")
    light = browser.run(paper)
    assert (dark, light) == ("rgb(15, 19, 24)", "rgb(255, 255, 255)")


@pytest.mark.parametrize("width", [360, 800, 1600])
def test_the_page_fits_its_window(browser, page, width):
    browser.resize(width, 900)
    browser.open(page)
    shown(browser)

    assert browser.run("document.documentElement.scrollWidth") <= width


def test_the_page_is_printed_on_white_whatever_its_reader_prefers(browser, page):
    dark = [{"name": "prefers-color-scheme", "value": "dark"}]
    browser.open(page)
    browser.call("Emulation.setEmulatedMedia", media="print", features=dark)
    try:
        paper = browser.run("getComputedStyle(document.body).backgroundColor")
    finally:
        browser.call("Emulation.setEmulatedMedia", media="", features=[])

    assert paper == "rgb(255, 255, 255)"


def test_the_page_prints_with_every_timeline(browser, page):
    browser.open(page)
    # All at once, as a browser prints: nothing that is drawn later comes onto the paper.
    drawn = "document.querySelectorAll('svg.scene').length"
    assert browser.run(f"(dispatchEvent(new Event('beforeprint')), {drawn})") == TRIALS

    assert browser.pdf().startswith(b"%PDF")
    assert browser.complaints == []


def test_hostile_texts_are_texts(browser, tmp_path):
    browser.open(written(tmp_path / "index.html", [hostile()], title=HOSTILE))
    shown(browser)

    assert browser.run("window.hacked === undefined")
    assert count(browser, "img") == 0
    assert count(browser, "script") == 1 + len(html.SCRIPTS)
    assert browser.run("document.title") == HOSTILE
    assert text(browser, ".why") == HOSTILE
    assert HOSTILE in text(browser, "#trial-1 h2")
    assert text(browser, "#trial-1 ul") == HOSTILE  # its note
    assert browser.complaints == []


def test_repeats_have_shares_comparisons_and_what_they_leave_open(browser, tmp_path):
    def proxied(downtime):
        made = entry(failover())
        made["trial"] |= {
            "scenario": "proxy",
            "endpoint": "proxy",
            "downtime_s": downtime,
            "resolution_s": 0.02,
        }
        del made["trial"]["figures"]  # of another downtime
        return made

    entries = [*(entry(failover()) for _ in range(6)), *map(proxied, [0, 0, 0, 0, 0, 1.0])]
    browser.open(written(tmp_path / "index.html", entries))
    words = text(browser, "main")

    assert "5 of 6 (44-97 %)" in words
    assert "proxy: 1 of 6 had downtime or may have, so up to 58 % of all failovers may" in words
    rows = browser.run(
        "[...document.querySelectorAll('table[aria-label=Comparisons] tbody td')]"
        ".map(cell => cell.textContent)"
    )
    assert rows[:4] == ["cluster (6 trials)", "proxy (6 trials)", "0", "\u2212100 %"]
    assert " to \u2212" in rows[5]
    assert 0 < float(rows[6]) < 0.05
    assert browser.complaints == []


def test_a_trial_of_an_unfit_clock_is_a_ring_and_has_no_figure(browser, tmp_path):
    made = entry(failover())
    made["trial"] |= {
        "downtime_s": None,
        "clock": {"reliable": False, "problem": f"it stood still {HOSTILE}"},
    }
    browser.open(written(tmp_path / "index.html", [made, entry(failover())]))
    browser.wait_for("!!document.querySelector('.strip svg a')")

    assert count(browser, ".strip .dot.invalid") == 1
    assert count(browser, ".strip .dot") == 2
    assert "unreliable" in text(browser, "#trial-1 .figures")
    assert f"The downtime is no figure: it stood still {HOSTILE}." in text(browser, "#trial-1")
    assert browser.complaints == []


def test_pins_of_the_proxy_are_listed(browser, tmp_path):
    made = entry(failover())
    pin = {"session": 7, "reason": "user variable", "statement": f"SET @a = '{HOSTILE}'"}
    made["trial"]["pins"] = [pin]
    browser.open(written(tmp_path / "index.html", [made]))

    assert "user variable" in text(browser, "#trial-1 .tables")
    assert HOSTILE in text(browser, "#trial-1 .tables")
    assert browser.complaints == []


def test_more_of_a_run_is_shown_as_plain_lines(browser, tmp_path):
    more = [("Pins of the proxy", ["session 7: SET @a", HOSTILE])]
    browser.open(written(tmp_path / "index.html", [entry(failover())], sections=more))

    assert text(browser, "main pre.lines") == f"session 7: SET @a\n{HOSTILE}"
    assert "Pins of the proxy" in text(browser, "main")
    assert browser.run("window.hacked === undefined")


def test_the_policy_lets_no_other_script_run(browser, page):
    """The planted fault: somebody gets a script into the page after all."""
    browser.open(page)
    browser.run(
        "document.body.append(Object.assign(document.createElement('script'),"
        " {textContent: 'window.hacked = 1'}))"
    )

    assert browser.run("window.hacked === undefined")
    assert any("Content Security Policy" in complaint for complaint in browser.complaints)


def test_a_trial_without_a_timeline_says_so(browser, tmp_path):
    plain = entry(failover()) | {"portrait": None}
    browser.open(written(tmp_path / "index.html", [plain]))

    assert "render the journal file" in text(browser, "#trial-1")
    assert browser.complaints == []


def test_a_run_without_trials_says_so(browser, tmp_path):
    browser.open(written(tmp_path / "index.html", []))

    assert "No trial was run" in text(browser, "main")
