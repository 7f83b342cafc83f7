"""Lines of a program that are no answers are told once each, and where a thread of a user's code is."""

import threading

import pytest

from pytest_rdsfailover.load import stray_lines
from pytest_rdsfailover.load.stacks import stack_of
from pytest_rdsfailover.load.stray_lines import LONGEST, MOST, shape, told


@pytest.fixture(autouse=True)
def nothing_told(monkeypatch):
    monkeypatch.setattr(stray_lines, "_told", {})


def test_a_line_is_told_once_by_its_shape_and_the_program_by_its_name_alone(capsys):
    for number in range(3):
        assert "it has said 'served N in Nms'" in told(
            ["app", "--password=x"], f"served {number} in 7ms"
        )
    told(["other"], "served 1 in 7ms")

    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("rdsfailover: app has said 'served N in Nms', which is no answer")
    assert "password" not in first
    assert second.startswith("rdsfailover: other")


def test_of_a_program_that_says_ever_new_things_the_first_are_told(capsys):
    for letter in "abcdefgh":
        told(("app",), letter)
    told(("app",), "a")

    assert len(capsys.readouterr().err.splitlines()) == MOST
    assert shape("x" * 500) == "x" * LONGEST


def test_a_thread_shows_where_it_waits_and_one_that_has_ended_nothing():
    begun, free = threading.Event(), threading.Event()

    def of_the_user():
        begun.set()
        free.wait(10)

    thread = threading.Thread(target=of_the_user)
    assert stack_of(thread) == []
    thread.start()
    begun.wait(10)
    lines = stack_of(thread)
    free.set()
    thread.join()

    assert any("in of_the_user" in line for line in lines)
    assert not any("pytest_rdsfailover/load/" in line for line in lines)
