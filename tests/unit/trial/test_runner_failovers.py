"""What a runner triggers, when, with which seed, and for which loads; loads and cluster are stand-ins."""

from contextlib import contextmanager
from functools import partial
from types import SimpleNamespace

import pytest
from quiet_loads import PLACE

from pytest_rdsfailover.model.endpoints import Endpoint
from pytest_rdsfailover.model.errors import CancelledWorkError, SettingError
from pytest_rdsfailover.model.settings import Settings
from pytest_rdsfailover.trial import runner as module
from pytest_rdsfailover.trial.extensions import Extensions, OwnFault, UnsafeError
from pytest_rdsfailover.trial.runner import TrialRunner
from pytest_rdsfailover.trial.sampling import Sampling
from pytest_rdsfailover.trial.trial import InvalidTrialError

PROXY = Endpoint(name="proxy", kind="proxy", host="h", port=2, user="u", password="p", database="d")
OWN = OwnFault(triggered=1.0, profile="pulled cable")


class Failover:
    """One that is over when it is asked for the third time."""

    def __init__(self, steps):
        self.steps, self.left = steps, 2

    def told(self):
        self.steps.append("told?")
        self.left -= 1
        return self.left < 0

    def milestones(self):
        return ["all"] if self.left < 0 else ["trigger"]


class Cluster:
    """Notes what is asked of it."""

    def __init__(self):
        self.steps = []

    def rest(self):
        self.steps.append("rest")

    def fail_over(self, instance, profile, seed):
        self.steps.append(("fail over", instance, profile, seed))
        return Failover(self.steps)

    @contextmanager
    def permit(self, instance):
        self.steps.append(("permit", instance))
        yield
        self.steps.append("permitted")

    @contextmanager
    def blue_green(self):
        self.steps.append("deploy")
        yield SimpleNamespace(switch_over=self.switch_over, old_endpoint="old")
        self.steps.append("delete")

    def switch_over(self, name, seed):
        self.steps.append(("switch over", name, seed))
        return Failover(self.steps)


class Observed:
    """A load that notes what is asked of it; stands in for `Observation`."""

    left_behind, unaudited = (), None
    trial = SimpleNamespace(valid=True, reason="", expect=lambda **_: None)

    def __init__(self, target, endpoint, *_, others, old, **__):
        self.steps, self.endpoint, self.others, self.old = target.steps, endpoint.name, others, old
        self.warm_up, self.check_calm = partial(self.tell, "warm up"), partial(self.tell, "calm?")
        self.watch, self.forget = partial(self.tell, "watch"), partial(self.tell, "forget")

    def tell(self, *words):
        self.steps.append((*words, self.endpoint))

    def __enter__(self):
        self.tell("begin")
        return self

    def __exit__(self, *_):
        self.tell("end")

    def sampled(self, seed):
        self.tell("sampled", seed)

    def note_trigger(self, _):
        self.tell("triggered")


@pytest.fixture(autouse=True)
def observed(monkeypatch):
    """Let loads be stand-ins, and nobody sleep."""
    monkeypatch.setattr(module, "Observation", Observed)
    monkeypatch.setattr(module.StoppableClock, "sleep", lambda *_: None)


def ready(extensions=None, *, profile=None, options=None, expectations=None, settings=None):
    """Return a runner and all steps that it and its cluster take."""
    cluster = Cluster()
    made = TrialRunner(
        cluster, settings or Settings(seed=7), test="t", profile=profile, options=options,
        expectations=expectations or {}, extensions=extensions,
        note=lambda _: cluster.steps.append("note"),
        play=lambda name: cluster.steps.append(("play", name)),
    )  # fmt: skip
    return made, cluster.steps


def seed(*places):
    """Return the seed of the last of these failovers of the test."""
    sampling = Sampling(7, "t")
    return [sampling.next(place) for place in places][-1]


def triggers(steps):
    return [step for step in steps if step[0] in ("fail over", "switch over")]


FIRST = seed(("cluster", "crash"))


