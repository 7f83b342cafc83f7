"""`rdsfailover doctor` says what is here, and for what is not, the line that brings it."""

import json
import os
import shutil
import subprocess
import sys

import pytest


def doctor(*options, **environ):
    return subprocess.run(
        [sys.executable, "-m", "pytest_rdsfailover.cli.main", "doctor", *options],
        env=os.environ | environ, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_user_without_a_cache_directory_is_told_the_remedy(tmp_path):
    (tmp_path / "file").touch()
    found = doctor(XDG_CACHE_HOME=str(tmp_path / "file"))

    assert found.returncode == 1
    assert "missing   cache directory: " in found.stdout
    assert "-> set XDG_CACHE_HOME to a directory that can be written to" in found.stdout


CAPABILITIES = "+dac_override,+dac_read_search"  # Python itself may be where only root looks
NOBODY = (
    "setpriv", "--reuid=12345", "--regid=12345", "--clear-groups",
    f"--inh-caps={CAPABILITIES}", f"--ambient-caps={CAPABILITIES}",
)  # fmt: skip


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="only root can")
def test_a_user_whom_the_system_does_not_know_is_told_the_same():
    environ = {name: value for name, value in os.environ.items()
               if name not in {"HOME", "XDG_CACHE_HOME"}}  # fmt: skip
    found = subprocess.run(
        [*NOBODY, sys.executable, "-m", "pytest_rdsfailover.cli.main", "doctor"],
        env=environ, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert "missing   cache directory: this user has no home directory" in found.stdout
    assert "-> set XDG_CACHE_HOME to a directory that can be written to" in found.stdout


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


def test_a_report_of_a_bug_has_all_of_it_and_no_secret():
    found = doctor("--json", RDS_SERVER="mysql://me:hunter2@127.0.0.1:1")
    said = json.loads(found.stdout)

    assert said["healthy"] == (found.returncode == 0)
    assert {"python", "plugin", "server", "toxiproxy"} <= {
        each["what"] for each in said["requirements"]
    }
    assert {tuple(each) for each in said["requirements"]} == {("what", "state", "detail", "remedy")}
    assert "hunter2" not in found.stdout + found.stderr
