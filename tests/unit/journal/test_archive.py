"""A trial that was written down and read back is judged exactly as before."""

import gzip
import json

import pytest
from analysis.simulation import play, some_world
from builders import ack, course, everything_acked, journal, refused, unknown

from pytest_rdsfailover.analysis.judging import judge
from pytest_rdsfailover.journal import archive
from pytest_rdsfailover.journal.evidence import Evidence
from pytest_rdsfailover.journal.stored import Stored
from pytest_rdsfailover.model.errors import ArchiveError
from pytest_rdsfailover.model.target import LeftSession, Sessions

LABEL = archive.Label(
    test="tests/test_a.py::test_b[x/../y]", scenario="x", seed=7, rerun="pytest a", versions={"a": "1"}, pins=[{"session": 7, "reason": "user variable", "statement": "SET @a"}]
)  # fmt: skip


def small(**changes):
    made = journal(
        [
            ack(9.0, writer=0, instance="instance-1"),
            unknown(10.4, writer=1, instance="instance-1"),
            refused(10.6, writer=0),
            ack(12.5, writer=1, instance="instance-2"),
        ],
        writers=3,
        skips=[(2, 11.0, 12.0, 5)],
    )
    usual = {"journal": made, "course": course(), "stored": Stored(positions=[(0, 0), (1, 0)])}
    return Evidence(**usual | changes)


def rewritten(path, change):
    """Change the lines of a file."""
    lines = change(gzip.decompress(path.read_bytes()).decode().splitlines())
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    return path


@pytest.mark.parametrize("how", ["refuse", "stall", "hang"])
@pytest.mark.parametrize("seed", range(3))
def test_a_trial_is_judged_the_same_after_it_was_written_and_read(tmp_path, how, seed):
    made = play(some_world(seed, how), seed)
    stored = everything_acked(made)
    stored[:3] = [stored[0], stored[0], (99, 5)]  # two lost, one doubled, one never attempted
    evidence = Evidence(
        journal=made,
        course=course(trigger=1.5, settled=3.0, start=0.0, stop=7.5),
        stored=Stored(positions=stored, foreign=["somebody's"]),
    )

    again, label = archive.read(archive.write(tmp_path, evidence, LABEL))

    assert judge(again) == judge(evidence)
    assert label == LABEL
    assert list(again.journal) == list(made)


def test_what_was_never_read_back_stays_undecided(tmp_path):
    again, _ = archive.read(archive.write(tmp_path, small(stored=None), LABEL))

    assert again.stored is None
    assert not judge(again).audited


def test_sessions_that_stayed_survive_and_an_older_journal_has_none(tmp_path):
    left = LeftSession(instance="instance-1", since=1.0, refused=9.0, refusals=3, error=1836)
    seen = Sessions(open=8, left=[left])
    path = archive.write(tmp_path, small(course=course(sessions=seen, own_trigger=True)), LABEL)
    read = archive.read(path)[0].course
    assert (read.sessions.open, list(read.sessions.left)) == (8, [left])
    assert read.own_trigger is True

    def before(lines):
        about = json.loads(lines[1])
        for name in ("sessions", "own_trigger"):
            del about["course"][name]
        return [lines[0], json.dumps(about), *lines[2:]]

    rewritten(path, before)
    older = archive.read(path)[0]
    assert older.course.sessions is None
    assert judge(older).stuck_sessions.decide("==", 0) is None


def test_skipped_slots_and_instances_survive(tmp_path):
    evidence = small()
    again, _ = archive.read(archive.write(tmp_path, evidence, LABEL))

    assert again.journal.skips == evidence.journal.skips
    assert [each.instance for each in again.journal] == [each.instance for each in evidence.journal]


def test_a_file_s_name_tells_its_test_and_stays_in_its_directory(tmp_path):
    path = archive.write(tmp_path / "new", small(), LABEL)

    assert path.name == "y-run.jsonl.gz"
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_file_tells_its_format_and_version_in_its_first_line(tmp_path):
    path = archive.write(tmp_path, small(), LABEL)
    head = json.loads(gzip.decompress(path.read_bytes()).splitlines()[0])

    assert (head["format"], head["version"]) == ("rdsfailover-journal", 1)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda lines: lines[:-1], "no whole journal"),
        (lambda lines: lines[:2], "no whole journal"),
        (lambda _: [], "no whole journal"),
        (lambda lines: [lines[0].replace('"version":1', '"version":2'), *lines[1:]], "version 2"),
        (lambda lines: [lines[0].replace("rdsfailover-journal", "x"), *lines[1:]], "format is 'x'"),
        (
            lambda lines: [line.replace('"took":[', '"took":[1],"more":[') for line in lines],
            "no whole",
        ),
        (lambda lines: ["[1]", *lines[1:]], "no whole journal"),
        (lambda lines: [*lines[:-1], "{"], "is no JSON"),
    ],
)
def test_a_damaged_file_is_refused_by_name(tmp_path, change, complaint):
    path = rewritten(archive.write(tmp_path, small(), LABEL), change)

    with pytest.raises(ArchiveError, match=complaint) as raised:
        archive.read(path)
    assert str(path) in str(raised.value)


def test_a_file_that_is_cut_off_or_no_gzip_or_not_there_is_refused(tmp_path):
    path = archive.write(tmp_path, small(), LABEL)
    path.write_bytes(path.read_bytes()[:-20])
    text = tmp_path / "text"
    text.write_text("{}")

    for each in (path, text, tmp_path / "gone"):
        with pytest.raises(ArchiveError, match="cannot be read"):
            archive.read(each)
