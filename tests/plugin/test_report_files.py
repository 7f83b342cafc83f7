"""A file that cannot be written costs nothing but itself, and is named."""

import os
import re
import shutil
import subprocess

import pytest
from finished import Project, clean
from noted import CONFTEST

from pytest_rdsfailover.local.profiles import recorder

# A limit of the size of files stands for a full disk: it needs no rights and no disk of its own.
FULL = """
def test_one(rds_note):
    import resource
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    rds_note(2.31)
"""
GONE = """
def test_one(rds_note):
    import shutil
    from pathlib import Path
    rds_note(2.31)
    shutil.rmtree("out")
    Path("out").touch()
"""
# No failover was seen that a profile could be made of.
PROFILE = """
from pytest_rdsfailover.local.profiles import recorder
recorder.profile_text = lambda trials, source: "# gr\\u00fc\\u00dfe"
"""
NAMED = """
def test_one(rds_note):
    rds_note(2.31, scenario="gr\\u00fc\\u00dfe")
"""
FILES = {
    "--rds-json": "out/result.json",
    "--rds-markdown": "out/page.md",
    "--rds-report": "out/page/index.html",
    "--rds-save": "out/baseline.json",
    "--rds-record": "out/profile.toml",
    "--junit-xml": "out/junit.xml",
}


def option(name):
    """Return the option that names a file; `--rds-report` names its folder."""
    return f"{name}={FILES[name].removesuffix('/index.html')}"


@pytest.fixture
def run(project, monkeypatch):
    """Run a test that notes a trial; return what was printed."""
    (project.path / "out").mkdir()
    monkeypatch.setattr(recorder, "profile_text", recorder.profile_text)  # conftest.py sets it

    def run(source, *options, **environ):
        apart = Project(project.path, source)
        (project.path / "conftest.py").write_text(CONFTEST + PROFILE)
        options = ("-s", "-p", "no:cacheprovider", *options)
        if environ or source.startswith(FULL):  # which decide about a whole process
            return apart.pytest(*options, **environ)
        return project.runpytest_inprocess(*options)

    return run


def is_whole(result):
    """Tell whether the table and pytest's own last line were printed."""
    return "= database failover =" in result.stdout.str() and "1 passed" in result.stdout.str()


@pytest.mark.parametrize("source", [FULL, GONE], ids=["full", "gone"])
@pytest.mark.parametrize("name", FILES)
def test_a_file_that_cannot_be_written_is_named_after_the_summary(run, name, source):
    why = "File too large" if source == FULL else "(Not a directory|File exists)"
    result = run(source, option(name))

    assert is_whole(result), result.stdout.str()
    assert re.search(f"{FILES[name]} cannot be written: {why}", result.stdout.str())
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "INTERNALERROR" not in result.stdout.str() + result.stderr.str()


def test_each_of_many_is_named_and_what_can_be_written_is(run, project):
    (project.path / "there").mkdir()
    result = run(GONE, *map(option, FILES), "--rds-json=there/result.json")

    for name, path in FILES.items():
        assert (f"{path} cannot be written" in result.stdout.str()) == (name != "--rds-json"), name
    assert (project.path / "there" / "result.json").stat().st_size > 1000
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_failed_test_keeps_the_run_what_it_is(run):
    result = run(FULL + "    assert False\n", option("--rds-json"))

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "1 failed" in result.stdout.str()


def test_files_are_in_utf_8_whatever_the_locale(run, project):
    result = run(NAMED, *map(option, FILES), LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")

    assert is_whole(result), result.stdout.str() + result.stderr.str()
    assert "cannot be written" not in result.stdout.str()
    assert result.ret == pytest.ExitCode.OK
    for name, path in FILES.items():
        text = (project.path / path).read_text(encoding="utf-8")
        assert (
            name in {"--rds-record", "--junit-xml"}
            or "grüße" in text
            or "gr\\u00fc\\u00dfe" in text
        ), name


def test_a_link_or_a_mounted_file_in_a_read_only_folder_is_written_in_place(run, project):
    mounted = project.path / "out" / "result.json"
    source = project.path / "source.json"
    for path in (mounted, source):
        path.write_text("{}")
    if os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("only root can mount a file")
    done = subprocess.run(["mount", "--bind", source, mounted], env=clean(), check=False)
    if done.returncode != 0:
        pytest.skip("nothing can be mounted here")
    try:
        result = run(NAMED, option("--rds-json"))
    finally:
        subprocess.run(["umount", mounted], check=True)

    assert result.ret == pytest.ExitCode.OK, result.stdout.str()
    assert len(source.read_text()) > 1000
