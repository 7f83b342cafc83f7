"""What the result document holds: the name, the type and the meaning of each part.

Other tools rely on these names. `scripts/make_schema.py` makes `result.schema.json` of them: the
texts below the fields are its descriptions. Seconds are floats and carry `_s` in their name; those
that are moments count from the trigger. `NotRequired` is what only some trials have, or what
documents of earlier versions lack.
"""

from typing import Literal, NotRequired, TypedDict

from pytest_rdsfailover.report.trial_schema import Count, Mode, Ratio, Seconds, Share, TrialDocument


class DowntimesDocument(TypedDict):
    """The downtimes of a scenario's trials; null without trials."""

    median: Seconds | None
    low: Seconds | None
    """lower end of the median's exact interval at 95 %; null below six trials"""
    high: Seconds | None
    """its upper end"""
    p95: NotRequired[Seconds | None]
    """what 95 % of the trials did not exceed"""
    max: Seconds | None


class ZeroDowntimeDocument(TypedDict):
    """Trials without any downtime."""

    count: Count
    share: Share | None
    low: Share | None
    """lower end of its 95 % Wilson interval"""
    high: Share | None
    """its upper end"""


class ScenarioDocument(TypedDict):
    """What repeats of one trial say together."""

    name: str
    trials: Count
    """how many there are whose downtime is a figure; the others below are theirs"""
    invalid: NotRequired[Count]
    """how many more proved nothing"""
    unreliable: NotRequired[Count]
    """how many more were valid, but measured by an unfit clock"""
    downtime_s: DowntimesDocument
    zero_downtime: ZeroDowntimeDocument


class ComparedDocument(TypedDict):
    """How many valid trials each of two compared scenarios has."""

    baseline: Count
    candidate: Count


class DifferenceDocument(TypedDict):
    """By how much one median is above the other."""

    median: float
    low: float | None
    """lower end of its 95 % bootstrap interval; null if one side is a single trial"""
    high: float | None
    """its upper end"""


class PairsDocument(TypedDict):
    """How many trials of two scenarios met the same failover."""

    count: Count
    """pairs that were compared; 0 if the two samples were compared unpaired"""
    dropped: Count
    """trials without a partner, because it is invalid, or has no figure, or is not there"""


class ComparisonDocument(TypedDict):
    """How two scenarios of one test differ."""

    baseline: str
    """name of a scenario"""
    candidate: str
    """name of the scenario compared with it"""
    trials: NotRequired[ComparedDocument]
    """how many valid ones each of the two has"""
    ratio: NotRequired[Ratio | None]
    """the candidate's median in units of the baseline's; null if the baseline has none"""
    change: float | None
    """of the median downtime, in units of the baseline: -0.93 is 93 % less; null if the baseline
    has none"""
    difference_s: NotRequired[DifferenceDocument]
    """by how much the candidate's median is above the baseline's"""
    p_value: Share | None
    """of the permutation test; with pairs that of the signs of their differences"""
    pairs: NotRequired[PairsDocument]
    """the trials that met the same failover"""


class RunDocument(TypedDict):
    """What --rds-json writes.

    Seconds are floats and count from the trigger of the failover where they are moments. A later
    program may add properties; those named here keep their meaning within schema 1.
    """

    schema: Literal[1]
    """version of this document's names"""
    mode: Mode
    """a cluster on this machine, or one in AWS"""
    seed: int
    """decides every sampled duration of the run"""
    versions: dict[str, str]
    """what the figures were taken with: name to version"""
    trials: list[TrialDocument]
    scenarios: list[ScenarioDocument]
    comparisons: list[ComparisonDocument]
