"""A load that acknowledges writes, and only reads, or does next to nothing."""

from pytest_rdsfailover.analysis.findings.finding import Case, Finding
from pytest_rdsfailover.model.traffic import SERVER, Traffic

FEWEST = 20  # acknowledged writes; of fewer, nobody knows what they usually do
MOST = 0.9
# Statements that write, or rows of them, for each acknowledged write: more may be what carried all
# keys that were seen; of those that nobody can read, fewer than half are somebody else's work.
SOME, HALF = 0.1, 0.5


def only_reads(case: Case) -> Finding | None:
    """Tell it: that nothing was lost shows nothing then."""
    witnessed, total = case.course.witnessed, sum(case.acked.values())
    seen = None if witnessed is None else witnessed.whole or witnessed.calm
    if witnessed is None or not seen or SERVER in seen or "reader" in witnessed.endpoint:
        return None
    whole = Traffic.total(list(seen.values()))
    wrote = whole.writes + whole.uncommitted + whole.unchanged + whole.refused
    writes = max(wrote, whole.rows)  # of a batch, one statement writes many
    asked, stored = sum(whole.keys.values()), sum(whole.stored_keys.values())
    shown = stored == 0 and asked >= MOST * total
    hidden = not whole.marked and max(whole.statements, writes) >= SOME * total
    if total < FEWEST or not ((shown or hidden) and writes < HALF * total):
        return None
    return Finding(
        name="only_reads",
        # Whose keys were seen works on the cluster. Of the others nothing shows that it is they who read.
        severity="risky" if shown else "broken",
        evidence=(
            f"{total} writes count as acknowledged, of {whole.statements} statements {wrote} write, and"
            f" change {whole.rows} rows: the load only reads, or does nothing, unless functions that it"
            " selects write, or one row stores several"
        ),
        cure=(
            "let the workload write what it acknowledges; if a function of the database does, hold that"
            " against the database by stored="
        ),
    )
