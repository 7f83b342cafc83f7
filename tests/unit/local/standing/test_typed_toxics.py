"""Toxics as users type them."""

import pytest

from pytest_rdsfailover.local.standing.toxics import WantedToxic, parse_toxic
from pytest_rdsfailover.model.errors import SettingError


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("latency=200", WantedToxic(kind="latency", attributes={"latency": 200})),
        ("latency=1.5s jitter=5ms", WantedToxic(kind="latency", attributes={"latency": 1500, "jitter": 5})),
        ("latency latency=7", WantedToxic(kind="latency", attributes={"latency": 7})),
        ("bandwidth=100", WantedToxic(kind="bandwidth", attributes={"rate": 100})),
        ("limit_data=9", WantedToxic(kind="limit_data", attributes={"bytes": 9})),
        ("timeout=0 stream=upstream", WantedToxic(kind="timeout", attributes={"timeout": 0}, stream="upstream")),
        ("slow_close=3 toxicity=0.5", WantedToxic(kind="slow_close", attributes={"delay": 3}, toxicity=0.5)),
        ("noop", WantedToxic(kind="noop")),
    ],
)  # fmt: skip
def test_words_are_a_toxic(words, wanted):
    assert parse_toxic(words.split()) == wanted


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("latncy=1", "did you mean 'latency'"),
        ("latency=1 jiter=2", "did you mean 'jitter'"),
        ("latency=fast", "whole number"),
        ("latency=-5", "whole number from 0"),
        ("latency=-5s", "whole number from 0"),
        ("latency=1 jitter=99999999999", "from 0 to 2147483647"),
        ("latency=1 latency=2", "latency is given twice"),
        ("latency=1 jitter=2 jitter=3", "jitter is given twice"),
        ("latency=1 jitter", "says nothing"),
        ("latency=1 stream=up", "downstream, upstream"),
        ("latency=1 toxicity=2", "from 0 to 1"),
        ("latency=1 toxicity=nan", "from 0 to 1"),
        ("noop=1", "no attribute"),
        ("=1", "no toxic ''"),
    ],
)
def test_a_wrong_word_is_refused_with_what_would_be_right(words, said):
    with pytest.raises(SettingError, match=said):
        parse_toxic(words.split())
