"""Operations that waited for a connection, because no time-out bounds connecting."""

from collections.abc import Iterator, Sequence

from pytest_rdsfailover.analysis.findings.finding import Case, Finding
from pytest_rdsfailover.analysis.proof import had_to_connect
from pytest_rdsfailover.analysis.series import Series, first_ack
from pytest_rdsfailover.model.clock import SECOND, to_seconds
from pytest_rdsfailover.model.durations import format_duration
from pytest_rdsfailover.model.records import Outcome

LONG = 3 * SECOND // 2  # longer than a connect that is bounded by one second, its retry included
NO_CONNECTION = frozenset({"refused", "reset"})  # without any time-out; refused means never sent
LOST = NO_CONNECTION | {"timeout", "dns"}  # after such an error a client connects anew


def unbounded_connects(case: Case) -> Finding | None:
    """Tell long waits for a connect that failed by itself, or succeeded long after others had."""
    series = case.attempts if any(map(len, case.attempts)) else case.series
    took = sorted([*_failed(series), *_late(series)])
    if not took:
        return None
    least, most = (format_duration(to_seconds(wait)) for wait in (took[0], took[-1]))
    return Finding(
        name="unbounded_connects",
        severity="risky",
        evidence=(
            f"{len(took)} write{'s' * (len(took) > 1)} waited"
            f" {least if least == most else f'{least} to {most}'}"
            " for a connect that no time-out bounds"
        ),
        cure=(
            "bound connecting by a second or two (PyMySQL, mysqlclient: connect_timeout;"
            " mysql-connector: connection_timeout; Connector/J: connectTimeout; Go: timeout), then"
            " connect anew"
        ),
        expectation='writer_outage="< 2s"',
    )


def _failed(all_series: Sequence[Series]) -> Iterator[int]:
    """Yield how long connects took that failed, though by no time-out."""
    for series in all_series:
        for row in series.taken.above(LONG - 1):
            fault = series.faults[series.fault[row]]
            never_sent = series.outcome[row] == Outcome.REFUSED
            if never_sent and fault is not None and fault.kind in NO_CONNECTION:
                yield series.taken.values[row]


def _late(all_series: Sequence[Series]) -> Iterator[int]:
    """Yield how long writes took that had to connect first, while others were served for long."""
    for series in all_series:
        for row in series.taken.above(LONG):
            if not series.acked[row] or not had_to_connect(series, row):
                continue
            fault = series.faults[series.fault[row - 1]]
            if fault is None or fault.kind not in LOST:
                continue
            begun, done = series.started[row], series.finished[row]
            served = first_ack(all_series, begun)
            if served is not None and done - served >= LONG:
                yield done - begun
