"""Tables that a failover empties, which the one server of a local cluster does not show."""

from pytest_rdsfailover.analysis.findings.finding import Case, Finding, some


def in_memory(case: Case) -> Finding | None:
    """Tell tables that live in memory: Aurora's next writer has none of their rows."""
    witnessed = case.course.witnessed
    if witnessed is None or not witnessed.in_memory or case.trigger is None:
        return None
    return Finding(
        name="in_memory",
        severity="risky",
        evidence=(
            f"tables live in memory ({some(witnessed.in_memory)}): a failover of Aurora empties them,"
            " that of a local cluster does not"
        ),
        cure="ENGINE=InnoDB, unless the application can do without these rows",
    )
