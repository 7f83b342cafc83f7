"""What a test asks of its load, the run's settings, and the project's hooks become one plan."""

import inspect
from dataclasses import fields, replace

import pytest

from pytest_rdsfailover.load.workloads import OPTIONS
from pytest_rdsfailover.load.writer import ReconnectPolicy
from pytest_rdsfailover.model.endpoints import Bounds, Endpoint
from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.model.live_settings import LiveSettings
from pytest_rdsfailover.model.settings import Settings
from pytest_rdsfailover.trial.extensions import Extensions
from pytest_rdsfailover.trial.options import LoadOptions, TrialOptions
from pytest_rdsfailover.trial.plan import Plan
from pytest_rdsfailover.trial.runner import TrialRunner

PLACE = Endpoint(
    name="cluster", kind="writer", host="h", port=4711, user="u", password="p", database="d"
)


class Classifying(Extensions):
    """A project with a `classify_error` hook."""

    @property
    def classify(self):
        return lambda *_: None


def runner(settings, extensions=None, target=None, **more):
    usual = {"profile": None, "expectations": {}}
    return TrialRunner(
        target, settings, test="t", note=lambda _: None, extensions=extensions, **(usual | more)
    )


def arranged(settings, extensions=None, **options):
    return runner(settings, extensions)._arrange(PLACE, options)[0]


@pytest.mark.parametrize(
    ("settings", "options", "rate"),
    [
        (Settings(rate=0.0, open_rate=70.0), {"load": "open"}, 70.0),
        (Settings(rate=1000.0, open_rate=70.0), {"load": "open"}, 70.0),
        (Settings(rate=0.0, open_rate=70.0), {"load": "open", "rate": 30.0}, 30.0),
        (Settings(rate=0.0, open_rate=70.0), {"rate": 30.0}, 30.0),
        (Settings(rate=0.0, open_rate=70.0), {}, 0.0),
        (Settings(rate=0.0, open_rate=70.0), {"load": "precise"}, 1000.0),
        (Settings(rate=50.0), {"load": "open"}, 50.0),
        (Settings(rate=50.0), {"load": "closed"}, 0.0),
    ],
)
def test_the_mode_of_a_test_comes_before_that_of_the_run(settings, options, rate):
    assert arranged(settings, **options).rate == rate


def test_the_options_of_a_project_stand_between_a_test_and_the_run():
    project = {"rate": 70, "writers": 4, "warmup": "3s", "profile": "crash"}
    usual = runner(Settings(rate=50, writers=9), options=project)
    plan = usual._arrange(PLACE, {"writers": 2})[0]

    assert (plan.rate, plan.writers, plan.warmup) == (70, 2, 3.0)
    assert usual._profile == "crash"
    assert runner(Settings(), options=project, profile="flip-flop")._profile == "flip-flop"
    with pytest.raises(SettingError, match="no option 'wirters'; did you mean 'writers'"):
        runner(Settings(), options={"wirters": 3})._arrange(PLACE, {})


class PromotedError(Exception):
    """Says which instance was to be promoted."""


class Promoting:
    """A target that tells whom it was to promote."""

    def fail_over(self, instance, _profile, _seed):
        raise PromotedError(instance)


@pytest.mark.parametrize(
    ("asked", "promoted"), [(None, "instance-3"), ("instance-2", "instance-2")]
)
def test_a_project_may_say_whom_to_promote_unless_a_test_does(asked, promoted):
    usual = runner(Settings(), target=Promoting(), options={"target": "instance-3"})

    assert usual._arrange(PLACE, {"writers": 2})[0].writers == 2
    assert usual.decisive(PLACE, {"target": asked})["target"] == promoted
    with pytest.raises(PromotedError, match=promoted):
        usual.fail_over(asked)


class ForbiddenProfileError(Exception):
    """Says which profile must not be played."""


def forbid(name):
    raise ForbiddenProfileError(name)


