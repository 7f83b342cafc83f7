"""`rdsfailover demo` shows a failover to somebody who has no project."""

import tomllib
from pathlib import Path

import pytest
from commands import done, judged

from pytest_rdsfailover.cli.demo import TUTORIAL

ROOT = Path(__file__).parents[2]


@pytest.mark.local
def test_a_failover_is_shown_and_the_way_to_an_own_one_is_told(tmp_path):
    ended = judged(lambda: done("demo", "--profile", "quick", "--seed", "7", cwd=tmp_path))

    assert (ended.returncode, ended.stderr) == (0, "")
    for said in ("16 writers", "acknowledged", "promoted", "0 lost", TUTORIAL):
        assert said in ended.stdout
    assert list(tmp_path.iterdir()) == []


def test_the_program_has_the_package_s_name_too_which_uvx_and_pipx_run():
    package = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert package["scripts"][package["name"]] == package["scripts"]["rdsfailover"]
    assert TUTORIAL.startswith(package["urls"]["Documentation"])
