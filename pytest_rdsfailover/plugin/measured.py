"""A trial as it travels on its test's report, from where it was measured to the reports."""

from typing import NotRequired, TypedDict

from pytest_rdsfailover.model.records import Environment
from pytest_rdsfailover.report.trial_drawing import Portrait
from pytest_rdsfailover.report.trial_schema import TrialDocument


class Kept(TypedDict):
    """What is kept of a trial beyond its figures.

    Attributes:
        rerun: the command that runs its test again.
        unwritten: which of its files could not be written, and why.
        portrait: what the HTML page draws of it, if the run makes one.
    """

    rerun: str
    unwritten: list[str]
    portrait: NotRequired[Portrait]


class MeasuredTrial(TypedDict):
    """A trial and what was learned of it on its way.

    Attributes:
        trial: its document.
        timeline: the lines that draw it.
        environment: what it was taken on.
        rerun: as in `Kept`.
        unwritten: as in `Kept`.
        portrait: as in `Kept`.
        claims: what claims about its population were judged to be; with the last of its trials.
        order: the place of its test among the run's, once the test is over.
        failed: whether its test failed, once it was reported.
        why: the text of that failure.
    """

    trial: TrialDocument
    timeline: list[str]
    environment: Environment
    rerun: NotRequired[str]
    unwritten: NotRequired[list[str]]
    portrait: NotRequired[Portrait]
    claims: NotRequired[list[str]]
    order: NotRequired[int]
    failed: NotRequired[bool]
    why: NotRequired[str]
