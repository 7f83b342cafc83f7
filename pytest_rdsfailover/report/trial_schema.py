"""What the result document holds of each trial, in the manner of the whole one in `schema.py`."""

from typing import Annotated, Any, Literal, NotRequired, TypedDict, get_args

from pytest_rdsfailover.model.records import PinDocument


class Keywords:
    """What a figure's JSON Schema says beside its type, such as `minimum`."""

    def __init__(self, **keywords: float) -> None:
        self._keywords = keywords

    def broken_by(self, value: Any) -> str:
        """Return what a value should be and is not; empty if it is as the schema says."""
        least, most = self._keywords.get("minimum"), self._keywords.get("maximum")
        if (least is not None and value < least) or (most is not None and value > most):
            return f"number from {least} to {'any' if most is None else most}"
        needed = self._keywords.get("minItems", 0)
        return f"list of {needed} or more" if needed and len(value) < needed else ""

    def __get_pydantic_json_schema__(self, core: Any, handler: Any) -> dict[str, Any]:
        """Return the schema of a value; only the tool that makes the file asks."""
        return handler(core) | self._keywords  # type: ignore[no-any-return]


Count = Annotated[int, Keywords(minimum=0)]
AtLeastOne = Annotated[int, Keywords(minimum=1)]
Seconds = Annotated[float, Keywords(minimum=0)]  # a length of time
Moment = float  # seconds from the trigger: before it they are negative
Ratio = Annotated[float, Keywords(minimum=0)]
Share = Annotated[float, Keywords(minimum=0, maximum=1)]
Keys = list[str]
Mode = Literal["local", "live"]
EndpointKind = Literal["writer", "reader", "instance", "proxy"]
KeyList = Literal["lost", "duplicated", "recovered", "unexpected"]
LISTS: tuple[KeyList, ...] = get_args(KeyList)  # of keys, as the audit finds them


class OutageDocument(TypedDict):
    """A time in which no write was acknowledged."""

    start_s: Moment
    stop_s: Moment
    seconds: Seconds
    open: NotRequired[Literal[True]]
    """observation ended before it did; `stop_s` is when"""


class FigureDocument(TypedDict):
    """Something that can be expected of a trial, with all that the evidence allows it to be."""

    lower: float
    """it was no less for certain"""
    upper: float | None
    """it was no more for certain; null if it had not ended when observation ended"""
    value: float
    """one number for it, between both ends"""
    unit: Literal["s", "", "%"]
    """seconds, a count, or a share from 0 to 1"""
    basis: NotRequired[str]
    """what it was taken of, such as `1749 of 1999`; only if there is something to say"""
    problem: NotRequired[str]
    """why it is known too badly to be a figure; only if it is"""


class IncidentDocument(TypedDict):
    """Outages that follow each other closely, as one event."""

    start_s: Moment
    stop_s: Moment
    outage_s: Seconds
    count: AtLeastOne


class ErrorDocument(TypedDict):
    """All errors of one code and kind."""

    code: Count
    """MySQL error number; 0 if there is none"""
    kind: str
    """refused, reset, timeout, read-only, dns, server or client"""
    count: AtLeastOne
    first_s: Moment
    last_s: Moment
    open: NotRequired[bool]
    """true if observation ended before they were seen to be over; else absent"""


class PercentilesDocument(TypedDict):
    """Latencies; null if no write was intended in that time."""

    p50: Seconds
    p99: Seconds
    max: Seconds


class LatencyDocument(TypedDict):
    """Latency from the intended time: before the trigger, until all writers were back, and after."""

    before: PercentilesDocument | None
    during: PercentilesDocument | None
    after: PercentilesDocument | None


class MilestoneDocument(TypedDict):
    """Something that the cluster did."""

    name: str
    at_s: Moment


class FindingDocument(TypedDict):
    """Something that is wrong with the application, whether or not the test asked for it."""

    name: str
    severity: Literal["broken", "risky", "note"]
    evidence: str
    cure: str
    expectation: str
    """the bound that would have failed the test; empty if there is none"""


class ComplaintDocument(TypedDict):
    """Errors of one class that writers met, or a writer that hangs in the user's code."""

    error: str
    """the name of the exception's class; hangs for a writer that hangs"""
    text: str
    """what the first of them said, without secrets"""
    count: AtLeastOne
    first_s: Moment
    trace: str
    """where it was raised, or where the writer hangs"""
    remedy: NotRequired[str]
    """what is known to cause such an error, and what to do"""


