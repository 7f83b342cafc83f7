"""Toxics that come, change and go on a link, and the two links of a connection."""

import asyncio
from types import SimpleNamespace

import pytest

from pytest_rdsfailover.local.toxiproxy import link as module
from pytest_rdsfailover.local.toxiproxy.link import Connection, Link


class Stage:
    """A toxic at work, which notes in one list what is done with all of them."""

    told: list

    def __init__(self, installed, line):
        self.installed, self.line = installed, line
        self.idle, self.closed, self.stops = True, False, True

    def _tell(self, what):
        self.told.append(f"{self.installed.name} {what}")

    def start(self):
        self.idle = self.installed.idle
        self._tell("starts")

    def interrupt(self):
        self._tell("stops")
        return self.stops

    def empty(self):
        self._tell("empties")
        if self.installed.ends:
            self.line.abandon()

    def close(self):
        self._tell("closes")

    def cancel(self):
        self._tell("is cancelled")

    def stir(self):
        self._tell("has room")


class Wire:
    """A wire that notes what is done with it."""

    def __init__(self, *_):
        self.busy = self.closed = False
        self.told = []

    def __getattr__(self, name):
        return lambda *given: self.told.append((name, *given))

    def close(self):
        self.closed = True
        self.writer.abandon()


@pytest.fixture
def told(monkeypatch):
    told = []
    monkeypatch.setattr(Stage, "told", told, raising=False)
    monkeypatch.setattr(module, "Stage", Stage)
    return told


@pytest.fixture
def link():
    return Link(Wire(), Wire())


def installed(name, *, idle=False, removal_closes=False, resets=False, ends=False):
    toxic = SimpleNamespace(removal_closes=removal_closes, resets=resets)
    return SimpleNamespace(name=name, idle=idle, toxic=toxic, ends=ends)


def three(link, told, **changes):
    """Give a link the toxics a, b and c; one of them may differ."""
    found = [installed(name, **changes.get(name, {})) for name in "abc"]
    for each in found:
        link.add(each)
    told.clear()
    link.source.told.clear()
    return found


def test_a_new_toxic_comes_last_and_the_one_before_it_starts_anew(link, told):
    for name in "abc":
        link.add(installed(name))
    assert [stage.installed.name for stage in link.stages] == ["a", "b", "c"]
    assert told == [
        "a starts",
        "a stops", "b starts", "a starts",
        "b stops", "c starts", "b starts",
    ]  # fmt: skip


def test_a_toxic_that_cannot_be_stopped_is_not_started_anew(link, told):
    link.add(installed("a"))
    link.stages[0].stops = False
    link.add(installed("b"))
    assert told[1:] == ["a stops", "b starts"]


def test_bytes_enter_at_the_first_toxic_that_acts(link, told):
    link.add(installed("a", idle=True))
    link.feed(b"x")
    assert link.dest.told == [("send", b"x")]
    second = installed("b")
    link.add(second)
    link.stages[1].put, link.stages[1].room = told.append, True
    link.feed(b"y")
    assert told[-1].data == b"y"
    second.idle = True
    link.update(second)
    link.feed(b"z")
    assert link.dest.told == [("send", b"x"), ("send", b"z")]


@pytest.mark.parametrize("how", ["it finishes", "its destination is closed"])
def test_a_link_that_ends_gets_no_more_toxics(link, told, how):
    link.dest.busy = True
    if how == "it finishes":
        link.end()
    else:
        link.dest.closed = True
    link.add(installed("a"))
    assert (link.stages, told) == ([], [])


def test_a_changed_toxic_starts_anew_and_no_other(link, told):
    _, second, _ = three(link, told)
    link.update(second)
    assert told == ["b stops", "b starts"]


def test_a_change_of_what_is_not_there_or_cannot_be_stopped_changes_nothing(link, told):
    _, second, _ = three(link, told)
    link.stages[1].stops = False
    link.update(second)
    link.remove(second)
    assert told == ["b stops", "b stops"]
    for change in (link.update, link.remove):
        change(installed("b"))
    assert (len(told), len(link.stages)) == (2, 3)


