"""Error texts name what was meant, if that can be guessed."""

import pickle

import pytest

from pytest_rdsfailover.model import errors
from pytest_rdsfailover.model.errors import did_you_mean
from pytest_rdsfailover.model.records import Fault, Outcome


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


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (errors.UndecidedError("a < b", "one", "", "two"), "a < b\n  one\n  two"),
        (errors.NotReadyError("mysqld", 1.52), "mysqld was not ready after 1.5 s"),
        (errors.DiedError("mysqld", "SIGKILL", "x"), "mysqld died (SIGKILL)\nits log ends with:\nx"),
        (errors.ExitedWorkError("it", "exit(1)"), "it ended with exit(1); raise an error"),
        (errors.ContradictionError("it", "k", ("ok", "no"), 1), "it said 'ok' and later 'no'; answer"),
        (errors.ContradictionError("it", "k", ("ok", "no"), 2), "'no', and 1 such lines more; answer"),
        (errors.ContradictionError("it", "k", ("ok", "no"), 4), "'no', and 3 such lines more; answer"),
        (errors.CommandError("a b", 3), "`a b` failed with status 3"),
        (errors.ToxiproxyError("GET", "/x", None, "b"), "Toxiproxy could not be asked: GET /x: b"),
        (errors.ToxiproxyError("GET", "/x", 404, "b"), "Toxiproxy answered 404: GET /x: b"),
        (errors.FileWriteError("f", OSError(28, "no room", "g")), "f cannot be written: no room"),
        (errors.FileWriteError("f", ValueError("why")), "f cannot be written: why"),
        (errors.NotWrittenError("f", ValueError("why")), "f is not written: why"),
        (errors.NotSavedError("f", ValueError("why")), "f is left as it is: why; --rds-save-anyway"),
        (errors.ArchiveError("f", "is none"), "f is none"),
        (errors.ToldError(Outcome.REFUSED, Fault(7, "server"), "told"), "told"),
    ],
    ids=lambda part: type(part).__name__,
)  # fmt: skip
def test_an_error_says_what_and_how_much(error, text):
    assert text in str(error)


def test_no_error_of_a_chain_keeps_its_frames():
    def deep(left):
        try:
            raise KeyError(left) if left == 0 else deep(left - 1)
        except (KeyError, ValueError) as error:
            if left % 2:
                raise ValueError(left) from error
            raise ValueError(left)  # noqa: B904 - only its context

    with pytest.raises(ValueError, match="3") as caught:
        deep(3)
    found, chain = caught.value, []
    while found is not None:
        chain.append(found)
        found = found.__cause__ or found.__context__
    chain[-1].__context__ = chain[0]  # a circle
    errors.forget_frames(chain[0])

    assert len(chain) == 5
    assert [each.__traceback__ for each in chain] == [None] * 5
