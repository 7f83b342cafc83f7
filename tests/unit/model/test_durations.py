import pytest

from pytest_rdsfailover.model.durations import (
    format_difference,
    format_duration,
    format_figure,
    format_moment,
    format_share,
    parse_duration,
    parse_share,
)
from pytest_rdsfailover.model.errors import SettingError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("250ms", 0.25), ("2s", 2.0), (" 1.5m ", 90.0), ("1 h", 3600.0), (".5s", 0.5), ("0s", 0.0)],
)
def test_a_duration_is_a_number_with_a_unit(text, seconds):
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["", "2", "soon", "2 seconds", "-1s", "1e3s", "nan", "infs", "2s2"]
)
def test_what_has_no_unit_or_no_number_is_refused_with_an_example(text):
    with pytest.raises(SettingError, match="write 250ms, 2s"):
        parse_duration(text)


def test_a_duration_is_a_year_at_most():
    assert parse_duration("366m") == 366 * 60
    assert parse_duration(f"{366 * 24}h") == 366 * 86400
    with pytest.raises(SettingError, match="is longer than 366 days"):
        parse_duration(f"{366 * 24}.1h")


def test_a_bare_number_is_refused_as_a_text_without_a_unit_is():
    with pytest.raises(SettingError, match="5 is not a duration; write 250ms, 2s"):
        parse_duration(5)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (0.0042, "4.20 ms"), (0.009996, "10.0 ms"), (0.01, "10.0 ms"), (0.1, "100 ms"),
     (1.0, "1.00 s"), (10.0, "10.0 s"), (99.94, "99.9 s"), (99.95, "1m 40s"), (100.0, "1m 40s"), (119.5, "2m 0s"), (0.0125, "12.5 ms"), (0.25, "250 ms"), (2.314, "2.31 s"), (12.04, "12.0 s"),
     (-0.5, "-500 ms"), (0.9996, "1.00 s"), (119.7, "2m 0s"), (1803.4, "30m 3s")],
)  # fmt: skip
def test_a_duration_is_shown_with_three_digits(seconds, text):
    assert format_duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "+0 s"), (0.5, "+500 ms"), (-2.314, "-2.31 s"), (-0.0042, "-4.20 ms")]
)
def test_a_difference_is_a_duration_with_its_sign(seconds, text):
    assert format_difference(seconds) == text


@pytest.mark.parametrize(("seconds", "text"), [(0, "0.000 s"), (-1.25, "-1.250 s")])
def test_a_moment_is_shown_to_the_millisecond(seconds, text):
    assert format_moment(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "resolution", "text"),
    [(2.314, 0.004, "2.31 s ±0.004"), (0.0625, 0.25, "0 to 0.3 s"), (0, 0.02, "0 to 0.02 s"),
     (1.125, 0.0, "1.13 s ±0.0001"), (0.25, 0.25, "0.250 s ±0.3"), (0.25, 1.0, "0 to 1.3 s"), (2.0, 1.0, "2.00 s ±1.0"),
     (0.5, 0.001, "0.500 s ±0.001"), (0.5, 0.01, "0.500 s ±0.01"), (0.5, 0.00004, "0.500 s ±0.0001"), (0.0, 0.0, "0 s ±0.0001"), (30.0, 1.25, "30.00 s ±1.3"), (1.0, 0.096, "1.00 s ±0.1")],
)  # fmt: skip
def test_a_figure_has_one_digit_of_its_resolution_which_is_never_nothing(seconds, resolution, text):
    assert format_figure(seconds, resolution) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "0 %"), (1e-9, "0.01 %"), (0.5, "50 %"), (0.999, "99.9 %"), (0.12346, "12.35 %"), (1 - 1e-9, "99.99 %"), (1.0, "100 %")],
)  # fmt: skip
def test_only_all_is_the_whole_and_only_none_is_nothing(share, text):
    assert format_share(share) == text


@pytest.mark.parametrize(
    ("text", "share"),
    [("1%", 0.01), ("0.5 %", 0.005), ("100%", 1.0), ("99.9%", 0.999), ("0%", 0.0)],
)
def test_a_share_is_a_number_of_percent(text, share):
    assert parse_share(text) == share


@pytest.mark.parametrize("text", ["100.1%", "101%", "1", "", "-1%", "all", 1, 0.5, "1%%"])
def test_what_is_no_share_is_refused_with_an_example(text):
    with pytest.raises(SettingError, match=r"write 1% or 0\.5%, 100% at most"):
        parse_share(text)
