"""How a program of the user's ends: heard out, killed with what it has started, and never twice."""

import os
import signal
import time
from pathlib import Path

import pytest

from pytest_rdsfailover.load import programs
from pytest_rdsfailover.load.programs import ProcessWorkload, _words
from pytest_rdsfailover.model.errors import ContradictionError, SettingError, ToldError
from pytest_rdsfailover.model.records import Outcome

BOUND = 10.0  # seconds for what happens at once


def program(script, **options):
    return ProcessWorkload(command=["/bin/sh", "-c", script], **options).open()


def gone(pid):
    """Tell whether a process has ended; nobody may be there to reap it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def until(true):
    deadline = time.monotonic() + BOUND
    while not true() and time.monotonic() < deadline:
        time.sleep(0.001)
    assert true()


@pytest.mark.parametrize("end", ["close", "cut"])
def test_what_a_program_has_started_ends_with_it(tmp_path, end):
    session = program(f'sleep 60 & echo $! > {tmp_path}/pid; read a; echo "ok $a"; read b')
    session.write("first")
    child = int((tmp_path / "pid").read_text())
    assert not gone(child)
    getattr(session, end)()
    until(lambda: gone(child))
    session.close()


def test_a_program_that_does_not_end_with_its_input_is_killed_after_a_while(monkeypatch):
    monkeypatch.setattr(programs, "ENDS_WITHIN", 0.05)
    session = program('read a; echo "ok $a"; exec sleep 60')
    session.write("first")
    session.close()
    assert session._process.returncode == -signal.SIGKILL


def test_a_program_that_ends_with_its_input_is_not_killed():
    session = program('while read a; do echo "ok $a"; done; exit 3')
    session.write("first")
    session.close()
    assert session._process.returncode == 3
    session.close()


def test_what_is_said_before_the_end_is_heard():
    session = program('read a; echo "ok $a"; read b; echo "refused $a 1"')
    session.write("first")
    with pytest.raises(ContradictionError, match="later"):
        session.close()


def test_a_program_that_ends_is_started_again_for_the_next_key(tmp_path):
    script = f'echo x >> {tmp_path}/starts; read a; echo "ok $a"'
    session = program(script)
    for number in range(3):
        session.write(f"key-{number}")
        until(session._has_ended)
    session.close()
    assert (tmp_path / "starts").read_text() == "x\n" * 3


def test_none_is_started_again_once_it_was_cut():
    session = program('read a; echo "ok $a"')
    session.write("first")
    session.cut()
    until(session._has_ended)
    process = session._process
    with pytest.raises(ToldError) as told:
        session.write("second")
    assert session._process is process
    assert (told.value.outcome, told.value.fault.kind) == (Outcome.UNKNOWN, "reset")
    session.close()


def test_a_program_that_ends_before_its_answer_is_named_with_its_status():
    session = program("read a; exit 4")
    with pytest.raises(ToldError, match=r"has ended \(status 4\) before it answered first") as told:
        session.write("first")
    assert told.value.outcome is Outcome.UNKNOWN
    session.close()


@pytest.mark.parametrize(
    ("said", "outcome", "code"),
    [
        ("refused first 1290", Outcome.REFUSED, 1290), ("unknown first 2013", Outcome.UNKNOWN, 2013),
        ("unknown first", Outcome.UNKNOWN, 0), ("refused first 70000", Outcome.REFUSED, 65535),
    ],
)  # fmt: skip
def test_an_answer_has_its_outcome_and_its_code(said, outcome, code):
    session = program(f'read a; echo "{said}"; read b')
    with pytest.raises(ToldError) as told:
        session.write("first")
    assert (told.value.outcome, told.value.fault.code) == (outcome, code)
    session.close()


@pytest.mark.parametrize("said", ["ok", "ok first x", "ok first -1", "refused first 1.5"])
def test_an_answer_that_is_none_leaves_the_key_unknown(said):
    session = program(f'read a; echo "{said}"; read b; echo "ok $b"; read c')
    with pytest.raises(ToldError) as told:
        session.write("first")
    assert told.value.outcome is Outcome.UNKNOWN
    assert told.value.fault.kind == "client"
    session.write("second")
    session.close()


def test_a_line_that_is_no_answer_is_passed_over():
    session = program(
        'echo "hello there"; read a; echo "done $a"; echo "ok other"; echo "ok $a"; read b'
    )
    session.write("first")
    session.close()


def test_a_line_may_come_in_parts_and_be_longer_than_any_answer():
    session = program(
        'read a; printf "ok fir"; sleep 0.01; printf "st\\nok"; read b; printf " $b\\n"; read c'
    )
    session.write("first")
    session.write("second")
    session.close()


def test_an_answer_that_does_not_come_says_whether_any_ever_did():
    session = program('read a; read b; echo "ok $b"; read c; read d', answer_within=0.05)
    for key, hint in (("first", True), ("third", False)):
        with pytest.raises(ToldError) as told:
            session.write(key)
        assert told.value.fault.kind == "timeout"
        assert str(told.value).endswith("has it flushed the line?") is hint
        if hint:
            session.write("second")
    session.close()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"command": []}, "a list"), ({"command": "sh"}, "a list"),
        ({"command": ["no-such-program-at-all"]}, "no program"),
        ({"command": ["sh"], "answer_within": 0}, "some time"),
        ({"command": ["sh"], "answer_within": -1.0}, "some time"),
    ],
)  # fmt: skip
def test_what_cannot_be_started_is_refused(options, says):
    with pytest.raises(SettingError, match=says):
        ProcessWorkload(**options)


def test_its_environment_is_ours_with_what_is_added_and_without_what_is_taken(monkeypatch):
    monkeypatch.setenv("KEPT", "1")
    monkeypatch.setenv("TAKEN", "1")
    session = program(
        'read a; [ "$KEPT$ADDED" = 12 ] && [ -z "${TAKEN+x}" ] && echo "ok $a"; read b',
        environ={"ADDED": "2", "TAKEN": None}, answer_within=BOUND,
    )  # fmt: skip
    session.write("first")
    session.close()
    assert "2" not in repr(
        ProcessWorkload(command=["sh"], environ={"ADDED": "2"}).environ["ADDED"][1:]
    )


def test_a_program_has_a_process_group_of_its_own():
    session = program("read a")
    assert os.getpgid(session._process.pid) == session._process.pid != os.getpgid(0)
    session.close()


@pytest.mark.parametrize(
    ("line", "words"),
    [("ok k", ("ok", "k", "")), ("ok", ("ok", "", "")), ("refused k  12 ", ("refused", "k", "12")),
     ("", ("", "", ""))],
)  # fmt: skip
def test_a_line_has_a_word_a_key_and_a_code(line, words):
    assert _words(line) == words
