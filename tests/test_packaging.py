"""What is released: exact contents of wheel and sdist, what they say of themselves, how they get out."""

import configparser
import email
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from test_docs import names, read, section

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGE = PROJECT["project"]
NAME = f"pytest_rdsfailover-{PACKAGE['version']}"
FOR_DEVELOPERS = {"dev", "docs"}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Build both, once; return the folder."""
    pytest.importorskip("hatchling", reason="hatchling is missing: pip install -e '.[dev]'")
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(out)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    return out


@pytest.fixture(scope="module")
def wheel(built):
    with zipfile.ZipFile(built / f"{NAME}-py3-none-any.whl") as archive:
        yield archive


def kept():
    """Return the files that git keeps, or would."""
    if not (ROOT / ".git").exists():
        pytest.skip("only a checkout knows what belongs to it")
    command = ["git", "ls-files", "-co", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return {line for line in done.stdout.splitlines() if (ROOT / line).exists()}


def test_the_wheel_has_the_package_and_nothing_else(wheel):
    about = {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE"}
    package = {name for name in kept() if name.startswith("pytest_rdsfailover/")}

    assert set(wheel.namelist()) == package | {f"{NAME}.dist-info/{name}" for name in about}
    assert "pytest_rdsfailover/py.typed" in package


def test_the_sdist_has_all_that_its_own_tests_need_and_nothing_else(built):
    with tarfile.open(built / f"{NAME}.tar.gz") as archive:
        found = {each.name.removeprefix(f"{NAME}/") for each in archive.getmembers()}
    of_git_alone = {".gitattributes", ".pre-commit-config.yaml", ".ci/run"}
    left_out = {name for name in kept() if name.startswith(".github/")} | of_git_alone

    assert found == kept() - left_out | {"PKG-INFO"}


def test_the_wheel_says_where_to_look_and_what_it_needs(wheel):
    said = email.message_from_bytes(wheel.read(f"{NAME}.dist-info/METADATA"))
    urls = dict(line.split(", ") for line in said.get_all("Project-URL"))
    core = [line for line in said.get_all("Requires-Dist") if "extra ==" not in line]

    assert {"Documentation", "Source", "Issues", "Changelog"} <= set(urls)
    assert {re.match(r"[\w-]+", line)[0] for line in core} == {
        "certifi", "cryptography", "filelock", "pymysql", "pytest", "requests", "toxiproxy-python",
        "urllib3",
    }  # fmt: skip
    assert said["Description-Content-Type"] == "text/markdown"
    assert said["License-Expression"] == "Apache-2.0"


def test_the_wheel_is_a_plugin_of_pytest_and_two_names_of_one_program(wheel):
    said = configparser.ConfigParser()
    said.read_string(wheel.read(f"{NAME}.dist-info/entry_points.txt").decode())

    assert dict(said["pytest11"]) == {"rdsfailover": "pytest_rdsfailover.plugin.plugin"}
    assert set(said["console_scripts"]) == {"rdsfailover", PACKAGE["name"]}
    assert len(set(said["console_scripts"].values())) == 1


def test_every_extra_has_a_line_that_says_why():
    extras = set(PACKAGE["optional-dependencies"])

    assert names(section("docs/reference.md", "## Extras")) == extras - FOR_DEVELOPERS
    text = read("pyproject.toml")
    assert [
        extra for extra in extras if not re.search(rf"^# .+\n{extra} = \[", text, re.MULTILINE)
    ] == []


def workflows():
    return sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.mark.parametrize("path", workflows(), ids=lambda path: path.stem)
def test_a_workflow_may_do_no_more_than_it_must_and_ends(path):
    workflow = pytest.importorskip("yaml").safe_load(path.read_text())

    assert workflow["permissions"] == {"contents": "read"}
    assert [name for name, job in workflow["jobs"].items() if "timeout-minutes" not in job] == []


def test_a_report_of_a_bug_asks_for_what_doctor_says():
    form = ROOT / ".github" / "ISSUE_TEMPLATE" / "bug.yml"
    if not form.exists():
        pytest.skip("only a checkout has forms for issues")

    assert "rdsfailover doctor --json" in form.read_text()


def test_what_is_to_be_cited_is_the_version_that_is_built():
    citation = pytest.importorskip("yaml").safe_load(read("CITATION.cff"))

    assert str(citation["version"]) == PACKAGE["version"]
    assert citation["repository-code"] == PACKAGE["urls"]["Source"]
    dated = re.search(
        rf"^## {re.escape(PACKAGE['version'])} - (\d{{4}}-\d\d-\d\d)$",
        read("CHANGELOG.md"),
        re.MULTILINE,
    )
    assert str(citation["date-released"]) == dated[1]
