"""What a test's experiments are made of: options, hooks of the project, and files of the run."""

import json
from types import SimpleNamespace

import pytest
from populations import document

from pytest_rdsfailover.local.aws_api import sharing
from pytest_rdsfailover.local.profiles import recorder
from pytest_rdsfailover.model.errors import NotWrittenError, SettingError
from pytest_rdsfailover.model.live_settings import LiveSettings
from pytest_rdsfailover.model.records import Fault, Outcome
from pytest_rdsfailover.model.settings import Settings
from pytest_rdsfailover.plugin import experiments as module
from pytest_rdsfailover.plugin.environment import environment_lines, live_lines
from pytest_rdsfailover.plugin.experiments import Experiments
from pytest_rdsfailover.plugin.hook_calls import ItemExtensions
from pytest_rdsfailover.plugin.html_page import HtmlPage
from pytest_rdsfailover.plugin.result_files import result_files
from pytest_rdsfailover.plugin.shared_moto import TOLD, MotoKeeper
from pytest_rdsfailover.trial.extensions import UnsafeError

LIVE = LiveSettings(
    cluster="orders", account="111122223333", region="eu-west-1", schema="s", started=3.0
)

SENT = True


@pytest.mark.parametrize(
    ("ran", "said"),
    [
        ((), "profile: quick, seed: 7"), (("crash",), "profile: crash, seed: 7"),
        (("crash", "", "crash"), "profile: crash, seed: 7"),
        (("flip-flop", "crash"), "profiles: crash, flip-flop, seed: 7"),
    ],
)  # fmt: skip
def test_the_profiles_that_were_played_are_told(ran, said):
    parts = {"server": "MariaDB"}

    assert environment_lines(parts, Settings(seed=7), ran) == ["server: MariaDB", said]
    assert environment_lines(parts, Settings(seed=7, live=LIVE), ran) == [
        "server: MariaDB", "seed: 7",
    ]  # fmt: skip


def test_a_live_run_says_what_it_will_act_on():
    first, second = live_lines(LIVE)
    assert "orders" in first
    assert first.endswith("account 111122223333, eu-west-1")
    assert second == f"load: in schema s; at most {LIVE.max_failovers} failovers"
    dry = LiveSettings(
        cluster="orders", account="111122223333", region="eu-west-1", schema="s", started=3.0,
        dry_run=True, endpoint_url="http://h",
    )  # fmt: skip
    assert live_lines(dry)[0].endswith("eu-west-1, API at http://h, dry run")


def item(*markers):
    found = {marker.name: marker.mark for marker in markers}
    return SimpleNamespace(get_closest_marker=found.get, ihook=None, nodeid="t.py::t", parent=None)


@pytest.fixture
def experiments(monkeypatch):
    """Make the experiments of a test with markers; its notebooks are stand-ins."""
    notebook = SimpleNamespace(note=None, play=lambda _: None, remains=None)
    monkeypatch.setattr(module, "Notebook", lambda *_: notebook)

    def made(*markers, options=None, expectations=None):
        run = SimpleNamespace(settings=Settings(trials=4, spacing=2.0))
        return Experiments(
            item(*markers), run, options=options or {}, expectations=expectations or {}
        )

    return made


@pytest.mark.parametrize(
    ("options", "expectations", "said"),
    [
        ({"wirters": 3}, {}, "rds_options: no option 'wirters'; did you mean 'writers'"),
        ({"profile": "nobody's"}, {}, "rds_options: .*nobody's"),
        ({"failover": "red-black"}, {}, "rds_options: .*red-black"),
        ({"workload": {"scribble": 1}}, {}, "rds_options: .*scribble"),
        ({}, {"lots": 0}, "rds_expectations: nothing is called 'lots'"),
    ],
)
def test_what_a_projects_fixtures_return_is_held_to_what_there_is(
    experiments, options, expectations, said
):
    with pytest.raises(SettingError, match=said):
        experiments(options=options, expectations=expectations)


def test_a_marker_adds_to_the_expectations_of_the_project_and_wins(experiments):
    made = experiments(
        pytest.mark.rds_expect(lost=1, torn=0), pytest.mark.rds_profile("crash"),
        expectations={"lost": 0, "duplicated": 0}, options={"writers": 3},
    )  # fmt: skip
    runner = made.runner("cluster")

    assert runner._expectations == {"lost": 1, "duplicated": 0, "torn": 0}
    assert (runner._profile, runner._usual) == ("crash", {"writers": 3})
    assert made.runner("cluster") is runner
    assert made.runner("other") is not runner
    assert experiments().runner("cluster")._expectations == {}


@pytest.mark.parametrize(("markers", "trials"), [((), 4), ((pytest.mark.rds_trials(9),), 9)])
def test_trials_are_repeated_as_often_as_the_marker_or_the_run_says(experiments, markers, trials):
    made = experiments(*markers)
    repetition = made.repetition("cluster", made.runner("cluster"))

    assert (repetition._trials, repetition._spacing) == (trials, 2.0)
    assert repetition._clock is made.runner("cluster").clock


