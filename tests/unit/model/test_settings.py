import dataclasses

import pytest

from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.model.settings import (
    MOST_RATE,
    FixedAccount,
    Settings,
    check_instances,
    check_rate,
    check_trials,
    check_writers,
)


@pytest.mark.parametrize(
    ("field", "value", "word"),
    [
        ("instances", 1, "2 to 16"),
        ("instances", 17, "2 to 16"),
        ("port", 80, "1024 to 32767"),
        ("port", 40000, "1024 to 32767"),
        ("writers", 0, "at least one writer"),
        ("rate", -1.0, "above 0"),
        ("warmup", -1.0, "negative"),
        ("cooldown", -1.0, "negative"),
        ("spacing", -1.0, "negative"),
        ("bound", 0.0, "above 0 s"),
        ("port", 1023, "1024 to 32767"),
        ("port", 32768, "1024 to 32767"),
        ("trials", 0, "at least one trial, not 0"),
        ("aurora", "2", "there is no Aurora '2' here: choose one of 3.10, 8.4"),
        ("record", "measured", "'measured' must end in .toml"),
    ],
)
def test_an_impossible_setting_names_what_is_possible(field, value, word):
    with pytest.raises(SettingError, match=word):
        Settings(**{field: value})


@pytest.mark.parametrize(
    ("field", "value"),
    [("instances", 2), ("instances", 16), ("port", 1024), ("port", 32767), ("writers", 1),
     ("warmup", 0.0), ("cooldown", 0.0), ("spacing", 0.0), ("bound", 0.5), ("rate", 0.0),
     ("rate", float(MOST_RATE)), ("trials", 1), ("aurora", "8.4"), ("record", "measured.toml")],
)  # fmt: skip
def test_the_last_possible_value_is_taken(field, value):
    assert getattr(Settings(**{field: value}), field) == value


@pytest.mark.parametrize(
    ("check", "value"),
    [
        *[(check, value) for check in (check_instances, check_trials, check_writers) for value in (True, "3", 2.0)],
        (check_rate, True), (check_rate, "3"), (check_rate, 0), (check_rate, -1),
        (check_rate, float("nan")), (check_rate, MOST_RATE + 1),
    ],
)  # fmt: skip
def test_what_is_no_such_number_is_refused(check, value):
    with pytest.raises(SettingError):
        check(value)


def test_a_rate_of_nothing_is_that_of_a_load_without_a_schedule_only():
    check_rate(0, unpaced=True)
    check_rate(0.5)
    check_rate(MOST_RATE)
    for rate in (-1, MOST_RATE + 1):
        with pytest.raises(SettingError, match="above 0"):
            check_rate(rate, unpaced=True)


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"user": "9a"}, "user '9a': write up to 32 letters"),
        ({"database": "a-b"}, "database 'a-b': write up to 32"),
        ({"user": "a" * 33}, "up to 32"),
        ({"user": "Root"}, "the server itself has that"),
        ({"database": "MySQL"}, "the server itself has that"),
        ({"password": ""}, "1 to 64 letters"),
        ({"password": "x" * 65}, "1 to 64 letters"),
        ({"password": "\xfc"}, "of ASCII"),
    ],
)
def test_an_account_that_not_every_driver_can_use_is_refused(given, complaint):
    with pytest.raises(SettingError, match=complaint):
        FixedAccount(**{"user": "app", "database": "orders"} | given)


@pytest.mark.parametrize("password", [None, "x", " ~" * 32])
def test_an_account_of_any_driver_is_taken_and_its_password_shown_to_nobody(password):
    made = FixedAccount(user="a" * 32, database="Orders_1", password=password)

    assert made.password == password
    assert "password" not in repr(made)


def test_settings_cannot_be_changed_afterwards():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().seed = 1


def test_the_password_of_a_running_server_is_in_no_repr_for_pytest_shows_locals():
    assert "secret" not in repr(Settings(server="mysql://app:secret@127.0.0.1:3306"))
