"""A load that acknowledges writes, and only reads."""

from pytest_rdsfailover.analysis.findings.finding import Case, Finding
from pytest_rdsfailover.model.target import SERVER, Traffic

FEWEST = 20  # acknowledged writes; of fewer, nobody knows what they usually do
SOME = 0.1  # so many statements that write, for each acknowledged write, may be what carried it
MOST = 0.9


def only_reads(case: Case) -> Finding | None:
    """Tell it: that nothing was lost shows nothing then."""
    witnessed, total = case.course.witnessed, sum(case.acked.values())
    seen = None if witnessed is None else witnessed.whole or witnessed.calm
    if witnessed is None or not seen or SERVER in seen or "reader" in witnessed.endpoint:
        return None
    whole = Traffic.total(list(seen.values()))
    writes = whole.writes + whole.uncommitted + whole.unchanged + whole.refused
    writes = max(writes, whole.rows)  # of a batch, one statement writes many
    asked, stored = sum(whole.keys.values()), sum(whole.stored_keys.values())
    shown = stored == 0 and asked >= MOST * total
    hidden = not whole.marked and whole.statements >= SOME * total
    if total < FEWEST or writes >= SOME * total or not (shown or hidden):
        return None
    return Finding(
        name="only_reads",
        # Whose keys were seen works on the cluster. Of the others nothing shows that it is they who read.
        severity="risky" if shown else "broken",
        evidence=(
            f"{total} writes count as acknowledged, and {writes} statements write: the load only reads,"
            " unless functions that it selects write"
        ),
        cure=(
            "let the workload write what it acknowledges; if a function of the database does, hold that"
            " against the database by stored="
        ),
    )