@pytest.mark.parametrize(
    ("marked", "asked", "played"),
    [(None, None, "quick"), ("crash", None, "crash"), ("crash", "flip-flop", "flip-flop")],
)
def test_a_profile_is_asked_for_before_any_load_begins_or_anything_fails_over(
    marked, asked, played
):
    strict = runner(Settings(), profile=marked, play=forbid)  # its target is None

    with pytest.raises(ForbiddenProfileError, match=played):
        strict.trial(PLACE, profile=asked)
    with pytest.raises(ForbiddenProfileError, match=played):
        strict.fail_over(profile=asked)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"profile": "crash"}, "leave out target and profile"),
        ({"target": "instance-2"}, "leave out target and profile"),
        ({"failover": "green-blue"}, "no switchover 'green-blue'"),
    ],
)
def test_a_switchover_that_cannot_be_played_is_refused_before_anything_begins(asked, said):
    with pytest.raises(SettingError, match=said):
        runner(Settings()).trial(PLACE, **{"failover": "blue-green"} | asked)  # its target is None


class AskedForTwinError(Exception):
    """Says that a green twin was asked for."""


class Twinned:
    """A target that is switched over."""

    def rest(self):
        pass

    def blue_green(self):
        raise AskedForTwinError


LIVE = {"cluster": "c", "account": "111122223333", "region": "eu-west-1", "schema": "s"}
BLUE_GREEN = {"trigger": "blue-green", "allow_blue_green": True, "blue_green_deployment": "bgd-1"}


@pytest.mark.parametrize("asked", [{}, {"profile": "crash"}, {"failover": "blue-green-fast"}])
def test_with_the_trigger_blue_green_every_trial_is_a_switchover(asked):
    """AWS knows no profiles, so that one is no reason to do without."""
    live = Settings(live=LiveSettings(**LIVE, **BLUE_GREEN))
    with pytest.raises(AskedForTwinError):
        runner(live, target=Twinned()).trial(PLACE, **asked)


class OwnTrigger(Extensions):
    triggers = True


def test_a_trigger_of_the_project_s_own_comes_before_the_run_s_switchover():
    live = Settings(live=LiveSettings(**LIVE, **BLUE_GREEN))
    assert runner(live)._switchover == "blue-green"
    assert runner(live, OwnTrigger())._switchover is None


def test_without_it_no_trial_is_one_unless_it_says_so():
    assert Settings().switchover is None
    assert Settings(live=LiveSettings(**LIVE)).switchover is None


def test_nobody_thinks_in_a_load_that_a_test_has_opened():
    closed = Settings(rate=0.0, open_rate=70.0)
    assert arranged(closed, think="50ms").think == 0.05

    with pytest.raises(SettingError, match="only with load='closed'"):
        arranged(closed, load="open", think="50ms")


def test_a_hook_that_other_processes_could_not_find_is_refused_as_what_it_is():
    with pytest.raises(SettingError, match="pytest_rdsfailover_classify_error"):
        arranged(Settings(), Classifying(), processes=2)

    assert arranged(Settings(), Classifying()).processes == 1
    assert arranged(Settings(), Extensions(), processes=2).processes == 2


def test_the_fast_engine_asks_no_hook_so_that_it_may_have_processes():
    plan, make = runner(Settings(), Classifying())._arrange(
        PLACE, {"processes": 2, "engine": "fast"}
    )

    assert plan.processes == 2
    assert make.classify is None


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"writers": 0}, "at least one writer, not 0"),
        ({"writers": "4"}, "at least one writer, not '4'"),
        ({"rate": "200"}, "rate='200' is not a number"),
        ({"rate": float("nan")}, "up to 1,000,000, not nan"),
        ({"rate": float("inf")}, "up to 1,000,000, not inf"),
        ({"warmup": None}, "warmup=None: write a duration"),
        ({"policy": 1}, "policy: a ReconnectPolicy, not 1"),
    ],
)
def test_a_plan_of_the_wrong_kind_is_refused_before_a_writer_breaks_on_it(options, complaint):
    with pytest.raises(SettingError, match=complaint):
        arranged(Settings(), **options)


def test_the_options_that_checkers_know_are_those_that_a_load_takes():
    taken = {field.name for field in fields(Plan)} - {"seed"}
    assert LoadOptions.__optional_keys__ == taken | OPTIONS | {"load"}
    more = TrialOptions.__optional_keys__ - LoadOptions.__optional_keys__
    assert more == {"target", "profile", "failover"}
    assert more <= inspect.signature(TrialRunner.trial).parameters.keys()


