"""What the page says and draws of all trials together: crowds of them, and what is not known."""

import itertools

import pytest
from pages import count, entry, failover, text, written

from pytest_rdsfailover.report import html


def many(downtimes, **more):
    """Return trials of one scenario that differ in their downtime only."""
    made = entry(failover(), **more) | {"portrait": None}
    return [made | {"trial": made["trial"] | {"downtime_s": each}} for each in downtimes]


def strip(browser, path):
    """Open a page and wait until its trials are drawn."""
    browser.open(path)
    browser.wait_for("!!document.querySelector('.strip svg a')")


def boxes(browser, selector):
    """Return left, top, width and height of each element."""
    found = f"[...document.querySelectorAll({selector!r})].map(e => e.getBoundingClientRect())"
    return [tuple(box) for box in browser.run(f"{found}.map(b => [b.x, b.y, b.width, b.height])")]


@pytest.mark.parametrize("trials", [1, 15, 22])
def test_equal_downtimes_are_dots_of_which_each_can_be_seen(browser, tmp_path, trials):
    strip(browser, written(tmp_path / "index.html", many([0.5] * trials)))
    places = boxes(browser, ".strip .dot")

    assert len(set(places)) == trials
    assert max(y for _, y, *_ in places) - min(y for _, y, *_ in places) <= 130


@pytest.mark.parametrize("trials", [23, 1000])
def test_a_crowd_of_equal_downtimes_is_a_bar_with_its_number(browser, tmp_path, trials):
    strip(browser, written(tmp_path / "index.html", many([0.5] * trials, failed=False)))

    assert count(browser, ".strip .dot") == 0
    ((*_, height),) = boxes(browser, ".strip .pile")
    assert 100 < height < 120
    assert f"\u00d7{trials}" in text(browser, ".strip svg")
    label = f"{trials:,} trials, passed, down 500 ms; the first is trial 1"
    assert text(browser, ".strip a title") == label


def test_a_bar_shows_the_few_that_failed_or_prove_nothing(browser, tmp_path):
    crowd = [*many([0.5] * 97, failed=False), *many([0.5], failed=True), *many([0.5])]
    invalid = entry(failover())
    invalid["trial"] |= {"valid": False, "downtime_s": 0.5}
    strip(browser, written(tmp_path / "index.html", [*crowd, invalid]))

    kinds = ("passed", "failed", "unknown", "invalid")
    assert [count(browser, f".strip .pile.{kind}") for kind in kinds] == [1, 1, 1, 1]
    assert min(height for *_, height in boxes(browser, ".strip .pile")) >= 1.5
    assert (
        browser.run("document.querySelector('.strip .failed').closest('a').getAttribute('href')")
        == "#trial-98"
    )
    said = text(browser, ".strip svg")
    assert "\u00d799" in said
    assert "1 trial, invalid; the first is trial 100" in said  # beside the scale


def test_numbers_of_a_crowd_do_not_cover_each_other(browser, tmp_path):
    spread = [0.3 + n % 20 / 400 for n in range(600)]
    strip(browser, written(tmp_path / "index.html", many(spread)))

    numbers = "[...document.querySelectorAll('.strip svg text')]"
    shown = browser.run(
        f"{numbers}.filter(e => e.textContent.startsWith('\u00d7')).map(e => {{"
        "const b = e.getBoundingClientRect(); return [b.left, b.right]})"
    )
    assert len(shown) > 2
    ends = sorted(shown)
    assert all(left[1] <= right[0] for left, right in itertools.pairwise(ends))


def lead(browser, path):
    """Return what a page says first, and in which colours."""
    browser.open(path)
    colours = "[...document.querySelectorAll('.lead [class]')].map(e => e.className)"
    return text(browser, ".lead"), browser.run(colours)


def test_trials_without_verdicts_are_not_called_passed(browser, tmp_path):
    path = written(tmp_path / "index.html", [entry(failover()), entry(failover())])

    assert lead(browser, path) == (
        "2 trials, verdicts unknown; 0 acknowledged writes lost", ["soft", "good"]
    )  # fmt: skip
    strip(browser, path)
    assert text(browser, "#trials .chip") == "VERDICT UNKNOWN"
    assert text(browser, "#trial-2 header .chip") == "VERDICT UNKNOWN"
    assert count(browser, ".strip .dot.unknown") == 2
    assert "verdict unknown" in text(browser, ".strip a title")


