"""The toxics of a proxy, their names and order, and the links that learn of each change."""

from types import SimpleNamespace

import pytest

from pytest_rdsfailover.local.toxiproxy.chain import Chain
from pytest_rdsfailover.local.toxiproxy.refusal import Refusal


class Connection:
    """Notes what its links are told."""

    def __init__(self):
        self.told, self.closed = [], 0
        self.links = {
            stream: SimpleNamespace(**{
                step: lambda toxic, step=step, stream=stream: self.told.append(
                    (step, stream, toxic.name)
                )
                for step in ("add", "update", "remove")
            })
            for stream in ("upstream", "downstream")
        }  # fmt: skip

    def start(self, toxics):
        self.began = {stream: [toxic.name for toxic in each] for stream, each in toxics.items()}

    def close(self):
        self.closed += 1


def latency(**more):
    return {"type": "latency", "attributes": {"latency": 100}, **more}


def test_a_toxic_is_for_the_way_down_and_always_unless_it_says_otherwise():
    chain = Chain()
    assert chain.add(latency()).show() == {
        "attributes": {"latency": 100, "jitter": 0}, "name": "latency_downstream", "type": "latency",
        "stream": "downstream", "toxicity": 1,
    }  # fmt: skip
    shown = chain.add(latency(stream="Upstream", toxicity=0.25, name="own")).show()
    assert (shown["name"], shown["stream"], shown["toxicity"]) == ("own", "Upstream", 0.25)
    assert [toxic.name for toxic in chain.installed()] == ["own", "latency_downstream"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (latency(stream="sideways"), 400), ({"type": "thunder"}, 400), ({}, 400), (latency(), 409),
        (latency(name=7), 400), (latency(toxicity="1"), 400), (latency(name="b", attributes={"latency": "x"}), 400),
        (latency(name="b", attributes=[]), 400), ([], 400),
    ],
)  # fmt: skip
def test_what_describes_no_new_toxic_is_refused_and_changes_nothing(body, status):
    chain = Chain()
    chain.add(latency())
    connection = Connection()
    chain.attach(connection)
    with pytest.raises(Refusal) as refused:
        chain.add(body)

    assert refused.value.status == status
    assert len(chain.installed()) == 1
    assert connection.told == []


def test_links_of_its_stream_learn_of_each_change_of_a_toxic():
    chain, connection, ended = Chain(), Connection(), Connection()
    chain.attach(connection)
    chain.attach(ended)
    chain.detach(ended)
    chain.add(latency(stream="upstream", name="a"))
    changed = chain.update("a", {"toxicity": 0.5, "attributes": {"jitter": 7}})
    chain.remove("a")

    assert connection.told == [
        ("add", "upstream", "a"),
        ("update", "upstream", "a"),
        ("remove", "upstream", "a"),
    ]
    assert ended.told == []
    assert (changed.toxicity, changed.toxic.attributes()) == (0.5, {"latency": 100, "jitter": 7})
    assert chain.installed() == []


def test_an_update_leaves_what_it_does_not_name():
    chain = Chain()
    chain.add(latency(toxicity=0.25))
    assert chain.update("latency_downstream", {}).show()["toxicity"] == 0.25
    assert chain.get("latency_downstream").toxic.attributes() == {"latency": 100, "jitter": 0}


@pytest.mark.parametrize(
    "call", [Chain.get, Chain.remove, lambda chain, name: chain.update(name, {})]
)
def test_a_toxic_that_is_not_there_is_told_so(call):
    with pytest.raises(Refusal, match="toxic not found"):
        call(Chain(), "a")


def test_a_connection_begins_with_the_toxics_that_there_are_and_a_reset_takes_all():
    chain, connection = Chain(), Connection()
    for body in (latency(), latency(stream="upstream"), latency(name="second")):
        chain.add(body)
    chain.attach(connection)
    assert connection.began == {
        "upstream": ["latency_upstream"], "downstream": ["latency_downstream", "second"],
    }  # fmt: skip
    chain.clear()
    assert chain.installed() == []
    assert len(connection.told) == 3
    chain.close_connections()
    assert connection.closed == 1
