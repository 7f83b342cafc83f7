"""When a template is made, by whom, and what is left if that fails."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from filelock import FileLock

from pytest_rdsfailover.local.server import template as templates
from pytest_rdsfailover.local.server.dialects import COMMON
from pytest_rdsfailover.local.server.template import Source, template
from pytest_rdsfailover.model.errors import CommandError


class Installer:
    """A supervisor whose only program fills a data directory, or does not."""

    def __init__(self, directory, *, status=0, hangs=False):
        self.directory, self.asked, self.killed = directory, [], 0
        self._status, self._hangs = status, hangs

    def spawn(self, name, command):
        self.asked.append(command)
        work = self.directory / name
        for file in ("ibdata1", "auto.cnf"):
            (work / file).write_text("x")
        return SimpleNamespace(
            wait=lambda _: not self._hangs, kill=self._kill, log_tail=lambda: "no room",
            status=None if self._hangs else self._status,
        )  # fmt: skip

    def _kill(self):
        self.killed += 1


@pytest.fixture
def source(tmp_path):
    program = tmp_path / "mysqld"
    program.write_text("")
    dialect = SimpleNamespace(
        name="MySQL", options=("--one",), disposable=("auto.cnf",),
        initialise=lambda program, work, options: [str(program), str(work), *options],
    )  # fmt: skip
    return Source(program=program, dialect=dialect, version="8.0")


@pytest.fixture
def run(tmp_path):
    """Make a supervisor with a directory of its own."""

    def made(name="run", **more):
        (tmp_path / name).mkdir()
        return Installer(tmp_path / name, **more)

    return made


@pytest.fixture
def cache(tmp_path):
    (tmp_path / "cache").mkdir()
    return tmp_path / "cache"


def test_the_first_who_asks_makes_it_and_the_next_finds_it(source, cache, run):
    first, second = run("first"), run("second")
    (cache / f"{source.key}.partial-99").mkdir()  # of a process that was killed
    ready = template(source, cache, first)

    assert template(source, cache, second) == ready == cache / source.key
    assert [file.name for file in ready.iterdir()] == ["ibdata1"]
    [[program, work, *options]] = first.asked
    assert (program, Path(work).parent) == (str(source.program), first.directory)
    assert options[: len(COMMON) + 1] == [*COMMON, "--one"]
    assert second.asked == []
    assert list(first.directory.iterdir()) == []  # what was worked in is gone
    assert [entry.name for entry in cache.iterdir() if "partial" in entry.name] == []


def test_who_waits_in_vain_for_another_makes_one_for_its_own_run(source, cache, run, monkeypatch):
    monkeypatch.setattr(templates, "WAIT", 0.0)
    own = run()
    with FileLock(cache / f"{source.key}.lock"):
        ready = template(source, cache, own)
        assert template(source, cache, own) == ready

    assert ready == own.directory / source.key
    assert [file.name for file in ready.iterdir()] == ["ibdata1"]
    assert len(own.asked) == 1
    assert not (cache / source.key).exists()


def test_what_another_has_made_meanwhile_is_taken(source, cache, run, monkeypatch):
    waiting = run()
    acquire = FileLock.acquire

    def made_meanwhile(lock, *arguments, **options):
        (cache / source.key).mkdir()
        return acquire(lock, *arguments, **options)

    monkeypatch.setattr(templates.FileLock, "acquire", made_meanwhile)

    assert template(source, cache, waiting) == cache / source.key
    assert waiting.asked == []


@pytest.mark.parametrize(
    ("how", "status", "killed"), [({"status": 3}, 3, 0), ({"hangs": True}, -1, 1)]
)
def test_an_installer_that_fails_or_hangs_is_an_error_with_its_output(
    source, cache, run, how, status, killed
):
    broken = run(**how)
    with pytest.raises(CommandError, match="no room") as caught:
        template(source, cache, broken)

    assert (caught.value.status, broken.killed) == (status, killed)
    assert caught.value.command == str(source.program)
    assert not (cache / source.key).exists()