class Hook:
    """A hook that somebody implements, or nobody."""

    def __init__(self, answer, *, implemented=True):
        self.answer, self.implemented, self.calls = answer, implemented, []

    def __call__(self, **told):
        self.calls.append(told)
        return self.answer

    def get_hookimpls(self):
        return [self] if self.implemented else []


def extensions(**hooks):
    made = SimpleNamespace(**{f"pytest_rdsfailover_{name}": hook for name, hook in hooks.items()})
    return ItemExtensions(SimpleNamespace(ihook=made))


def test_a_projects_hooks_are_told_of_each_trial():
    before, after = Hook(None), Hook(None)
    made = extensions(before_trial=before, after_trial=after)
    made.before_trial("cluster", "endpoint")
    made.after_trial("cluster", "endpoint", "trial")

    assert [hook.calls[0]["endpoint"] for hook in (before, after)] == ["endpoint"] * 2
    assert after.calls[0]["trial"] == "trial"


def test_any_refusal_of_a_project_keeps_a_failover_from_being_triggered():
    extensions(safety_check=Hook([])).check_safety("cluster", "a", "quick")
    with pytest.raises(UnsafeError, match="not triggered: at noon; on Fridays"):
        extensions(safety_check=Hook(["at noon", "on Fridays"])).check_safety(
            "cluster", "a", "quick"
        )


@pytest.mark.parametrize("implemented", [True, False])
def test_a_project_triggers_by_itself_only_if_it_has_a_hook_for_it(implemented):
    made = extensions(trigger=Hook("fault", implemented=implemented))

    assert made.triggers is implemented
    assert made.trigger("cluster", "a", "quick", 7) == "fault"


def test_an_error_that_a_project_does_not_classify_is_classified_as_usual():
    own = (Outcome.REFUSED, Fault(7, "own"))
    assert extensions(classify_error=Hook(own, implemented=False)).classify is None
    assert extensions(classify_error=Hook(own)).classify(ValueError(), SENT) == own
    outcome, _ = extensions(classify_error=Hook(None)).classify(ValueError(), not SENT)
    assert outcome is Outcome.REFUSED


def run_of(tmp_path, *, measured=True, **settings):
    entry = {"trial": document(1.0), "failed": True, "why": "it broke", "rerun": "pytest t"}
    return SimpleNamespace(
        settings=Settings(**{name: str(tmp_path / value) for name, value in settings.items()}),
        measured=[entry] * measured, environment_lines=lambda: ["server: one"],
        document=lambda: {"seed": 7, "trials": []}, trials=lambda: [document(1.0)],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("measured", "settings", "said"),
    [
        (True, {}, []), (True, {"report": "out"}, ["HTML report: "]),
        (False, {"report": "out"}, [""]), (True, {"journal": "kept"}, ["journals: "]),
        (False, {"journal": "kept"}, []),
        (True, {"report": "out", "journal": "kept"}, ["HTML report: ", "journals: "]),
    ],
)  # fmt: skip
def test_a_page_is_written_also_of_a_run_without_trials_where_an_older_one_would_mislead(
    tmp_path, measured, settings, said
):
    page = HtmlPage(run_of(tmp_path, measured=measured, **settings), lambda: [("ours", ["line"])])
    told = [write() for write in page.files()]

    assert [line[: len(start)] for line, start in zip(told, said, strict=True)] == said
    written = list(tmp_path.rglob("index.html"))
    assert len(written) == ("report" in settings)
    for path in written:
        text = path.read_text()
        assert "server: one" in text
        assert ("it broke" in text) is measured


def test_the_result_document_and_the_recorded_profile_are_written_where_they_are_wanted(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(recorder, "profile_text", lambda _, *, source: f"# {source}\n")
    assert list(result_files(run_of(tmp_path))) == []
    told = [write() for write in result_files(run_of(tmp_path, json="a.json", record="own.toml"))]

    assert told[0] == ""
    assert told[1].startswith("recorded: ")
    assert json.loads((tmp_path / "a.json").read_text())["seed"] == 7
    assert (tmp_path / "own.toml").read_text() == "# local\n"


def test_a_profile_that_no_trial_shows_is_said_to_be_missing(tmp_path, monkeypatch):
    def nothing(*_, **__):
        raise recorder.NothingRecordedError("no failover")

    monkeypatch.setattr(recorder, "profile_text", nothing)
    (write,) = result_files(run_of(tmp_path, record="own.toml"))
    with pytest.raises(NotWrittenError, match="no failover"):
        write()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("can", [True, False])
def test_workers_share_the_memory_of_one_moto_where_they_can(monkeypatch, can):
    steps = []

    class Shared:
        address = "there"

        def __init__(self):
            steps.append("made")

        def close(self):
            steps.append("closed")

    monkeypatch.setattr(sharing, "CAN_SHARE", can)
    monkeypatch.setattr(sharing, "SharedMoto", Shared)
    keeper, nodes = MotoKeeper(), [SimpleNamespace(workerinput={}) for _ in range(2)]
    for node in nodes:
        keeper.pytest_configure_node(node)
    keeper.pytest_unconfigure()

    assert [node.workerinput for node in nodes] == [{TOLD: "there"} if can else {}] * 2
    assert steps == (["made", "closed"] if can else [])
