"""Times of a trial as its reader has them: seconds from the trigger."""

from dataclasses import dataclass, replace

from pytest_rdsfailover.analysis.attempts import Attempts
from pytest_rdsfailover.analysis.outages import Incident
from pytest_rdsfailover.analysis.phases import Phase
from pytest_rdsfailover.journal.complaints import Complaint
from pytest_rdsfailover.model.clock import to_seconds
from pytest_rdsfailover.model.records import Milestone


@dataclass(frozen=True, slots=True)
class TriggerTime:
    """Turns times of the monotonic clock into seconds from the trigger.

    Attributes:
        zero: the trigger, or without one the start of observation; nanoseconds.
    """

    zero: int

    def at(self, time: float) -> float:
        """Return a moment."""
        return to_seconds(time - self.zero)

    def phase(self, phase: Phase) -> Phase:
        """Return errors of one sort."""
        return replace(phase, first=self.at(phase.first), last=self.at(phase.last))

    def attempts(self, found: Attempts | None) -> Attempts | None:
        """Return what the tries say."""
        if found is None:
            return None
        return replace(found, errors=[self.phase(phase) for phase in found.errors])

    def incident(self, incident: Incident) -> Incident:
        """Return outages close to each other."""
        return replace(
            incident,
            start=self.at(incident.start),
            stop=self.at(incident.stop),
            outage=to_seconds(incident.outage),
        )

    def complaint(self, complaint: Complaint) -> Complaint:
        """Return what errors said, whose time is in seconds already."""
        return replace(complaint, first=complaint.first - to_seconds(self.zero))

    def milestone(self, milestone: Milestone) -> Milestone:
        """Return what the cluster did, whose times are in seconds already."""
        planned = milestone.planned
        zero = to_seconds(self.zero)
        return replace(
            milestone, at=milestone.at - zero, planned=None if planned is None else planned - zero
        )
