import dataclasses

import pytest

from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.model.settings import Settings


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
        ("bound", 0.0, "above 0 s"),
    ],
)
def test_an_impossible_setting_names_what_is_possible(field, value, word):
    with pytest.raises(SettingError, match=word):
        Settings(**{field: value})


@pytest.mark.parametrize(
    ("field", "value"),
    [("instances", 2), ("instances", 16), ("port", 1024), ("port", 32767), ("writers", 1),
     ("warmup", 0.0), ("bound", 0.5)],
)  # fmt: skip
def test_the_last_possible_value_is_taken(field, value):
    assert getattr(Settings(**{field: value}), field) == value


def test_settings_cannot_be_changed_afterwards():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().seed = 1


def test_the_password_of_a_running_server_is_in_no_repr_for_pytest_shows_locals():
    assert "secret" not in repr(Settings(server="mysql://app:secret@127.0.0.1:3306"))