class ClockDocument(TypedDict):
    """Why a downtime is no figure."""

    reliable: Literal[False]
    problem: str
    """why"""


class AttemptsDocument(TypedDict):
    """What the tries inside operations were."""

    count: Count
    acked: Count
    refused: Count
    unknown: Count
    retried: Count
    """operations that took more than one"""
    downtime_s: Seconds | None
    """the database's, as the attempts saw it; null if the clock was unfit"""
    resolution_s: Seconds
    errors: list[ErrorDocument]
    """one entry for each code and kind"""


class ReadsDocument(TypedDict):
    """What reads saw."""

    count: Count
    """answered"""
    failed: Count
    compared: Count
    """of a replica, and after an acknowledged write of the same writer"""
    stale: Count
    """of these, the ones that missed such a write"""
    staleness_s: Seconds
    """the most that one lagged behind"""
    resolution_s: Seconds
    unseen: Count
    """reads from the writer's own session that missed one of its acknowledged writes"""


class TrialDocument(TypedDict):
    """One trial."""

    test: str
    """node id of the test"""
    scenario: str
    """trials of the same scenario are repeats of each other"""
    endpoint: EndpointKind
    """the kind of endpoint written to"""
    profile: str
    """name of the failover profile; empty if no failover was triggered"""
    valid: bool
    """whether the failover happened as meant; a trial that is not valid proves nothing"""
    writer_before: str | None
    """the writer at the start"""
    writer_after: str | None
    """the writer at the end"""
    downtime_s: Seconds | None
    """the longest outage that overlaps the failover; 0 without one; null if the clock was unfit"""
    resolution_s: Seconds
    """how far the downtime may be from its figure"""
    outages: list[OutageDocument]
    """intervals in which no write of any writer was acknowledged, longer than the schedule
    explains"""
    attempted: Count
    """writes that were sent, or for which a connection was tried"""
    acked: Count
    """writes that the server confirmed"""
    refused: Count
    """writes of which nothing was stored"""
    unknown: Count
    """writes whose connection died before the answer"""
    not_issued: Count
    """slots of the schedule for which no writer was free"""
    lost: Keys | None
    """acknowledged, absent afterwards; null if nothing was read back"""
    duplicated: Keys | None
    """present more than once"""
    recovered: Keys | None
    """of unknown outcome, yet present"""
    unexpected: Keys | None
    """present, yet refused or never attempted"""
    stale_writes: Count
    """acknowledged by an instance that was no longer the writer"""
    stuck_writers: Count
    """writers that never came back"""
    stuck_sessions: NotRequired[Count | None]
    """connections that stayed where no writer is and were refused there; null if nobody could look"""
    errors: list[ErrorDocument]
    """one entry for each code and kind"""
    latency_s: LatencyDocument
    milestones: list[MilestoneDocument]
    """what the cluster did"""
    findings: NotRequired[list[FindingDocument]]
    """what is wrong with the application, the worst first; only of trials that have any"""
    complaints: NotRequired[list[ComplaintDocument]]
    """what the workload's errors said; only of trials that had any"""
    failover_seed: NotRequired[Count]
    """sampled the durations of its failover: trials of one seed and profile are pairs"""
    notes: NotRequired[list[str]]
    """what is to be known about how the load was run; only if there is anything"""
    incidents: NotRequired[list[IncidentDocument]]
    """outages that follow each other within a second, as one event"""
    writer_outage_s: NotRequired[Seconds]
    """the longest outage of a single writer"""
    availability_area_s: NotRequired[Seconds]
    """the outages of all single writers added up, in writer-seconds"""
    figures: NotRequired[dict[str, FigureDocument]]
    """all that can be expected, by its name in `expect`; what was not measured is missing"""
    pins: NotRequired[list[PinDocument]]
    """sessions that kept their database connection; only of trials on the proxy endpoint"""
    clock: NotRequired[ClockDocument]
    """only of trials whose downtime is no figure, because the load generator's own clock was
    unfit"""
    torn: NotRequired[Annotated[Keys, Keywords(minItems=1)]]
    """only if there are any: writes of several rows that are stored in part"""
    attempts: NotRequired[AttemptsDocument]
    """only of trials whose workload reported the tries inside its operations; every other figure
    of the trial is of operations"""
    reads: NotRequired[ReadsDocument]
    """only of trials with operations that store nothing; these count for no outage"""


CLOSED = (ClockDocument, AttemptsDocument, ReadsDocument)  # a later program adds nothing to these