@pytest.mark.parametrize(
    ("name", "near"),
    [("writer", "writers"), ("stord", "stored"), ("lod", "load"), ("coldown", "cooldown")],
)
def test_an_option_that_no_load_has_is_refused_with_the_nearest(name, near):
    with pytest.raises(SettingError, match=f"a load has no option '{name}'; did you mean '{near}'"):
        arranged(Settings(), **{name: 3})


def test_an_option_that_is_near_none_is_refused_with_all_of_them():
    with pytest.raises(SettingError, match="no option 'timeout'; known: bound, calm_errors, "):
        arranged(Settings(), timeout=3)


def write(key):
    return key


def read():
    return 1


OWN = 'refused = "100ms"\npromotion = "200ms"\ndns = "300ms"\n'
USUAL = {"workload": {write: 1, read: 2}, "stored": list}
# What may change between two runs: of the run's settings, of the test, of its options.
CHANGES = {
    "seed": ({"seed": 8}, {}, {}),
    "profile": ({"profile": "aurora"}, {}, {}),
    "the profile of the test": ({}, {"profile": "aurora"}, {}),
    "the profile of the trial": ({}, {}, {"profile": "aurora"}),
    "rate": ({"rate": 70.0}, {}, {}),
    "writers": ({}, {}, {"writers": 3}),
    "warmup": ({"warmup": 2.0}, {}, {}),
    "cooldown": ({}, {}, {"cooldown": "2s"}),
    "bound": ({"bound": 70.0}, {}, {}),
    "calm_errors": ({"calm_errors": 0.5}, {}, {}),
    "calm_not_issued": ({}, {}, {"calm_not_issued": "50%"}),
    "engine": ({}, {}, {"engine": "fast"}),
    "processes": ({}, {}, {"processes": 2}),
    "retries": ({}, {}, {"retries": 1}),
    "think": ({}, {}, {"load": "closed", "think": "1s"}),
    "policy": ({}, {}, {"policy": ReconnectPolicy(backoff=1.0)}),
    "bounds of the policy": ({}, {}, {"policy": ReconnectPolicy(bounds=Bounds(connect=9.0))}),
    "class of the policy": ({}, {}, {"policy": type("Own", (ReconnectPolicy,), {})()}),
    "weights": ({}, {}, {"workload": {write: 1, read: 3}}),
    "workload": ({}, {}, {"workload": write}),
    "stored": ({}, {}, {"stored": read}),
    "setup": ({}, {}, {"setup": read}),
    "rows": ({}, {}, {"rows": 2}),
    "target": ({}, {}, {"target": "instance-2"}),
    "failover": ({}, {}, {"failover": "blue-green"}),
    "expectations": ({}, {"expectations": {"lost": 0}}, {}),
    "no profile at all": ({"profile": "crash"}, {"profile": "quick"}, {}),
}


def decisive(settings=None, test=None, options=None, endpoint=PLACE):
    chosen = Settings(**({"seed": 7} | (settings or {})))
    return runner(chosen, **(test or {})).decisive(endpoint, USUAL | (options or {}))


@pytest.mark.parametrize("changes", CHANGES.values(), ids=CHANGES)
def test_whatever_decides_a_trial_is_told(changes):
    assert decisive() == decisive()
    assert decisive(*changes) != decisive()


def test_another_endpoint_decides_and_another_port_of_it_does_not():
    assert decisive(endpoint=replace(PLACE, name="proxy")) != decisive()
    assert decisive(endpoint=replace(PLACE, port=4712, password="q")) == decisive()


def test_what_a_profile_says_decides_and_not_where_it_lies(tmp_path):
    one, other = tmp_path / "a" / "own.toml", tmp_path / "b" / "own.toml"
    for path in (one, other):
        path.parent.mkdir()
        path.write_text(OWN)

    assert decisive({"profile": str(one)}) == decisive({"profile": str(other)})
    before = decisive({"profile": str(one)})
    one.write_text(OWN.replace("300ms", "400ms"))
    assert decisive({"profile": str(one)}) != before
