"""Toxics as users type them."""

from types import SimpleNamespace

import pytest
from standing_clusters import description

from pytest_rdsfailover.local.listeners import ARMED
from pytest_rdsfailover.local.standing.toxics import StandingToxics, WantedToxic, parse_toxic
from pytest_rdsfailover.model.errors import SettingError


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("latency=200", WantedToxic(kind="latency", attributes={"latency": 200})),
        ("latency=1.5s jitter=5ms", WantedToxic(kind="latency", attributes={"latency": 1500, "jitter": 5})),
        ("latency latency=7", WantedToxic(kind="latency", attributes={"latency": 7})),
        ("bandwidth=100", WantedToxic(kind="bandwidth", attributes={"rate": 100})),
        ("limit_data=9", WantedToxic(kind="limit_data", attributes={"bytes": 9})),
        ("timeout=0 stream=upstream", WantedToxic(kind="timeout", attributes={"timeout": 0}, stream="upstream")),
        ("slow_close=3 toxicity=0.5", WantedToxic(kind="slow_close", attributes={"delay": 3}, toxicity=0.5)),
        ("noop", WantedToxic(kind="noop")),
        ("noop toxicity=0", WantedToxic(kind="noop", toxicity=0.0)),
        ("noop toxicity=1 stream=downstream", WantedToxic(kind="noop")),
        ("latency", WantedToxic(kind="latency")),
        ("latency=0", WantedToxic(kind="latency", attributes={"latency": 0})),
        ("limit_data=2147483647", WantedToxic(kind="limit_data", attributes={"bytes": 2147483647})),
        ("latency=0.0014s", WantedToxic(kind="latency", attributes={"latency": 1})),
        ("slicer=9 delay=2 size_variation=3", WantedToxic(kind="slicer", attributes={"average_size": 9, "size_variation": 3, "delay": 2})),
    ],
)  # fmt: skip
def test_words_are_a_toxic(words, wanted):
    assert parse_toxic(words.split()) == wanted


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("latncy=1", "did you mean 'latency'"),
        ("latency=1 jiter=2", "did you mean 'jitter'"),
        ("latency=fast", "whole number"),
        ("latency=-5", "whole number from 0"),
        ("latency=-5s", "whole number from 0"),
        ("latency=1 jitter=99999999999", "from 0 to 2147483647"),
        ("latency=1 latency=2", "latency is given twice"),
        ("latency=1 jitter=2 jitter=3", "jitter is given twice"),
        ("latency=1 jitter", "says nothing"),
        ("latency=1 stream=up", "downstream, upstream"),
        ("latency=1 toxicity=2", "from 0 to 1"),
        ("latency=1 toxicity=nan", "from 0 to 1"),
        ("limit_data=2147483648", "from 0 to 2147483647"),
        ("latency=-1", "latency=-1: write a whole number"),
        ("noop=1", "a toxic 'noop' has no attribute, so no value; write noop$"),
        ("noop x=1", "a toxic 'noop' has no attribute 'x'"),
        ("latency=1 rate=2", "'rate'.*attributes: latency, jitter, stream, toxicity"),
        ("latency=1 toxicity=-0.1", "from 0 to 1"),
        ("latency=1 toxicity=1.01", "from 0 to 1"),
        ("latency=1 toxicity=half", "from 0 to 1"),
        ("=1", "no toxic ''"),
    ],
)
def test_a_wrong_word_is_refused_with_what_would_be_right(words, said):
    with pytest.raises(SettingError, match=said):
        parse_toxic(words.split())


def test_a_wanted_toxic_is_named_by_its_kind_and_direction():
    assert WantedToxic(kind="latency", stream="upstream").name == "latency_upstream"


class Client:
    """A Toxiproxy that keeps what it is told."""

    def __init__(self):
        self.kept, self.enabled = {}, {}

    def add_toxic(self, proxy, *, type, stream, toxicity, attributes):  # noqa: A002
        toxics = self.kept.setdefault(proxy, {})
        name = f"{type}_{stream}"
        assert name not in toxics
        toxics[name] = SimpleNamespace(attributes=attributes, toxicity=toxicity)

    def remove_toxic(self, proxy, name):
        del self.kept[proxy][name]

    def toxics(self, proxy):
        armed = SimpleNamespace(attributes={"timeout": 0}, toxicity=0.0)
        return {ARMED: armed, **self.kept.get(proxy, {})}

    def update(self, proxy, *, enabled):
        self.enabled[proxy] = enabled

    def proxy(self, proxy):
        return SimpleNamespace(enabled=self.enabled.get(proxy, True))


@pytest.fixture
def client():
    return Client()


@pytest.fixture
def toxics(client):
    return StandingToxics(SimpleNamespace(description=description(), toxiproxy=client))


def test_a_toxic_replaces_one_of_its_kind_and_direction_and_leaves_the_others(toxics, client):
    slow = WantedToxic(kind="latency", attributes={"latency": 1}, toxicity=0.5)
    for wanted in (slow, WantedToxic(kind="noop"), WantedToxic(kind="latency", stream="upstream")):
        toxics.add("writer", wanted)
    toxics.add("writer", WantedToxic(kind="latency", attributes={"latency": 2}, toxicity=0.25))

    (kept,) = client.kept.values()
    assert list(client.kept) == ["rdsfailover-1-cluster"]
    assert (kept["latency_downstream"].attributes, kept["latency_downstream"].toxicity) == (
        {"latency": 2}, 0.25,
    )  # fmt: skip
    assert toxics.on("writer") == {
        "noop_downstream": {}, "latency_upstream": {}, "latency_downstream": {"latency": 2},
    }  # fmt: skip
    assert toxics.on("reader") == {}


def test_those_that_are_named_are_removed_or_all_but_what_arms_the_endpoint(toxics):
    for kind in ("noop", "latency", "timeout"):
        toxics.add("proxy", WantedToxic(kind=kind))
    assert toxics.remove("proxy", {"noop_downstream", "bandwidth_upstream"}) == ["noop_downstream"]
    assert toxics.remove("proxy", set()) == []
    assert toxics.remove("proxy") == ["latency_downstream", "timeout_downstream"]
    assert toxics.remove("proxy") == []


def test_an_endpoint_listens_as_it_was_told_to(toxics, client):
    assert toxics.listens("instance-2") is True
    toxics.let_listen("instance-2", enabled=False)
    assert (toxics.listens("instance-2"), toxics.listens("instance-1")) == (False, True)
    assert client.enabled == {"rdsfailover-1-instance-2": False}


def test_an_endpoint_that_is_unknown_is_refused_before_anything_is_asked(toxics):
    with pytest.raises(SettingError, match="no endpoint 'wrter'"):
        toxics.add("wrter", WantedToxic(kind="noop"))