def test_a_trial_disturbs_a_warm_load_of_a_cluster_at_rest_and_is_noted_before_it_is_judged():
    made, steps = ready(profile="crash")

    assert made.trial(PLACE) is Observed.trial
    assert steps == [
        ("play", "crash"),
        "rest",
        ("begin", "cluster"),
        ("warm up", "cluster"),
        ("calm?", "cluster"),
        ("fail over", None, "crash", FIRST),
        ("sampled", FIRST, "cluster"),
        ("triggered", "cluster"),
        ("end", "cluster"),
        "note",
        ("forget", "cluster"),
    ]


@pytest.mark.parametrize("usual", [None, "blue-green"])
def test_a_switchover_has_a_deployment_of_its_own_for_as_long_as_its_trial(usual):
    made, steps = ready(options={"failover": usual} if usual else None)
    given = {} if usual else {"failover": "blue-green"}
    expected = seed(("cluster", "blue-green"))

    assert made.trial(PLACE, **given) is Observed.trial
    assert steps == [
        "rest",
        "deploy",
        ("begin", "cluster"),
        ("warm up", "cluster"),
        ("calm?", "cluster"),
        ("switch over", "blue-green", expected),
        ("sampled", expected, "cluster"),
        ("triggered", "cluster"),
        ("end", "cluster"),
        "note",
        ("forget", "cluster"),
        "delete",
    ]


@pytest.mark.parametrize("given", [{"target": "instance-2"}, {"profile": "crash"}])
def test_who_says_which_failover_means_no_switchover_of_the_project(given):
    made, steps = ready(options={"failover": "blue-green"})
    made.trial(PLACE, **given)

    assert [step[0] for step in triggers(steps)] == ["fail over"]


def test_only_a_switchovers_load_can_read_the_environment_that_it_leaves(monkeypatch):
    made, _ = ready()
    old = []
    monkeypatch.setattr(Observed, "__exit__", lambda self, *_: old.append(self.old and self.old()))
    made.trial(PLACE, failover="blue-green")
    made.trial(PLACE)

    assert old == ["old", None]


def test_each_failover_has_a_seed_of_its_place_and_number():
    made, steps = ready(profile="crash")
    for _ in range(2):
        made.trial(PLACE)
    made.trial(PROXY, profile="flip-flop")
    made.begin(PLACE, {})
    made.skip(PLACE, {})
    made.trial(PLACE)
    made.fail_over(wait=False)
    cluster, second = ("cluster", "crash"), seed(("cluster", "crash"), ("cluster", "crash"))

    assert [step[-1] for step in triggers(steps)] == [
        seed(cluster), second, seed(("proxy", "flip-flop")), second, seed(("", "crash")),
    ]  # fmt: skip


def test_a_population_of_switchovers_begins_with_the_first_one_too():
    made, steps = ready(options={"failover": "blue-green"})
    made.trial(PLACE)
    made.begin(PLACE, {})
    made.trial(PLACE)
    made.begin(PLACE, {"failover": "blue-green-fast"})
    made.trial(PLACE)

    first, again, next_one = (step[-1] for step in triggers(steps))
    assert first == again != next_one


def test_a_failover_is_for_all_loads_that_run_and_samples_for_the_latest():
    made, steps = ready()
    with made.load(PLACE):
        with made.load(PROXY):
            made.fail_over("instance-2", profile="crash", wait=False)
        made.fail_over(profile="crash", wait=False)
    made.fail_over(profile="crash", wait=False)
    one, other = seed(("proxy", "crash")), FIRST

    assert [step for step in steps if step[0] in ("calm?", "sampled", "triggered", "fail over")] == [
        ("calm?", "cluster"), ("calm?", "proxy"), ("fail over", "instance-2", "crash", one),
        ("sampled", one, "cluster"), ("triggered", "cluster"),
        ("sampled", one, "proxy"), ("triggered", "proxy"),
        ("calm?", "cluster"), ("fail over", None, "crash", other),
        ("sampled", other, "cluster"), ("triggered", "cluster"),
        ("fail over", None, "crash", seed(("", "crash"))),
    ]  # fmt: skip


