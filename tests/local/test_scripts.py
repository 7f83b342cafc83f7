"""The scripts on machines that lack something; the programs that they call are stand-ins."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"
TOOLS = [
    "bash",
    "env",
    "dirname",
    "uname",
    "mkdir",
    "touch",
    "mv",
    "rm",
    "cat",
    "sed",
    "sort",
    "head",
]
PYTHON = """#!/bin/bash
case "$*" in
  *ensurepip*) [ -e "$STATE/venv-package" ] ;;
  *version_info\\[:2\\]*) echo python3.11-venv ;;
  "-m venv"*)
    mkdir -p .venv/bin
    printf '#!/bin/bash\\necho "pip $*" >>"$STATE/calls"\\n' >.venv/bin/pip
    cp .venv/bin/pip .venv/bin/python
    chmod +x .venv/bin/* ;;
esac
"""
APT = '#!/bin/bash\necho "apt-get $*" >>"$STATE/calls"; [ "$1" = update ] || touch "$STATE/venv-package"\n'
SUDO = '#!/bin/bash\n[ "$1" = -n ] && exit "${SUDO_REFUSES:-0}"; echo sudo >>"$STATE/calls"; exec "$@"\n'

pytestmark = pytest.mark.local


@pytest.fixture
def machine(tmp_path):
    """A machine with Python but without its venv package, and with a server."""
    (tmp_path / "project" / "scripts").mkdir(parents=True)
    shutil.copy(SCRIPTS / "setup", tmp_path / "project" / "scripts" / "setup")
    (tmp_path / "project" / "pyproject.toml").touch()
    programs = tmp_path / "bin"
    programs.mkdir()
    for tool in [*TOOLS, "cp", "chmod"]:
        (programs / tool).symlink_to(shutil.which(tool))
    install(programs, "python3", PYTHON)
    install(programs, "mariadbd", "#!/bin/bash\n")
    return tmp_path


def install(programs, name, text):
    (programs / name).write_text(text)
    (programs / name).chmod(0o755)


def set_up(machine, *, uid, **environ):
    install(machine / "bin", "id", f"#!/bin/bash\necho {uid}\n")
    return subprocess.run(
        [machine / "project" / "scripts" / "setup"],
        env={"PATH": str(machine / "bin"), "STATE": str(machine), **environ},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )


def calls(machine):
    path = machine / "calls"
    return path.read_text().splitlines() if path.exists() else []


def test_root_gets_what_is_missing_by_apt(machine):
    install(machine / "bin", "apt-get", APT)

    done = set_up(machine, uid=0)

    assert done.returncode == 0, done.stderr
    assert calls(machine)[:2] == [
        "apt-get update -qq",
        "apt-get install -y --no-install-recommends python3.11-venv -qq",
    ]
    assert "built-in Toxiproxy is used" in done.stdout


def test_others_get_it_by_sudo(machine):
    install(machine / "bin", "apt-get", APT)
    install(machine / "bin", "sudo", SUDO)

    assert set_up(machine, uid=1000).returncode == 0
    assert calls(machine)[0] == "sudo"


@pytest.mark.parametrize("sudo", [False, True])
def test_who_may_not_install_gets_the_exact_line_to_type(machine, sudo):
    install(machine / "bin", "apt-get", APT)
    if sudo:
        install(machine / "bin", "sudo", SUDO)

    done = set_up(machine, uid=1000, SUDO_REFUSES="1")

    assert done.returncode == 1
    assert "    apt-get install -y --no-install-recommends python3.11-venv\n" in done.stderr
    assert calls(machine) == []


def test_without_apt_the_remedy_is_named(machine):
    done = set_up(machine, uid=0)

    assert done.returncode == 1
    assert "brew install" in done.stderr


def test_the_second_time_does_nothing(machine):
    install(machine / "bin", "apt-get", APT)
    set_up(machine, uid=0)
    before = calls(machine)

    assert set_up(machine, uid=0).returncode == 0
    assert calls(machine) == before


VENV_PYTHON = """#!/bin/bash
case "$*" in
  *MySQLdb*) [ -e "$STATE/mariadb" ] ;;
  *pip*) echo "pip ${!#}" >>"$STATE/calls"; touch "$STATE/${!#}" ;;
esac
"""


def extras(machine, *, uid, **environ):
    place = machine / "project" / ".venv" / "bin"
    place.mkdir(parents=True, exist_ok=True)
    install(place, "python", VENV_PYTHON)
    install(machine / "bin", "id", f"#!/bin/bash\necho {uid}\n")
    shutil.copy(SCRIPTS / "fetch-extras", machine / "project" / "scripts")
    return subprocess.run(
        [machine / "project" / "scripts" / "fetch-extras"],
        env={"PATH": str(machine / "bin"), "STATE": str(machine), **environ},
        capture_output=True,
        text=True,
        check=False,
    )


EXTRAS = "chromium sysbench libmariadb-dev pkg-config gcc libc6-dev"


def test_root_gets_what_some_tests_need_by_apt_once(machine):
    install(machine / "bin", "apt-get", APT)

    assert extras(machine, uid=0).returncode == 0
    assert calls(machine) == [
        "apt-get update -qq", f"apt-get install -y --no-install-recommends {EXTRAS} -qq",
        "pip mysqlclient", "pip mariadb", "pip pytest-repeat",
    ]  # fmt: skip
    for name in ("chromium", "sysbench"):
        install(machine / "bin", name, "#!/bin/bash\n")
    assert extras(machine, uid=0).returncode == 0
    assert sum(call.startswith(("apt-get", "pip m")) for call in calls(machine)) == 4


@pytest.mark.parametrize("apt", [False, True])
def test_who_cannot_get_it_is_told_what_to_type_and_goes_on(machine, apt):
    if apt:
        install(machine / "bin", "apt-get", APT)
        install(machine / "bin", "sudo", SUDO)

    done = extras(machine, uid=1000, SUDO_REFUSES="1")

    assert done.returncode == 0
    assert f"    apt-get install -y --no-install-recommends {EXTRAS}\n" in done.stderr


def test_drivers_of_other_languages_are_fetched_once_where_their_language_is(machine):
    for name in ("javac", "node"):
        install(machine / "bin", name, "#!/bin/bash\n")
    fetches = '#!/bin/bash\necho "$0" >>"$STATE/fetched"; mkdir -p %s; exit %d\n'
    install(machine / "bin", "mvn", fetches % ('"${4#*=}"', 0))  # -DoutputDirectory=
    install(machine / "bin", "npm", fetches % ('"${@: -2:1}"', 1))  # behind --prefix

    done = [extras(machine, uid=1000) for _ in range(2)]

    fetched = [Path(line).name for line in (machine / "fetched").read_text().split()]
    assert fetched == ["mvn", "mvn", "npm", "npm", "npm", "npm"]  # what failed is tried again
    assert (machine / "project" / ".servers" / "java").exists()
    assert not (machine / "project" / ".servers" / "node").exists()
    for one in done:
        assert one.returncode == 0
        assert "mysql2 could not be fetched, so its tests are skipped; see: npm" in one.stderr


def test_ci_runs_the_tests_and_nothing_else():
    lines = (SCRIPTS.parent / ".ci" / "run").read_text().splitlines()

    commands = [line for line in lines if line and not line.startswith("#")]
    assert len(commands) == 1
    assert commands[0].endswith('scripts/test"')
    assert all(
        os.access(SCRIPTS / name, os.X_OK)
        for name in ("setup", "quickstart", "test", "fetch-extras")
    )


@pytest.fixture
def ready(machine):
    """A machine on which all is set up, and whose linter and type checker may refuse."""
    for script in ("setup", "fetch-extras", "fetch-mysql"):
        install(machine / "project" / "scripts", script, "#!/bin/bash\n")
    shutil.copy(SCRIPTS / "test", machine / "project" / "scripts" / "test")
    (machine / "project" / ".venv" / "bin").mkdir(parents=True)
    for tool in ("ruff", "mypy", "python"):
        says = f'#!/bin/bash\necho "{tool} $*" >>"$STATE/calls"\n[ "$REFUSES" != {tool} ]\n'
        install(machine / "project" / ".venv" / "bin", tool, says)
    return machine


def run_tests(machine, *arguments, refuses=""):
    environ = {"PATH": str(machine / "bin"), "STATE": str(machine), "REFUSES": refuses}
    return subprocess.run(
        [machine / "project" / "scripts" / "test", *arguments],
        env=environ, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip


PYTEST = "python -m pytest -n 6 --dist worksteal"
CHECKS = ["ruff check", "ruff format --check", "mypy "]


def test_without_arguments_linter_and_type_checker_come_before_the_tests(ready):
    done = run_tests(ready)

    assert done.returncode == 0, done.stderr
    assert calls(ready) == [*CHECKS, PYTEST]
    told = [line for line in done.stdout.splitlines() if line.startswith("test: ruff")]
    assert told == ["test: ruff check", "test: ruff format --check"]


def test_with_arguments_only_pytest_runs_and_gets_them(ready):
    assert run_tests(ready, "tests/unit", "-k", "a b").returncode == 0
    assert calls(ready) == [f"{PYTEST} tests/unit -k a b"]


@pytest.mark.parametrize("refuses", ["ruff", "mypy", "python"])
def test_what_refuses_ends_it_with_an_error(ready, refuses):
    assert run_tests(ready, refuses=refuses).returncode == 1
    assert (
        calls(ready) == {"ruff": CHECKS[:1], "mypy": CHECKS, "python": [*CHECKS, PYTEST]}[refuses]
    )
