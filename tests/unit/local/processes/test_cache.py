"""The directory for files that outlive a run."""

import pytest

from pytest_rdsfailover.local.processes.cache import cache_directory
from pytest_rdsfailover.model.errors import SettingError


def test_it_is_made_where_the_environment_says_and_is_private(tmp_path):
    path = cache_directory({"XDG_CACHE_HOME": str(tmp_path / "deep")})

    assert path == tmp_path / "deep" / "pytest-rdsfailover"
    assert path.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("environ", [{}, {"XDG_CACHE_HOME": ""}, {"XDG_CACHE_HOME": "relative"}])
def test_it_is_in_the_home_directory_otherwise(tmp_path, monkeypatch, environ):
    monkeypatch.setenv("HOME", str(tmp_path))

    assert cache_directory(environ) == tmp_path / ".cache" / "pytest-rdsfailover"


def test_a_place_that_cannot_be_used_is_an_error_with_the_remedy(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(SettingError, match="XDG_CACHE_HOME"):
        cache_directory({"XDG_CACHE_HOME": str(tmp_path / "file")})