@pytest.mark.parametrize(
    ("verdicts", "words", "tone"),
    [
        ((False, False), "2 trials, no failed test; ", "good"),
        ((False, None), "2 trials, no failed test, verdicts of 1 trial unknown; ", "soft"),
        ((True, None), "2 trials, 1 in failed tests, verdicts of 1 trial unknown; ", "bad"),
    ],
)
def test_no_failed_test_is_said_in_green_only_if_every_verdict_is_known(
    browser, tmp_path, verdicts, words, tone
):
    entries = [entry(failover(), failed=failed) for failed in verdicts]
    said, colours = lead(browser, written(tmp_path / "index.html", entries))

    assert said.startswith(words)
    assert colours[0] == tone


def test_an_invalid_trial_s_failed_test_is_a_failed_test(browser, tmp_path):
    made = entry(failover(), failed=True)
    made["trial"]["valid"] = False
    said, colours = lead(browser, written(tmp_path / "index.html", [made]))

    assert said.startswith("1 trial, 1 in failed tests, 1 invalid; ")
    assert colours[:2] == ["bad", "warn"]


def test_what_was_not_audited_is_not_called_kept(browser, tmp_path):
    made = entry(failover(), failed=False)
    unread = html.entry(made["trial"] | dict.fromkeys(html.LISTS), failed=False)
    path = tmp_path / "index.html"

    said, colours = lead(browser, written(path, [unread]))
    assert said == "1 trial, no failed test; lost writes unknown, none was audited"
    assert colours == ["good", "soft"]
    said, colours = lead(browser, written(path, [unread, made]))
    assert said.endswith("; 0 acknowledged writes lost (1 trial not audited)")
    assert colours == ["good", "soft"]


def test_a_scenario_of_one_trial_has_no_row_of_figures_that_need_more(browser, tmp_path):
    single = entry(failover(), test="test_a.py::test_a", failed=False)
    browser.open(written(tmp_path / "index.html", [single]))
    assert count(browser, "table[aria-label=Scenarios]") == 0

    browser.open(written(tmp_path / "more.html", [single, *many([0.5] * 2, failed=False)]))
    assert "needs 6 trials" in text(browser, "table[aria-label=Scenarios]")
    assert count(browser, "table[aria-label=Scenarios] tbody tr") == 1


def test_trials_that_are_no_figure_are_counted_apart(browser, tmp_path):
    invalid, unfit = entry(failover()), entry(failover())
    invalid["trial"] |= {"valid": False}
    unfit["trial"] |= {"clock": {"reliable": False}}
    crowd = many([0.5] * 3, failed=False)
    browser.open(written(tmp_path / "index.html", [*crowd, invalid, invalid, unfit]))

    row = text(browser, "table[aria-label=Scenarios] tbody tr")
    assert "3 + 2 invalid + 1 unreliable" in row
    assert "0 of 3 (0-56 %)" in row  # as in the terminal and in Markdown


@pytest.mark.parametrize("width", [390, 1440])
def test_each_trial_s_verdict_is_seen_without_scrolling_aside(browser, tmp_path, width):
    browser.resize(width, 900)
    browser.open(written(tmp_path / "index.html", many([0.5] * 2, failed=False)))

    places = boxes(browser, "#trials .chip")
    assert len(places) == 2
    assert all(left >= 0 and left + wide <= width for left, _, wide, _ in places)


WHY = "AssertionError: 1 of 2 expectations not met\n  FAIL: downtime < 2 s: was 2.1 s\n    no write"
SENTENCES = {
    "passed": ({"failed": False}, "Writes were back after "),
    "failed": ({"failed": True, "why": WHY}, "The test failed: downtime < 2 s: was 2.1 s."),
    "failed otherwise": ({"failed": True, "why": "KeyError: 'a'\n"}, "The test failed: KeyError: 'a'."),
    "not judged": ({}, "Whether its test passed is not known."),
}  # fmt: skip


@pytest.mark.parametrize(("given", "said"), SENTENCES.values(), ids=SENTENCES)
def test_one_sentence_stands_above_each_trial(browser, tmp_path, given, said):
    measured = entry(failover(), **given)
    measured["trial"]["figures"]["downtime"]["upper"] = 2.3
    browser.open(written(tmp_path / "index.html", [measured]))

    assert said in text(browser, "#trial-1 .verdict")