@pytest.mark.parametrize(
    ("place", "done"),
    [
        (0, ["a stops", "a empties"]),
        (1, ["b stops", "b empties", "a stops", "a starts", "a has room"]),
        (2, ["c stops", "c empties", "b stops", "b starts", "b has room"]),
    ],
)
def test_a_removed_toxic_empties_itself_and_the_one_before_it_starts_anew(link, told, place, done):
    toxics = three(link, told)
    link.remove(toxics[place])
    assert told == done
    assert [stage.installed for stage in link.stages] == toxics[:place] + toxics[place + 1 :]
    assert link.source.told == ([("resume",)] if place == 0 else [])
    assert link._entry is link.stages[0]


def test_the_one_before_a_removed_toxic_that_cannot_be_stopped_is_not_started(link, told):
    _, second, _ = three(link, told)
    link.stages[0].stops = False
    link.remove(second)
    assert told == ["b stops", "b empties", "a stops", "a has room"]


def test_the_last_toxic_gone_lets_bytes_pass_straight_on(link, told):
    only = installed("a")
    link.add(only)
    link.remove(only)
    link.feed(b"x")
    assert link.dest.told == [("send", b"x")]
    assert told == ["a starts", "a stops", "a empties"]


def test_removing_what_closes_on_removal_only_closes_it(link, told):
    _, second, _ = three(link, told, b={"removal_closes": True})
    link.remove(second)
    assert told == ["b stops", "b closes"]
    assert len(link.stages) == 3


def test_a_link_that_ended_while_a_removed_toxic_emptied_itself_is_left_alone(link, told):
    _, second, _ = three(link, told, b={"ends": True})
    link.remove(second)
    assert told[:2] == ["b stops", "b empties"]
    assert all(each.endswith("is cancelled") for each in told[2:])
    assert link.source.told == []


@pytest.fixture
def connection(monkeypatch, told):  # noqa: ARG001 - its stages are stand-ins
    monkeypatch.setattr(module, "Wire", Wire)

    async def made():
        return Connection("client", "upstream", closed.append)

    closed = []
    connection = asyncio.run(made())
    connection.ended = closed
    return connection


def test_a_connection_begins_with_the_toxics_of_each_stream_and_then_reads(connection, told):
    up, down = installed("up"), installed("down")
    connection.start({"upstream": [up], "downstream": [down]})
    for stream, toxic in (("upstream", up), ("downstream", down)):
        (stage,) = connection.links[stream].stages
        assert stage.installed is toxic
    assert [wire.told for wire in connection._wires] == [[("resume",)], [("resume",)]]
    assert told == ["up starts", "down starts"]


@pytest.mark.parametrize("stream", ["upstream", "downstream"])
def test_a_toxic_that_resets_makes_both_ends_do_so_whatever_its_stream(connection, stream):
    connection.start({"upstream": [], "downstream": [], stream: [installed("a", resets=True)]})
    told = [("reset_on_close",), ("resume",)]
    assert [wire.told for wire in connection._wires] == [told, told]


def test_a_connection_ends_once_with_its_second_wire_and_ends_its_toxics(connection, told):
    connection.start({"upstream": [installed("up")], "downstream": [installed("down")]})
    near, far = connection._wires
    near.close()
    assert (connection.ended, told[2:]) == ([], ["down is cancelled"])
    far.close()
    assert (connection.ended, told[3:]) == ([connection], ["up is cancelled"])


def test_closing_a_connection_closes_both_ends(connection):
    connection.start({"upstream": [], "downstream": []})
    connection.close()
    assert [wire.closed for wire in connection._wires] == [True, True]
    assert connection.ended == [connection]


def test_a_wire_that_has_drained_ends_the_link_that_writes_it(connection):
    near, far = connection._wires
    far.busy = True
    near.reader.end()
    assert not far.closed
    far.busy = False
    far.writer.drained()
    assert (near.closed, far.closed) == (False, True)
