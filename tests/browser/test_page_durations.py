"""The page shows seconds exactly as the terminal and Markdown do: one rule in two languages."""

import json
import random

from pages import written

from pytest_rdsfailover.model.durations import (
    SIZES,
    format_change,
    format_difference,
    format_duration,
    format_figure,
    format_moment,
    format_share,
)


def many_seconds():
    """Return values of every size, halves of the last digit, and both sides of each limit."""
    chance = random.Random(7)
    anything = [10 ** chance.uniform(-6, 5) for _ in range(3000)]
    measured = [round(value, 6) for value in anything]
    halves = [n / 16 for n in range(2000)] + [n / 2000 for n in range(2000)]
    limits = [limit / factor * (1 + side) for limit, _, factor, _ in SIZES
              for side in (-1e-2, -5e-3, -5e-4, -1e-9, 0, 1e-9)]  # fmt: skip
    found = [0, 59.5, 119.5, 3599.5, *anything, *measured, *halves, *limits]
    return [*found, *(-value for value in found)]


def shown(browser, name, *arguments):
    """Return what a function of the page says of each of many values."""
    calls = f"{json.dumps(list(zip(*arguments, strict=True)))}.map(a => {name}(...a))"
    return browser.run(f"(({{ {name} }}) => {calls})(rdsfailover.durations)")


def test_the_page_and_the_terminal_say_the_same_seconds_alike(browser, tmp_path):
    browser.open(written(tmp_path / "index.html", []))
    values = many_seconds()

    def minus(text):
        return text.replace("-", "\u2212")  # the page sets it as a printer does

    assert shown(browser, "duration", values) == [minus(format_duration(each)) for each in values]
    assert shown(browser, "difference", values) == [
        minus(format_difference(each)) for each in values
    ]
    assert shown(browser, "moment", values) == [format_moment(each) for each in values]


def test_the_page_and_the_terminal_give_a_figure_the_same_resolution(browser, tmp_path):
    browser.open(written(tmp_path / "index.html", []))
    sizes = [abs(value) for value in many_seconds()]
    spreads = sizes[1:] + sizes[:1]
    found = ["".join(parts) for parts in shown(browser, "figure", sizes, spreads)]

    assert found == [format_figure(*each) for each in zip(sizes, spreads, strict=True)]


def test_the_page_and_the_terminal_say_the_same_shares_and_changes_alike(browser, tmp_path):
    browser.open(written(tmp_path / "index.html", []))
    chance = random.Random(7)
    counted = [chance.randint(0, most) / most for most in range(1, 5000)]
    shares = [
        0,
        1,
        1e-6,
        1 - 1e-6,
        0.99005,
        0.12125,
        0.5555,
        *counted,
        *(n / 1600 for n in range(1600)),
    ]
    changes = [
        0,
        *(chance.uniform(-1, 9) for _ in range(2000)),
        *(n / 200 for n in range(-200, 900)),
    ]

    assert shown(browser, "share", shares) == [format_share(value) for value in shares]
    assert shown(browser, "change", changes) == [
        format_change(value).replace("-", "\u2212") for value in changes
    ]
