"""How many commits an instance had, and how long they took together."""

from pytest_rdsfailover.local.gateway.commits import Commits


def test_commits_are_counted_with_the_time_from_their_statements_to_their_answers():
    clock = iter((150, 175))
    commits = Commits(clock=lambda: next(clock))
    assert (commits.count, commits.duration) == (0, 0)
    commits.add(100)
    assert (commits.count, commits.duration) == (1, 50)
    commits.add(170)
    assert (commits.count, commits.duration) == (2, 55)
