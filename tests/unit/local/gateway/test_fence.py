"""The administrator's connection that kills: in which order, what it bears, and when it connects anew."""

import pytest

from pytest_rdsfailover.local.gateway.fence import Fence
from pytest_rdsfailover.model.errors import GatewayError


class Server:
    """A server as an administrator sees it: whom it lists, and what it answers badly."""

    def __init__(self, listed=(), faults=None):
        self.listed, self.faults = list(listed), faults or {}
        self.connections, self.asked, self._rows = 0, [], []
        self.hung_up = []  # what the next questions meet instead of an answer

    def connect(self):
        self.connections += 1
        return self

    def cursor(self):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def execute(self, sql):
        self.asked.append(sql)
        if self.hung_up:
            raise self.hung_up.pop(0)
        if fault := self.faults.get(sql):
            raise fault
        lists = sql == "SHOW PROCESSLIST" or "processlist" in sql
        # What follows the id in a row, and an id as a text, is nothing to the fence.
        self._rows = [(str(each), 99, 98) for each in self.listed] if lists else []

    def fetchall(self):
        return self._rows

    @property
    def killed(self):
        return [sql for sql in self.asked if sql.startswith("KILL")]


def test_a_connection_is_made_at_the_first_question_and_kept():
    server = Server()
    fence = Fence(server.connect)
    assert server.connections == 0

    fence.open()
    fence.kill([7])

    assert server.connections == 1
    assert server.asked == ["DO 0", "KILL CONNECTION 7"]


def test_of_several_those_that_wait_are_killed_in_the_servers_order_and_nobody_elses():
    server = Server(listed=[9, 5, 3, 7])
    Fence(server.connect).kill({3, 7, 9, 11})

    assert server.killed == [f"KILL CONNECTION {thread}" for thread in (9, 3, 7, 11)]
    assert "ORDER BY" in server.asked[0]


def test_two_are_enough_for_an_order():
    server = Server(listed=[2, 1])
    Fence(server.connect).kill([1, 2])

    assert server.killed == ["KILL CONNECTION 2", "KILL CONNECTION 1"]


def test_of_nobody_nothing_is_asked():
    server = Server(listed=[1])
    fence = Fence(server.connect)
    fence.kill([])
    fence.interrupt([])

    assert fence.alive([]) == set()
    assert server.asked == []


def test_alive_is_who_was_asked_for_and_is_listed():
    assert Fence(Server(listed=[1, 2, 99]).connect).alive([2, 3]) == {2}


def test_an_interrupted_statement_leaves_its_session():
    server = Server()
    Fence(server.connect).interrupt([4, 6])

    assert server.killed == ["KILL QUERY 4", "KILL QUERY 6"]


@pytest.mark.parametrize("verb", ["CONNECTION", "QUERY"])
def test_who_is_gone_already_is_fine_and_the_connection_goes_on(verb):
    server = Server(faults={f"KILL {verb} 4": ValueError(1094, "Unknown thread id: 4")})
    fence = Fence(server.connect)
    (fence.kill if verb == "CONNECTION" else fence.interrupt)([4])
    fence.open()

    assert server.connections == 1


@pytest.mark.parametrize("verb", ["CONNECTION", "QUERY"])
def test_another_refusal_is_an_error_and_the_next_question_connects_anew(verb):
    server = Server(faults={f"KILL {verb} 4": ValueError(1095, "You are not owner of thread 4")})
    fence = Fence(server.connect)
    with pytest.raises(GatewayError, match=r"the server refused KILL: \(1095, 'You are not owner"):
        (fence.kill if verb == "CONNECTION" else fence.interrupt)([4])
    fence.open()

    assert server.connections == 2


@pytest.mark.parametrize("number", [0, 1, 1094])
@pytest.mark.parametrize(
    ("sql", "ask"),
    [("DO 0", Fence.open), ("SHOW PROCESSLIST", lambda fence: fence.alive([1]))],
)
def test_no_other_question_bears_an_unknown_thread(sql, ask, number):
    server = Server(faults={sql: OSError(number, "no")})
    with pytest.raises(GatewayError, match=f"refused {sql.split()[0]}: "):
        ask(Fence(server.connect))


def test_an_error_without_a_number_is_no_unknown_thread():
    server = Server(faults={"KILL CONNECTION 4": OSError()})
    with pytest.raises(GatewayError, match="refused KILL"):
        Fence(server.connect).kill([4])


@pytest.mark.parametrize("code", [0, 2006, 2013, 4031])
def test_a_server_that_has_hung_up_since_is_asked_once_more(code):
    server = Server(listed=[3])
    fence = Fence(server.connect)
    fence.open()
    server.hung_up = [OSError(code, "gone away")]

    assert fence.alive([3, 4]) == {3}
    assert server.connections == 2


def test_a_server_that_hangs_up_on_a_new_connection_is_an_error():
    server = Server()
    fence = Fence(server.connect)
    fence.open()
    server.hung_up = [OSError(2006, "gone away"), OSError(2013, "lost")]

    with pytest.raises(GatewayError, match=r"refused KILL: .*lost"):
        fence.kill([4])
    assert server.connections == 2
