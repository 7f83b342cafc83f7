"""Whoever a killed command has left is asked to end, and killed again and again until nobody is left."""

import os
import signal

from clocks import SteppingClock

from pytest_rdsfailover.local.processes import descendants


class Crowd:
    """Processes that end, or fork, at so many looks."""

    def __init__(self, monkeypatch, *, asked=(), killed=()):
        self.clock, self.sent = SteppingClock(), []
        self._asked, self._killed = list(asked), list(killed)
        monkeypatch.setattr(descendants.time, "monotonic", self.clock.now)
        monkeypatch.setattr(descendants.time, "sleep", self.clock.sleep)
        monkeypatch.setattr(descendants, "marked", lambda _: iter([0] * self._next(self._asked)))
        monkeypatch.setattr(descendants, "_send", self._send)

    def _send(self, _, number):
        self.sent.append(number)
        return self._next(self._killed) if number == signal.SIGKILL else 0

    @staticmethod
    def _next(counts):
        return counts.pop(0) if len(counts) > 1 else (counts or [0])[0]


def test_who_ends_when_asked_is_not_killed_but_once_looked_for(monkeypatch):
    crowd = Crowd(monkeypatch, asked=[2, 1, 0])
    descendants.end(b"MARK=1")

    assert crowd.sent == [signal.SIGTERM, signal.SIGKILL]
    assert crowd.clock.now() < descendants.ASKED_FOR


def test_who_does_not_end_is_killed_and_so_is_who_was_forked_meanwhile(monkeypatch):
    crowd = Crowd(monkeypatch, asked=[1], killed=[3, 2, 1, 0])
    descendants.end(b"MARK=1")

    assert crowd.sent == [signal.SIGTERM, *[signal.SIGKILL] * 4]
    assert crowd.clock.now() >= descendants.ASKED_FOR


def test_who_cannot_be_killed_is_given_up(monkeypatch):
    crowd = Crowd(monkeypatch, asked=[1], killed=[1])
    descendants.end(b"MARK=1")

    within = descendants.ASKED_FOR + descendants.KILLED_FOR
    assert within <= crowd.clock.now() < within + 2 * descendants.LOOK_EVERY


def test_a_process_is_told_by_a_whole_variable_of_its_environment(monkeypatch, tmp_path):
    monkeypatch.setattr(descendants, "PROC", str(tmp_path))
    for name, environment in (
        (str(os.getpid()), b"A=1\0MARK=1\0B=2\0"), ("7", b"MARK=12\0"), ("8", b"XMARK=1\0"), ("self", b"MARK=1\0"),
    ):  # fmt: skip
        (tmp_path / name).mkdir()
        (tmp_path / name / "environ").write_bytes(environment)
    (tmp_path / "9").mkdir()  # has ended meanwhile

    assert len(list(descendants.marked(b"MARK=1"))) == 1
