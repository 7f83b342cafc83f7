"""What a supervised program's owner can see and do."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest
from process_states import is_gone, state

from pytest_rdsfailover.local.processes import run_directory
from pytest_rdsfailover.local.processes.process import Supervisor
from pytest_rdsfailover.model.clock import MonotonicClock, wait_until
from pytest_rdsfailover.model.errors import DiedError, NotReadyError, SettingError

SHELL = "/bin/sh"
pytestmark = [pytest.mark.local, pytest.mark.contract("local/processes")]


def shell(supervisor, name, script, **more):
    return supervisor.spawn(name, [SHELL, "-c", script], **more)


def ends(pid):
    return wait_until(lambda: is_gone(pid), timeout=20, clock=MonotonicClock())


def test_a_program_that_says_it_is_ready_is_heard(supervisor):
    process = shell(supervisor, "ready", "echo '{\"port\": 1}'; exec sleep 1000")

    assert process.wait_line(20) == '{"port": 1}'
    assert process.alive
    process.check()


def test_half_a_line_is_no_line(supervisor):
    process = shell(supervisor, "half", "printf half; exec sleep 1000")

    with pytest.raises(NotReadyError):
        process.wait_line(0.3)


def test_a_program_that_ends_before_it_is_ready_shows_its_log(supervisor):
    process = shell(supervisor, "unready", "echo no such table >&2; exit 3")

    with pytest.raises(NotReadyError, match="no such table"):
        process.wait_line(20)


def test_a_dead_program_is_an_error_with_its_fate_and_its_log(supervisor):
    process = shell(supervisor, "dead", "for n in 1 2 3; do echo line $n >&2; done; exit 3")
    assert process.wait(20)

    with pytest.raises(DiedError, match=r"dead died \(exit status 3\)") as caught:
        process.check()

    assert str(caught.value).endswith("line 1\nline 2\nline 3")
    assert process.log_tail(2) == "line 2\nline 3"


def test_a_program_that_logs_to_its_standard_output_shows_that(supervisor):
    process = shell(supervisor, "loud", "echo the port is taken; exit 1")
    assert process.wait(20)

    with pytest.raises(DiedError, match="the port is taken"):
        process.check()


def test_a_program_that_does_not_exist_says_so_in_its_log(supervisor):
    process = supervisor.spawn("missing", ["/nowhere/at-all"])
    assert process.wait(20)

    assert process.status == 127  # as a shell has it; nothing but the program runs in its child
    assert "cannot run /nowhere/at-all: No such file" in process.log_tail()


def test_killing_takes_the_whole_group_along_even_when_frozen(supervisor):
    process = shell(supervisor, "group", "sleep 1000 & echo $!; wait")
    child = int(process.wait_line(20))

    process.freeze()
    assert state(process.pid) == "T"
    process.kill()

    assert process.fate == "ended by SIGKILL"
    assert ends(child)


def test_a_frozen_program_goes_on_when_thawed(supervisor):
    process = shell(supervisor, "frozen", "exec sleep 1000")

    begun = time.monotonic_ns()
    stopped = process.freeze()
    assert state(process.pid) == "T"
    released = process.thaw()

    assert begun < stopped[0] < stopped[1] < released[0] < released[1] < time.monotonic_ns()
    assert wait_until(lambda: state(process.pid) == "S", timeout=20, clock=MonotonicClock())
    process.check()


def test_a_terminated_program_ends_in_its_own_way(supervisor):
    process = shell(
        supervisor, "polite", "trap 'exit 7' TERM; echo up; while :; do sleep 0.01; done"
    )
    process.wait_line(20)

    process.terminate()

    assert process.wait(20)
    assert process.status == 7


def test_signals_to_a_program_that_has_ended_reach_nobody(supervisor):
    process = shell(supervisor, "gone", "exit 0")
    assert process.wait(20)

    process.freeze()
    process.thaw()
    process.terminate()
    process.kill()

    assert process.fate == "exit status 0"


def test_a_name_is_free_again_when_its_program_has_ended(supervisor):
    first = shell(supervisor, "again", "echo one; exec sleep 1000")
    assert first.wait_line(20) == "one"
    with pytest.raises(ValueError, match="already running"):
        shell(supervisor, "again", "exit 0")
    first.kill()

    assert shell(supervisor, "again", "echo two; exec sleep 1000").wait_line(20) == "two"


def test_programs_get_this_environment_and_what_is_added(supervisor, monkeypatch):
    monkeypatch.setenv("RDSFO_OLD", "old")

    process = shell(supervisor, "env", "echo $RDSFO_OLD $RDSFO_NEW", env={"RDSFO_NEW": "new"})

    assert process.wait_line(20) == "old new"


@pytest.mark.parametrize("name", ["PIPE", "XFSZ"])
def test_a_signal_that_python_ignores_ends_a_program(supervisor, name):
    process = shell(supervisor, name, f"kill -{name} $$; exec sleep 1000")

    assert process.wait(20)
    assert process.fate == f"ended by SIG{name}"


def test_a_program_is_told_one_line_and_then_hears_nothing_until_the_end(supervisor):
    process = shell(
        supervisor, "told", "read line; echo heard $line; cat; echo over", told="a secret"
    )

    assert process.wait_line(20) == "heard a secret"
    assert not process.wait(0.05)
    process.kill()
    with pytest.raises(ValueError, match="told more than"):
        shell(supervisor, "long", "cat", told="x" * 4096)


def test_each_program_leads_a_group_of_its_own(supervisor):
    first, second = (shell(supervisor, name, "exec sleep 1000") for name in ("first", "second"))

    assert [os.getpgid(each.pid) for each in (first, second)] == [first.pid, second.pid]
    assert os.getpgid(supervisor.pid) not in (os.getpgid(0), first.pid)


@pytest.mark.skipif(sys.platform != "linux", reason="looks for descriptors in /proc")
def test_nothing_is_kept_open_of_programs_that_have_ended(supervisor):
    def descriptors():
        return len(list(Path(f"/proc/{supervisor.pid}/fd").iterdir()))

    before = descriptors()
    for number in range(8):
        assert shell(supervisor, f"short-{number}", "exit 0").wait(20)

    assert wait_until(lambda: descriptors() <= before, timeout=20, clock=MonotonicClock())


def test_a_supervisor_has_nothing_to_do_once_a_program_s_end_is_told(supervisor):
    def ticks():
        fields = Path(f"/proc/{supervisor.pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    assert shell(supervisor, "told", "exit 0").wait(20)
    before, busy = ticks(), time.process_time()
    while time.process_time() - busy < 0.3:
        pass

    assert ticks() - before < 0.1 * os.sysconf("SC_CLK_TCK")


def test_where_no_run_directory_can_be_made_the_remedy_is_told(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setattr(run_directory, "bases", lambda: [tmp_path / "file"])

    with pytest.raises(SettingError, match=r"no run directory can be made .* set TMPDIR"):
        Supervisor()


@pytest.mark.skipif(sys.platform != "linux", reason="looks for descriptors in /proc")
def test_nothing_is_kept_open_of_a_supervisor_that_has_ended():
    def descriptors():
        return len(list(Path("/proc/self/fd").iterdir()))

    before = descriptors()
    ended = Supervisor()
    ended.close()

    assert descriptors() == before
    assert not ended.directory.exists()


def test_a_program_with_a_grace_is_told_the_end_and_killed_after_it():
    with Supervisor() as supervisor:
        tidy = shell(supervisor, "tidy", "trap '' TERM; cat; exit 4", grace=60.0)
        deaf = shell(supervisor, "deaf", "exec sleep 1000", grace=0.5)
        usual = shell(supervisor, "usual", "exec sleep 1000")
        begun = time.monotonic()

    assert 0.5 <= time.monotonic() - begun < 30  # the tidy one ended long before its grace
    assert [each.status for each in (tidy, deaf, usual)] == [None] * 3  # nobody reports any more
    assert all(ends(each.pid) for each in (tidy, deaf, usual))


def test_a_supervisor_that_is_given_up_takes_the_groups_of_its_programs_along():
    with Supervisor() as given_up:
        process = shell(given_up, "group", "sleep 1000 & echo $!; wait")
        lasting = shell(given_up, "lasting", "sleep 1000 & echo $!; cat", grace=30.0)
        children = [int(each.wait_line(20)) for each in (process, lasting)]
        given_up._client.abandon()

        assert ends(children[0])
        assert not is_gone(children[1])  # what cleans up by itself is left to it
        os.kill(children[1], signal.SIGKILL)


def test_the_run_directory_is_private_and_goes_with_the_supervisor():
    with Supervisor() as supervisor:
        directory = supervisor.directory
        mode = directory.stat().st_mode & 0o777
        (directory / "deep" / "er").mkdir(parents=True)
        (directory / "deep" / "link").symlink_to("/etc")
        process = shell(supervisor, "left", "exec sleep 1000")

    assert mode == 0o700
    assert not directory.exists()
    assert ends(process.pid)


def test_a_dead_supervisor_is_an_error_not_a_hang():
    with Supervisor() as supervisor:
        process = shell(supervisor, "orphan", "exec sleep 1000")
        os.kill(supervisor.pid, signal.SIGKILL)

        assert process.wait(20)
        with pytest.raises(DiedError, match="ended with its supervisor"):
            process.check()
        with pytest.raises(DiedError, match="the supervisor died"):
            shell(supervisor, "late", "exit 0")
        directory = supervisor.directory

    assert not directory.exists()


def test_closing_twice_is_harmless():
    supervisor = Supervisor()
    supervisor.close()
    supervisor.close()
