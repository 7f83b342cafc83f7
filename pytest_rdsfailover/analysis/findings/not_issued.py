"""A load that is not carried any more once its writers are back."""

from bisect import bisect_left, bisect_right

from pytest_rdsfailover.analysis.findings.finding import Case, Finding

ALLOWED = 0.1  # of the slots, where the course does not say how many the calm may lack
WORSE = 2  # times the share that was missing before the trigger
EVER = 2**62


def not_issued(case: Case) -> Finding | None:
    """Tell slots without a free writer after the writers were served again, more than in the calm."""
    if case.settled is None or case.trigger is None:
        return None
    missing = due = calm_missing = calm_due = 0
    for series in case.series:
        calm_missing += series.not_issued(0, case.trigger)
        calm_due += bisect_left(series.intended, case.trigger)
        place = bisect_right(series.acks, case.settled)
        if place == len(series.acks):  # a writer that never came back is told by another finding
            continue
        back = series.acks[place]
        missing += series.not_issued(back, EVER)
        due += len(series.intended) - bisect_left(series.intended, back)
    calm = calm_missing / max(1, calm_missing + calm_due)
    limit = case.course.calm_not_issued if case.course.calm_not_issued < 1 else ALLOWED
    due += missing
    if missing <= max(limit, WORSE * calm) * due:
        return None
    return Finding(
        name="not_issued",
        severity="risky",
        evidence=(
            f"{missing} of {due} slots found no free writer after the writers were served again"
            f" ({missing / due:.0%}; {calm:.0%} before the failover)"
        ),
        cure=(
            "see what writes wait for after the failover: a pool that lost its connections and fills"
            " slowly, cold caches, locks of sessions that were cut"
        ),
        expectation="not_issued=0",
    )