def test_a_failover_is_watched_by_the_loads_until_it_is_over():
    made, steps = ready()
    with made.load(PLACE):
        del steps[:]
        assert made.fail_over() == ["all"]
        assert steps[-7:] == [*[("watch", "cluster"), "told?"] * 3, "rest"]
        assert made.fail_over(wait=False) == ["trigger"]


def test_a_failover_that_is_never_over_is_watched_up_to_the_bound(monkeypatch):
    made, steps = ready(settings=Settings(bound=2.0))
    monkeypatch.setattr(Failover, "told", lambda _: False)
    moments = iter(range(100))
    monkeypatch.setattr(made.clock, "now", lambda: float(next(moments)))

    assert made.fail_over() == ["trigger"]
    assert steps[-1] == "rest"
    assert next(moments) in (3, 4)


class Pulling(Extensions):
    """A project that may pull a cable instead, and may refuse."""

    triggers = True

    def __init__(self, own=OWN, *, refuses=False):
        self.own, self.refuses = own, refuses

    def before_trial(self, cluster, endpoint):
        cluster.steps.append(("before", endpoint.name))

    def after_trial(self, cluster, endpoint, _):
        cluster.steps.append(("after", endpoint.name))

    def check_safety(self, cluster, instance, profile):
        cluster.steps.append(("safe?", instance, profile))
        if self.refuses:
            raise UnsafeError("not now")

    def trigger(self, cluster, instance, profile, seed):
        cluster.steps.append(("pull", instance, profile, seed))
        return self.own


def test_a_fault_of_the_projects_own_is_permitted_first_and_sampled_by_no_seed():
    made, steps = ready(Pulling())
    with made.load(PLACE) as load:
        assert made.fail_over("instance-2", profile="crash") == OWN.milestones()
        assert load.others == [OWN]

    assert [step for step in steps if step != "note"][:12] == [
        ("before", "cluster"),
        ("begin", "cluster"),
        ("play", "crash"),
        ("calm?", "cluster"),
        ("safe?", "instance-2", "crash"),
        ("permit", "instance-2"),
        ("pull", "instance-2", "crash", FIRST),
        "permitted",
        ("sampled", None, "cluster"),
        ("triggered", "cluster"),
        ("watch", "cluster"),
        "rest",
    ]
    assert steps[-1] == ("after", "cluster")


def test_a_project_that_leaves_a_failover_to_the_cluster_gets_the_usual_one():
    made, steps = ready(Pulling(None))
    with made.load(PLACE) as load:
        made.fail_over(profile="crash", wait=False)
        assert load.others == []

    assert triggers(steps) == [("fail over", None, "crash", FIRST)]
    assert ("sampled", FIRST, "cluster") in steps


def test_a_failover_that_is_not_safe_is_not_triggered():
    made, steps = ready(Pulling(refuses=True))
    with pytest.raises(UnsafeError):
        made.fail_over()
    assert not [step for step in steps if step[0] in ("permit", "pull", "fail over")]


def test_an_invalid_trial_fails_and_one_that_is_valid_is_held_to_what_the_test_expects(monkeypatch):
    held = []
    trial = SimpleNamespace(valid=False, reason="why", expect=lambda **bounds: held.append(bounds))
    monkeypatch.setattr(Observed, "trial", trial)
    made, steps = ready(expectations={"lost": 0})
    with pytest.raises(InvalidTrialError, match="why"):
        made.trial(PLACE)
    assert (held, steps[-2]) == ([], "note")

    trial.valid = True
    assert made.trial(PLACE) is trial
    assert held == [{"lost": 0}]


def test_an_expectation_that_no_load_of_the_rate_could_tell_is_refused_before_it_begins():
    made, steps = ready(expectations={"downtime": "< 1ms"}, settings=Settings(rate=10.0))
    with pytest.raises(SettingError, match="rate"):
        made.trial(PLACE)
    assert ("begin", "cluster") not in steps


def test_a_population_is_settled_before_its_next_trial_and_can_be_given_up(monkeypatch):
    monkeypatch.undo()
    made, steps = ready()
    made.settle()
    assert steps == ["rest"]
    with made.giving_up(), pytest.raises(CancelledWorkError):
        made.clock.sleep(1.0)
    made.clock.sleep(0.0)
