import pytest

from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.model.given_names import once


def test_a_setting_is_given_once():
    assert once([("a", 1), ("b", 2)], "--x") == {"a": 1, "b": 2}
    with pytest.raises(SettingError, match="--x: a is given twice"):
        once([("a", 1), ("a", 1)], "--x")
