import os
from types import SimpleNamespace

import pytest

from pytest_rdsfailover.load import watchdog
from pytest_rdsfailover.load.watchdog import BEAT, LATE, Watchdog, cpu_seconds

STAT = "cpu  100 0 50 800 50 0 0 0 7 0\ncpu0 1 1 1 1\n"


def process(proc, pid, parent, used, gone=(0, 0)):
    fields = ["S", str(parent), *["0"] * 9, str(used), "0", *map(str, gone), "0"]
    (proc / str(pid)).mkdir()
    (proc / str(pid) / "stat").write_text(f"{pid} (a (b) c) {' '.join(fields)}\n")


def test_everybody_and_one_family_are_told_apart(tmp_path):
    (tmp_path / "stat").write_text(STAT)
    process(tmp_path, 10, 1, 5, gone=(3, 0))
    process(tmp_path, 11, 10, 20)
    process(tmp_path, 12, 11, 30)
    process(tmp_path, 13, 1, 40)
    tick = os.sysconf("SC_CLK_TCK")

    assert cpu_seconds(10, tmp_path) == (150 / tick, 58 / tick)


def test_a_system_without_proc_tells_nothing(tmp_path):
    assert cpu_seconds(1, tmp_path) is None


def test_a_watchdog_that_never_began_ends_without_a_word():
    dog = Watchdog()
    dog.stop()

    assert (dog.pauses, dog.strangers) == ([], None)


@pytest.mark.parametrize(
    ("used", "taken", "strangers"),
    [
        ((16.0, 6.0), 2_000_000_000, 2.0),  # six seconds of all, two of them ours, in two
        ((16.0, 20.0), 2_000_000_000, 0.0),
        ((16.0, 6.0), 0, None),
        ((10.0, 4.0), 1, 0.0),
        (None, 2_000_000_000, None),
    ],
)
def test_strangers_are_what_nobody_of_ours_has_used(monkeypatch, used, taken, strangers):
    dog = Watchdog()
    dog._begun, dog._begun_at = (10.0, 4.0), 5_000_000_000
    monkeypatch.setattr(watchdog, "cpu_seconds", lambda _: used)
    monkeypatch.setattr(watchdog.time, "monotonic_ns", lambda: 5_000_000_000 + taken)

    assert dog._strangers() == strangers


@pytest.mark.parametrize(("late", "pauses"), [(LATE, 0), (LATE + 1, 1)])
def test_a_look_that_is_too_late_is_a_pause_from_when_it_was_due(monkeypatch, late, pauses):
    dog, begun = Watchdog(), 1_000_000_000
    moments = iter([begun, begun, begun + BEAT + late])  # it begins, sleeps, and looks

    def now():
        moment = next(moments)
        if moment > begun:
            dog._over.set()
        return moment

    slept = []
    monkeypatch.setattr(watchdog, "time", SimpleNamespace(monotonic_ns=now, sleep=slept.append))
    dog._watch()

    assert slept == [BEAT / 1e9]
    assert dog.pauses == [((begun + BEAT) / 1e9, (begun + BEAT + late) / 1e9)] * pauses


def test_the_next_look_is_due_a_beat_behind_the_last(monkeypatch):
    dog, looks = Watchdog(), iter([0, 0, BEAT + LATE, BEAT + LATE, 2 * BEAT + 2 * LATE])

    def now():
        moment = next(looks)
        if moment > 2 * BEAT:
            dog._over.set()
        return moment

    slept = []
    monkeypatch.setattr(watchdog, "time", SimpleNamespace(monotonic_ns=now, sleep=slept.append))
    dog._watch()

    assert slept == [BEAT / 1e9] * 2
    assert dog.pauses == []
