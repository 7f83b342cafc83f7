"""What a load leaves behind is named by the error that its test shows."""

import warnings

import pytest

from pytest_rdsfailover.model.errors import LeftBehindWarning
from pytest_rdsfailover.trial.cleaning import CleanUp


def fail(error):
    def raise_it():
        raise error

    return raise_it


@pytest.mark.parametrize(
    ("after", "shown"), [(lambda: None, "first"), (fail(ValueError("cause")), "cause")]
)
def test_what_is_left_is_noted_on_the_error_that_is_shown(after, shown):
    """A server that has died meanwhile is the cause of the error, and takes its place."""
    cleanup = CleanUp(lambda _: {"the table is left": fail(OSError("away"))}, after_error=after)
    with pytest.raises(ValueError, match=shown) as raised, cleanup.if_broken():
        raise ValueError("first")

    assert raised.value.__notes__ == ["the table is left: away"]


def test_an_interrupted_step_is_shown_with_what_is_left():
    steps = {"the load goes on": fail(KeyboardInterrupt()), "the table is left": fail(OSError("x"))}
    cleanup = CleanUp(lambda _: steps, after_error=fail(ValueError("cause")))
    with pytest.raises(KeyboardInterrupt) as raised, cleanup.if_broken():
        raise ValueError("first")

    assert raised.value.__notes__ == [
        "the load goes on: KeyboardInterrupt()",
        "the table is left: x",
    ]


def test_who_is_told_to_end_in_a_step_takes_it_again_as_an_interrupted_load_does():
    """Without that the table is left, however long the writer has been there."""
    taken, told = [], KeyboardInterrupt()

    def step(cause):
        taken.append(cause)
        if cause is not told:
            raise told

    cleanup = CleanUp(
        lambda cause: {"left": lambda: step(cause), "more": lambda: taken.append(cause)},
        after_error=lambda: None,
    )
    with pytest.raises(KeyboardInterrupt) as raised:
        cleanup.end(None)

    assert taken == [None, told, told]
    assert (raised.value, cleanup.left_behind) == (told, [])


@pytest.mark.parametrize("action", ["always", "error"])
def test_what_an_interrupt_leaves_is_a_warning_too_for_pytest_shows_no_notes_of_one(action):
    cleanup = CleanUp(lambda _: {"the table is left": fail(OSError("away"))}, after_error=fail)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter(action, LeftBehindWarning)
        with pytest.raises(KeyboardInterrupt) as raised, cleanup.if_broken():
            raise KeyboardInterrupt

    assert raised.value.__notes__ == ["the table is left: away"]
    said = [str(each.message) for each in warned]
    assert said == (["the table is left: away"] if action == "always" else [])


def test_another_error_is_shown_with_its_notes_and_warns_of_nothing():
    cleanup = CleanUp(lambda _: {"left": fail(OSError("away"))}, after_error=lambda: None)
    with warnings.catch_warnings(record=True) as warned, pytest.raises(ValueError, match="first"):
        warnings.simplefilter("always")
        with cleanup.if_broken():
            raise ValueError("first")

    assert warned == []
