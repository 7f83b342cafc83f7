"""What a test's notebook keeps; the item and the cluster are stand-ins, nothing is started."""

import json
import sys
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest
from builders import acks, course, everything_acked, journal

from pytest_rdsfailover.analysis.judging import judge
from pytest_rdsfailover.journal.evidence import Evidence
from pytest_rdsfailover.journal.stored import Stored
from pytest_rdsfailover.local.gateway.proxy.stats import Pin
from pytest_rdsfailover.local.profiles.profiles import load_profile
from pytest_rdsfailover.model.errors import NotResumedWarning, SettingError
from pytest_rdsfailover.model.settings import Settings
from pytest_rdsfailover.plugin.notebook import Notebook, installed, project_code
from pytest_rdsfailover.plugin.notebook import test_of as name_of
from pytest_rdsfailover.plugin.progress import PROGRESS
from pytest_rdsfailover.plugin.run import Run
from pytest_rdsfailover.plugin.trials_file import TRIALS_FILE, TrialsFile
from pytest_rdsfailover.trial.trial import Trial

PIN = Pin(
    session=4, user="app", reason="user variable", statement="SET @a = 1", at=12.5, endpoint=""
)


def trial(**changes):
    made = journal([*acks(0.01, 20.0, 0.01)])
    stored = Stored(positions=everything_acked(made))
    evidence = Evidence(journal=made, course=course(**changes), stored=stored)
    return Trial.of(judge(evidence), evidence)


class Progress:
    """Notes what it is told."""

    def __init__(self):
        self.kept, self.told = [], []

    def keep(self, item, entry):
        self.kept.append((item.nodeid, entry))

    def tell(self, item, planned, samples):
        self.told.append((item.name, planned, len(samples)))


class Item:
    """A test, as far as a notebook asks for it."""

    def __init__(self, directory, parameters=None):
        self.path, self.session = Path("/a/test_a.py"), SimpleNamespace(items=[])
        self.nodeid, self.name, self.stash = "test_a.py::test_b", "test_b", pytest.Stash()
        cache = None if directory is None else SimpleNamespace(mkdir=lambda _: directory)
        self.parent = SimpleNamespace(nodeid="test_a.py")
        self.config = SimpleNamespace(
            stash={PROGRESS: Progress()},
            cache=cache,
            rootpath=Path("/a"),
            pluginmanager=SimpleNamespace(get_plugins=set),
        )
        self.markers = []
        if parameters is not None:
            self.callspec = SimpleNamespace(id=parameters)

    def iter_markers(self, name):
        return [marker for marker in self.markers if marker.name == name]


CLUSTER = SimpleNamespace(
    mode="local",
    parts=lambda: {"server": "MariaDB"},
    proxy=SimpleNamespace(pins=[PIN]),
    failovers=[SimpleNamespace(triggered=10.0)],
)


@pytest.fixture
def make(tmp_path):
    def make(directory=tmp_path, parameters=None, **settings):
        item = Item(directory, parameters)
        chosen = Settings(**settings)
        item.config.stash[TRIALS_FILE] = TrialsFile(
            item.config, chosen, lambda: directory, lambda: True
        )
        return item, Notebook(item, CLUSTER, Run(item.config, chosen))

    return make


def test_a_trial_is_noted_with_what_it_was_taken_on(make):
    item, notebook = make(parameters="cluster-15")
    notebook.play("quick")
    notebook.note(trial(rate=100.0))

    [entry] = notebook.entries
    assert entry["trial"]["test"] == "test_a.py::test_b"
    assert entry["trial"]["scenario"] == "cluster-15"
    assert "pins" not in entry["trial"]
    assert entry["environment"]["parts"] == {"server": "MariaDB"}
    quick = load_profile("quick").fingerprint
    assert entry["environment"]["load"] == {"rate": 100.0, "writers": 1, "profile": quick}
    assert entry["timeline"]
    assert "rerun" in entry
    assert item.config.stash[PROGRESS].kept == [("test_a.py::test_b", entry)]


def test_the_group_of_a_test_is_no_part_of_its_name(make):
    """`pytest-xdist --dist loadgroup` adds it to the node id, and other nights do not."""
    item, notebook = make()
    notebook.keep(1, {}).append(TRIAL)
    interrupt(item)

    grouped, again = make(resume=True)
    grouped.nodeid += "@group"
    assert again.keep(1, {}).recalled == {1: TRIAL}
    again.note(trial())
    assert again.entries[0]["trial"]["test"] == "test_a.py::test_b"
    assert again.entries[0]["rerun"].startswith("pytest test_a.py::test_b --")


@pytest.mark.parametrize("own", [False, True])
def test_a_profile_is_noted_as_it_was_played(make, tmp_path, own):
    """Be it an argument of the call: a baseline tells whether it says something else by now."""
    path = tmp_path / "own.toml"
    path.write_text('refused = "1s"\npromotion = "1s"\ndns = "1s"\n')
    name = str(path) if own else "quick"
    _, notebook = make()
    notebook.play(name)
    notebook.note(trial(profile="own" if own else "quick"))

    assert notebook.entries[0]["environment"]["load"]["profile"] == load_profile(name).fingerprint


def test_a_profile_that_was_edited_makes_no_repeats_of_what_was_played_before(make, tmp_path):
    path = tmp_path / "own.toml"
    _, notebook = make()
    for refused, complaint in (
        ("1s", None),
        ("1s", None),
        ("2s", "than when this test played own"),
    ):
        path.write_text(f'refused = "{refused}"\npromotion = "1s"\ndns = "1s"\n')
        with nullcontext() if complaint is None else pytest.raises(SettingError, match=complaint):
            notebook.play(str(path))


