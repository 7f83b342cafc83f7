"""Commands that are held back: sent later, at once when their client is gone, never after a cut."""

import asyncio
from types import SimpleNamespace

from pytest_rdsfailover.local.gateway.late_commits import LateCommits


class Timer:
    def __init__(self, delay, call):
        self.delay, self.call, self.cancelled = delay, call, False

    def cancel(self):
        self.cancelled = True


class Line:
    """A session and its server's side, with timers that are run by hand."""

    def __init__(self, delay):
        self.session = SimpleNamespace(to_server=bytearray(), delay=delay)
        self.sent, self.timers = [], []
        self.late = LateCommits(self.session, self._write)

    def _write(self, data):
        self.sent.append(bytes(data))
        data.clear()

    def send(self, data=b""):
        self.session.to_server += data
        self._on_loop(self.late.send)

    def _on_loop(self, call):
        async def run():
            loop = asyncio.get_running_loop()
            loop.call_later = lambda delay, work: (
                self.timers.append(Timer(delay, work)) or self.timers[-1]
            )
            call()

        asyncio.run(run())  # fmt: skip


def test_what_is_not_late_is_sent_at_once():
    line = Line(delay=0.0)
    line.send(b"one")
    line.send()
    line.send(b"two")

    assert line.sent == [b"one", b"two"]
    assert line.timers == []


def test_what_is_late_waits_once_with_all_that_comes_meanwhile():
    line = Line(delay=0.25)
    line.send(b"COMMIT")
    line.send(b"more")
    assert line.sent == []
    assert [timer.delay for timer in line.timers] == [0.25]

    line.timers[0].call()
    assert line.sent == [b"COMMITmore"]
    line.send(b"COMMIT")
    assert len(line.timers) == 2


def test_of_a_client_that_has_gone_it_is_sent_at_once_and_once():
    line = Line(delay=0.25)
    line.late.hurry()
    assert line.sent == []  # nothing waits

    line.send(b"COMMIT")
    line.late.hurry()
    assert line.sent == [b"COMMIT"]
    assert line.timers[0].cancelled
    line.late.hurry()
    assert line.sent == [b"COMMIT"]


def test_after_a_cut_it_is_never_sent():
    line = Line(delay=0.25)
    line.send(b"COMMIT")
    line.late.end()

    assert line.timers[0].cancelled
    assert line.session.to_server == b""
    assert line.sent == []


def test_a_cut_leaves_alone_what_does_not_wait():
    line = Line(delay=0.0)
    line.session.to_server += b"half"
    line.late.end()

    assert line.session.to_server == b"half"
