"""`rdsfailover doctor` says what is here, and for what is not, the line that brings it."""

import os
import subprocess
import sys

import pytest


def doctor(**environ):
    return subprocess.run(
        [sys.executable, "-m", "pytest_rdsfailover.cli.main", "doctor"],
        env=os.environ | environ, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_on_a_machine_with_a_server_local_trials_can_be_run(server_program):
    found = doctor(RDS_SERVER=str(server_program.path))

    assert found.returncode == 0
    assert f"ok        server: {server_program}" in found.stdout
    assert "missing" not in found.stdout


@pytest.mark.parametrize("named", ["/no/such/mysqld", sys.executable])
def test_without_a_server_it_says_no_and_how_to_get_one(named):
    found = doctor(RDS_SERVER=named)

    assert found.returncode == 1
    assert "missing   server: " in found.stdout
    assert "-> install one with `" in found.stdout


def test_an_extra_that_is_not_installed_comes_with_its_line():
    found = doctor(PYTHONNOUSERSITE="1").stdout

    assert "extra xdist" in found
    assert ("pip install 'pytest-rdsfailover[xdist]'" in found) == (
        "optional  extra xdist" in found
    )
