"""Transactions that procedures rolled back inside the server, and whose calls were answered well."""

from pytest_rdsfailover.analysis.findings.finding import Case, Finding
from pytest_rdsfailover.analysis.reached_keys import tolerated
from pytest_rdsfailover.model.traffic import Traffic

NEARLY_ALL = 0.9
CURE = (
    "let the procedure pass errors on (RESIGNAL in its handler), and hold what it stores against the"
    " database by stored="
)


def rolled_back(case: Case) -> Finding | None:
    """Tell transactions that a procedure rolled back although its call was answered well.

    Only the server counts them; whether the procedure tried again is not known.
    """
    witnessed = case.course.witnessed
    if witnessed is None or witnessed.whole is None or witnessed.rollbacks is None:
        return None
    whole = Traffic.total(list(witnessed.whole.values()))
    inside = witnessed.rollbacks - whole.rollbacks - whole.failed_calls
    if not whole.calls or inside <= tolerated(whole.calls):
        return None
    return Finding(
        name="rolled_back",
        severity="broken" if inside >= NEARLY_ALL * whole.calls else "risky",
        evidence=(
            f"{whole.calls} calls of procedures were answered well, and procedures rolled {inside}"
            " transactions back without a word: what they wrote may be gone"
        ),
        cure=CURE,
        expectation="lost=0",
    )
