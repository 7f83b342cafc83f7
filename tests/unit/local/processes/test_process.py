"""What a process hears of its supervisor, and what it does when that does not answer."""

import signal
from pathlib import Path

import pytest

from pytest_rdsfailover.local.processes import supervisor_client
from pytest_rdsfailover.local.processes.process import Process
from pytest_rdsfailover.local.processes.supervisor_client import _is_child, tail
from pytest_rdsfailover.model.errors import DiedError, NotReadyError


class Client:
    """A supervisor's client that answers or does not."""

    def __init__(self, directory=Path("/nowhere"), *, answers=True):
        self.directory, self.asked, self.abandoned, self._answers = directory, [], 0, answers

    def ask(self, **request):
        self.asked.append(request)

    def answers(self, wait):
        return self._answers and wait(0.0)

    def abandon(self):
        self.abandoned += 1

    def unanswered(self):
        return NotReadyError("the supervisor", 1.0)


def process(client):
    return Process(client, 3, "server", "mysqld")


def test_a_program_is_started_once_its_id_is_known_or_its_end():
    client = Client()
    one = process(client)
    with pytest.raises(NotReadyError):
        one.wait_started()
    one.hear({"key": 3, "pid": 99})
    one.wait_started()
    assert (one.pid, one.alive) == (99, True)

    other = process(client)
    other.end(None)  # its supervisor has ended before
    other.wait_started()
    assert (other.pid, other.alive, other.fate) == (0, False, "ended with its supervisor")


@pytest.mark.parametrize(
    ("status", "fate"),
    [(0, "exit status 0"), (3, "exit status 3"), (-9, "ended by SIGKILL"), (None, "ended with its supervisor")],
)  # fmt: skip
def test_its_fate_is_told_in_words(status, fate):
    one = process(Client())
    assert (one.fate, one.alive) == ("still runs", True)
    if status is None:
        one.end(None)
    else:
        one.hear({"key": 3, "status": status})

    assert one.fate == fate
    assert fate in repr(one)
    with pytest.raises(DiedError, match="server died"):
        one.check()


def test_a_signal_is_sent_once_and_its_moments_come_back():
    client = Client()
    one = process(client)
    client.answers = lambda wait: (one.hear({"key": 3, "sent": (5, 7)}), wait(0.0))[1]

    assert one.freeze() == (5, 7)
    assert client.asked == [{"do": "signal", "key": 3, "signal": int(signal.SIGSTOP)}]
    one.end(-9)
    assert one.thaw() == (0, 0)
    assert len(client.asked) == 1


def test_whoever_kills_under_a_supervisor_that_does_not_answer_gives_that_up():
    client = Client()
    one = process(client)
    told = iter([True, False])  # the signal is confirmed, the end is not
    client.answers = lambda _: next(told)
    one.kill()
    assert client.abandoned == 1

    answering = Client()
    ended = process(answering)
    answering.answers = lambda wait: (
        ended.hear({"key": 3, "sent": (1, 2)}),
        ended.end(-9),
        wait(0.0),
    )[2]
    ended.kill()
    assert answering.abandoned == 0


def test_a_log_is_what_stands_in_standard_error_or_else_in_standard_output(tmp_path):
    one = process(Client(tmp_path))
    assert one.log_tail() == ""
    (tmp_path / "server.out").write_text("said\n")
    assert one.log_tail() == "said"
    (tmp_path / "server.log").write_text("one\ntwo\nthree\n")
    assert (one.log_tail(2), tail(tmp_path / "server.log", 1)) == ("two\nthree", "three")


def test_a_child_is_told_by_its_parent_and_by_nothing_where_the_system_does_not_tell(
    monkeypatch, tmp_path
):
    monkeypatch.setattr(supervisor_client, "PROC", tmp_path)
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "stat").write_text("7 (a ) name) S 42 7 7")

    assert (_is_child(7, 42), _is_child(7, 41), _is_child(8, 42)) == (True, False, False)
    monkeypatch.setattr(supervisor_client, "PROC", tmp_path / "none")
    assert _is_child(7, 42)  # whoever cannot know kills what it has started
