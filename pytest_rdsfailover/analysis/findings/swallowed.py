"""Operations that were acknowledged although the database had refused all of their tries."""

from pytest_rdsfailover.analysis.findings.finding import Case, Finding, some


def swallowed(case: Case) -> Finding | None:
    """Tell an application whose retries give up, and that acknowledges the operation all the same.

    Where the writes were read back, it is known which are lost: nothing more is said then.
    """
    if not case.swallowed or case.audit is not None:
        return None
    return Finding(
        name="swallowed",
        severity="risky",
        evidence=(
            f"{len(case.swallowed)} operations were acknowledged although each of their tries had been"
            f" refused ({some(case.swallowed)})"
        ),
        cure="raise when the last retry fails; give stored= to know what is lost",
        expectation="lost=0",
    )