def test_the_sentence_of_a_trial_that_lost_writes_says_what_helps(browser, tmp_path):
    browser.open(written(tmp_path / "index.html", [entry(failover(lost=3), failed=False)]))

    assert "3 acknowledged writes are not in the database (run-0-0" in text(
        browser, "#trial-1 .verdict"
    )


def test_the_page_opens_at_the_first_trial_that_failed(browser, tmp_path):
    entries = [*many([0.5] * 3, failed=False), *many([0.5], failed=True)]
    browser.open(written(tmp_path / "index.html", entries))
    ((_, top, _, _),) = boxes(browser, "#trial-4")
    assert top < 200

    browser.open(written(tmp_path / "calm.html", many([0.5] * 3, failed=False)))
    assert browser.run("scrollY") == 0


def test_scenarios_of_several_tests_are_called_by_their_tests(browser, tmp_path):
    def scenario(test, name):
        trial = entry(failover(), test=test, failed=False)
        return trial | {"trial": trial["trial"] | {"scenario": name}, "portrait": None}

    first, other = scenario("a.py::test_a[0]", "0"), scenario("a.py::test_b[1]", "1")
    strip(browser, written(tmp_path / "index.html", [first, other]))
    assert {"test_a[0]", "test_b[1]"} <= {*words(browser)}

    strip(browser, written(tmp_path / "one.html", [first, scenario("a.py::test_a[1]", "1")]))
    assert {"test_a[0]", "test_a[1]"} <= {*words(browser)}  # a number is no name


def words(browser):
    """Return what the texts of the strip say, without their titles."""
    return browser.run(
        "[...document.querySelectorAll('.strip svg text')].map(e => e.firstChild.textContent)"
    )


@pytest.mark.parametrize(
    "told", [{"valid": False, "downtime_s": 600.0}, {"valid": False, "downtime_s": None}]
)
def test_a_trial_that_proves_nothing_stands_beside_the_scale(browser, tmp_path, told):
    invalid = entry(failover())
    invalid["trial"] |= {**told, "test": "test_a.py::test_long"}
    strip(browser, written(tmp_path / "index.html", [*many([0.0, 0.5]), invalid]))

    none, half, aside = boxes(browser, ".strip .dot")
    assert half[0] - none[0] > 50
    assert aside[0] - half[0] > 50
    (label,) = boxes(browser, ".strip svg > text.aside")
    assert label[0] <= aside[0] <= aside[0] + aside[2] <= label[0] + label[2]
    assert text(browser, ".strip svg > text.aside") == "no figure"


@pytest.mark.parametrize("width", [390, 1440])
def test_names_of_scenarios_are_told_apart_in_the_drawing(browser, tmp_path, width):
    browser.resize(width, 900)
    long = "the-threads-of-the-second-pool-beside-the-first-one-of-the-service"
    entries = []
    for end in ("one", "two"):
        (made,) = many([0.5])
        scenario = f"{long}-{end}"
        made["trial"] |= {"scenario": scenario, "test": f"test_a.py::test_b[{scenario}]"}
        entries.append(made)
    try:
        strip(browser, written(tmp_path / "index.html", entries))
        shown = browser.run(
            "[...document.querySelectorAll('.strip svg > text:not(.soft)')].map(e => e.firstChild.data)"
        )
    finally:
        browser.resize(1280, 900)

    assert len(set(shown)) == 2
    assert all(name.endswith(end) for name, end in zip(shown, ("one", "two"), strict=True))


def test_a_dot_s_bar_reaches_over_all_that_its_downtime_may_be(browser, tmp_path):
    made = entry(failover())
    found = {"lower": 0.4, "upper": 0.7, "value": 0.55, "unit": "s"}
    made["trial"] |= {"downtime_s": 0.55, "figures": made["trial"]["figures"] | {"downtime": found}}
    strip(browser, written(tmp_path / "index.html", [made]))
    ((_, _, width, _),) = boxes(browser, ".strip a .error")
    ((left, *_), (right, *_)) = boxes(browser, ".strip svg .rule")[:2]
    labels = browser.run(
        "[...document.querySelectorAll('.strip svg .middle')].map(e => e.textContent)"
    )
    second = (right - left) / (float(labels[1]) - float(labels[0]))

    assert width == pytest.approx(0.3 * second, rel=0.02)
    assert count(browser, ".strip .median") == count(browser, ".strip .interval") == 0