def test_a_trial_by_the_proxy_has_the_pins_of_its_failover(make):
    _, notebook = make()
    notebook.note(trial(endpoint="proxy"))

    [entry] = notebook.entries
    assert entry["trial"]["pins"] == [
        {"session": 4, "reason": "user variable", "statement": "SET @a = 1"}
    ]
    assert "pinned: 1x user variable, first at 2.500 s" in entry["timeline"][-1]
    assert entry["trial"]["scenario"] == "test_b"


def test_a_trial_of_an_interrupted_run_is_noted_as_it_was(make):
    _, earlier = make(report="page")  # with what a page draws of it
    earlier.note(trial())
    item, notebook = make(resume=True)
    notebook.recall(json.loads(json.dumps(earlier.entries[0])))

    assert "portrait" in earlier.entries[0]
    assert notebook.entries == earlier.entries
    assert item.config.stash[PROGRESS].kept == [("test_a.py::test_b", notebook.entries[0])]


def interrupt(item):
    """End the run of a test before it has reported."""
    item.config.stash[TRIALS_FILE].pytest_unconfigure()


TRIAL = {"number": 1, "sample": {}, "entry": {}, "verdict": ""}


def test_finished_trials_count_if_what_decides_them_is_the_same(make):
    item, notebook = make()
    notebook.keep(1, {"rate": 7}).append(TRIAL)
    interrupt(item)

    _, again = make(resume=True)
    assert again.keep(1, {"rate": 7}).recalled == {1: TRIAL}
    assert again.keep(2, {"rate": 7}).recalled == {}
    assert again.keep(1, {"rate": 7}).recalled == {}  # the test is run again: it had failed
    _, again = make(resume=True)
    with pytest.warns(NotResumedWarning, match="test_b: 1 kept .* not count: rate was 7 and is 8"):
        assert again.keep(1, {"rate": 8}).recalled == {}
    _, again = make(resume=True)
    again._where["versions"]["server"] = "MySQL"
    with pytest.warns(NotResumedWarning, match='versions server was "MariaDB"'):
        assert again.keep(1, {"rate": 7}).recalled == {}


def test_a_run_that_is_not_told_to_resume_does_not(make):
    item, notebook = make()
    notebook.keep(1, {}).append(TRIAL)
    interrupt(item)

    assert make()[1].keep(1, {}).recalled == {}


def test_without_a_cache_nothing_is_kept_and_nothing_remains(make):
    _, notebook = make(directory=None)

    kept = notebook.keep(1, {})
    kept.append(TRIAL)
    assert kept.recalled == {}
    assert notebook.remains("abc", 2) is None


def test_what_remains_is_where_the_user_wants_it(make, tmp_path):
    _, notebook = make(directory=None, journal=str(tmp_path / "journals"))
    remains = notebook.remains("abc", 2)

    assert remains.path.is_relative_to(tmp_path / "journals")
    remains.discard()


def test_progress_is_told_of_the_test(make):
    item, notebook = make()
    notebook.progress(15, [None, None])

    assert item.config.stash[PROGRESS].told == [("test_b", 15, 2)]


@pytest.mark.parametrize(
    ("settings", "markers"),
    [
        ({"instances": 3}, []),
        ({"aws_names": "eu-west-1"}, []),
        ({}, [pytest.mark.rds_instances(3).mark]),
        ({}, [pytest.mark.rds_proxy(require_tls=True).mark]),
        ({}, [pytest.mark.rds_aws_names("eu-west-1").mark]),
    ],
)
def test_another_cluster_is_no_place_to_go_on(make, settings, markers):
    item, notebook = make()
    notebook.keep(1, {}).append(TRIAL)
    interrupt(item)

    other, again = make(resume=True, **settings)
    other.markers += markers
    with pytest.warns(NotResumedWarning, match="1 kept trials do not count"):
        assert again.keep(1, {}).recalled == {}


def test_a_test_may_depend_on_its_own_file_and_conftests_and_on_no_other_test():
    item = Item(None)
    other = SimpleNamespace(path=Path("/a/test_other.py"))
    item.session.items = [item, other]
    plugins = [SimpleNamespace(__file__="/a/conftest.py"), SimpleNamespace(__file__=None), object()]
    item.config.pluginmanager.get_plugins = lambda: plugins
    code = project_code(item)

    assert code.root == Path("/a")
    assert code.others == {Path("/a/test_other.py")}
    assert code.more == {Path("/a/conftest.py"), item.path}


@pytest.mark.parametrize(
    ("nodeid", "name"),
    [
        ("test_a.py::test_b", "test_a.py::test_b"),
        ("test_a.py::test_b@group", "test_a.py::test_b"),
        ("other.py::test_b", "other.py::test_b"),
    ],
)
def test_only_a_group_is_taken_from_the_name_of_a_test(nodeid, name):
    item = Item(None)
    item.nodeid = nodeid
    assert name_of(item) == name
    item.parent = None
    assert name_of(item) == nodeid


def test_what_is_installed_is_told_by_names_and_versions(monkeypatch, tmp_path):
    def told():
        installed.cache_clear()
        return installed()

    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    before = told()
    (tmp_path / "a-1.0.dist-info").mkdir()
    one = told()
    (tmp_path / "a.py").write_text("")
    assert before != one == told()
    installed.cache_clear()
