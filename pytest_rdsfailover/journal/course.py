"""What is known of a trial apart from its writes."""

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_rdsfailover.journal.complaints import Complaint
from pytest_rdsfailover.journal.witnessed import Witnessed
from pytest_rdsfailover.model.records import Milestone
from pytest_rdsfailover.model.traffic import Sessions


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What is known of a trial apart from its writes; times on the monotonic clock.

    Attributes:
        start: when observation began.
        stop: when it ended.
        trigger: when the failover was triggered; None if none was.
        settled: when the cluster had done all that the profile says; None if it had not.
        moves_writer: whether another instance should be the writer now; None if no failover was
            meant, so that there is nothing to be valid about.
        milestones: what the cluster did.
        writer_before: the writer at the start.
        writer_after: the writer at the end.
        mode: `local` or `live`.
        endpoint: the kind of endpoint written to: `writer`, `reader`, `instance` or `proxy`.
        profile: name of the failover profile; empty if there was none.
        seed: decided the sampled durations.
        failover_seed: the seed of the trial's failover; None if it has none, or if there were
            several.
        rate: writes per second that all writers intended together; 0 without a schedule.
        pauses: (first, last) moments between which the load generator, or a process of it, stood
            still itself.
        asleep: of a load in several processes, these moments of each; writer w is in process w modulo
            their number. Empty if there is one process.
        strangers: CPUs that other programs used on average; None if unknown.
        cpus: how many CPUs the machine of the load has; 0 if unknown.
        own_trigger: whether every failover that the test itself triggered is among these; None if it
            triggered none.
        calm_errors: which share of the operations may fail before anything is triggered.
        calm_not_issued: which share of the slots before the trigger may find no free writer.
        unfit: why nothing was triggered, if the load did not work by itself; else empty.
        complaints: what the errors of the workload said, and where writers hang.
        witnessed: what the cluster's own side saw of the load; None where nobody could look.
        notes: what is to be known about how the load was run.
        sessions: which connections the endpoint had when the load ended, before its writers hung up;
            None where nobody could look.
        alignment: by how many seconds the times of one writer may be off those of this machine, because
            another machine's clock tells them; 0 for this machine's own.
        unreported: the numbers of the writers of whom nobody has told what they did.
        cut_short: why the end of the trial was not seen; empty if it was.
    """

    start: float
    stop: float
    trigger: float | None
    settled: float | None
    moves_writer: bool | None
    milestones: Sequence[Milestone]
    writer_before: str | None
    writer_after: str | None
    mode: str = "local"
    endpoint: str = "writer"
    profile: str = ""
    seed: int = 0
    failover_seed: int | None = None
    rate: float = 0.0
    pauses: Sequence[tuple[float, float]] = ()
    asleep: Sequence[Sequence[tuple[float, float]]] = ()
    strangers: float | None = None
    cpus: int = 0
    own_trigger: bool | None = None
    calm_errors: float = 1.0
    calm_not_issued: float = 1.0
    unfit: str = ""
    complaints: Sequence[Complaint] = ()
    witnessed: Witnessed | None = None
    notes: Sequence[str] = ()
    sessions: Sessions | None = None
    cut_short: str = ""
    alignment: float = 0.0
    unreported: Sequence[int] = ()
