"""What users felt, in lines: of what was measured, and of nothing else."""

from builders import acks, course, journal

from pytest_rdsfailover.analysis.judging import judge
from pytest_rdsfailover.journal.evidence import Evidence
from pytest_rdsfailover.report.served_lines import served_lines


def lines(**calm):
    events = acks(0.01, 20.0, 0.1)
    found = course(moves_writer=None, **calm)
    evidence = Evidence(journal=journal(events, writers=1), course=found, stored=None)
    return list(served_lines(judge(evidence).figures))


def test_where_nothing_was_away_nothing_is_said_of_coming_back():
    (line,) = lines(trigger=None, settled=None, milestones=[])
    assert line.startswith("served: 100 %")
