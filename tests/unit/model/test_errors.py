"""Error texts name what was meant, if that can be guessed."""

import pickle

import pytest

from pytest_rdsfailover.model import errors
from pytest_rdsfailover.model.errors import did_you_mean


@pytest.mark.parametrize(
    ("name", "hint"),
    [("wariter", "; did you mean 'writer'?"), ("bottle", ""), ("", ""), (7, "")],
)
def test_a_near_name_is_asked_for_and_a_far_one_is_not(name, hint):
    assert did_you_mean(name, ("writer", "reader")) == hint


@pytest.mark.parametrize(
    "error",
    [
        errors.UndecidedError("what", "why", ""),
        errors.NotReadyError("mysqld", 1.5, "line"),
        errors.DiedError("mysqld", "SIGKILL", "line"),
        errors.StoppedError("mysqld (process 7)", 7, 5.0),
        errors.CancelledWorkError("the trial"),
        errors.ExitedWorkError("the code", "SystemExit"),
        errors.ContradictionError("it", "k", ("ok k", "error k"), 2),
        errors.CommandError("a b", 1, "line"),
        errors.ToxiproxyError("GET", "/", None, "body"),
        errors.AuditError("why", "trace"),
        errors.ArchiveError("file", "is none"),
        errors.FileWriteError("file", OSError(28, "no room")),
        errors.NotWrittenError("file", ValueError("nothing")),
        errors.NotSavedError("file", ValueError("worse")),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_says_the_same_in_another_process(error):
    """A worker of pytest-xdist sends it to its controller."""
    other = pickle.loads(pickle.dumps(error))

    assert type(other) is type(error)
    assert str(other) == str(error)
    assert {name: str(value) for name, value in vars(other).items()} == {
        name: str(value) for name, value in vars(error).items()
    }


def test_what_is_stopped_is_named_with_what_lets_it_go_on():
    text = str(errors.StoppedError("server-1 (mysqld, process 7)", 7, 5.0))

    assert text.startswith("server-1 (mysqld, process 7) stands still")
    assert "within 5 s" in text
    assert "`kill -CONT 7`" in text


def test_a_setting_is_given_once():
    assert errors.once([("a", 1), ("b", 2)], "--x") == {"a": 1, "b": 2}
    with pytest.raises(errors.SettingError, match="--x: a is given twice"):
        errors.once([("a", 1), ("a", 1)], "--x")
