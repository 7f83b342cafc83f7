"""What the help says of an option is so, and a text stands for what it says."""

import re

import pytest

from pytest_rdsfailover.model import options
from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.model.live_settings import LiveSettings
from pytest_rdsfailover.model.option_texts import PARSERS
from pytest_rdsfailover.model.options import LIVE_OPTIONS, OPTIONS
from pytest_rdsfailover.model.settings import Settings

LIVE = LiveSettings(
    cluster="orders", account="111122223333", region="eu-west-1", schema="failover"
)  # fmt: skip
TOLD = re.compile(r"\(([^()]+)\)$")  # at the end of the help
READ = (options.TEXT, options.COUNT, options.RATE, options.DURATION)
IN_WORDS = {"seed"}  # random
DEFAULTS = [
    (option, value)
    for option in OPTIONS
    if option.kind in READ and TOLD.search(option.help) and option.name not in IN_WORDS
    and (value := getattr(LIVE if option in LIVE_OPTIONS else Settings(), option.name, None)) is not None
]  # fmt: skip


@pytest.mark.parametrize(("option", "value"), DEFAULTS, ids=[option.name for option, _ in DEFAULTS])
def test_the_default_that_the_help_tells_is_the_one_that_counts(option, value):
    assert PARSERS[option.kind](TOLD.search(option.help)[1]) == value


def test_every_switch_is_off_unless_it_is_given():
    switches = [option.name for option in OPTIONS if option.kind == options.SWITCH]
    given = [name for name in switches if getattr(Settings(), name, getattr(LIVE, name, False))]

    assert given == []
    assert len(switches) > 5


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (options.COUNT, " 7 ", 7), (options.COUNT, "-7", -7), (options.COUNT, "+0", 0),
        (options.RATE, "0.5", 0.5), (options.RATE, "1000000", 1e6),
        (options.SWITCH, "Yes", True), (options.SWITCH, "0", False), (options.SWITCH, "no", False),
        (options.NAMES, "one", ("one",)), (options.NAMES, " one ,two", ("one", "two")),
    ],
)  # fmt: skip
def test_a_text_stands_for_its_value(kind, text, value):
    assert PARSERS[kind](text) == value


@pytest.mark.parametrize(
    ("kind", "text", "complaint"),
    [
        (options.COUNT, "\u0663", "not a whole number"), (options.COUNT, "1.0", "not a whole number"),
        (options.COUNT, "", "not a whole number"), (options.COUNT, "9" * 19, "not a whole number"),
        (options.RATE, "\u0663", "not a number of writes"), (options.RATE, "fast", "not a number of writes"),
        (options.RATE, "0", "needs a rate above 0"), (options.RATE, "1000001", "up to 1,000,000"),
        (options.RATE, "nan", "needs a rate above 0"),
        (options.SWITCH, "perhaps", "neither yes nor no"), (options.SWITCH, "", "neither yes nor no"),
        *[(options.NAMES, text, "lacks a name") for text in ("", " ", ",", "a,", ",a", "a,,b")],
    ],
)  # fmt: skip
def test_a_text_that_stands_for_nothing_is_refused(kind, text, complaint):
    with pytest.raises(SettingError, match=complaint):
        PARSERS[kind](text)
