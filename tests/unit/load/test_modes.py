import pytest

from pytest_rdsfailover.load.modes import rate_of
from pytest_rdsfailover.model.errors import SettingError


@pytest.mark.parametrize(
    ("mode", "given", "rate"),
    [("open", None, None), ("open", 50.0, 50.0), ("precise", None, 1000.0), ("closed", None, 0.0)],
)
def test_a_mode_means_a_rate(mode, given, rate):
    assert rate_of(mode, given) == rate


@pytest.mark.parametrize("mode", ["precise", "closed"])
def test_a_rate_beside_a_mode_that_has_its_own_is_refused(mode):
    with pytest.raises(SettingError, match="its own rate"):
        rate_of(mode, 50.0)


def test_an_unknown_mode_is_refused_with_the_nearest_known_one():
    with pytest.raises(SettingError, match="did you mean 'precise'"):
        rate_of("precice", None)
