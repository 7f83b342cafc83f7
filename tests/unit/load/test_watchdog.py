import os

from pytest_rdsfailover.load.watchdog import Watchdog, cpu_seconds

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
