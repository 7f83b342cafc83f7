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
from pytest_rdsfailover.model.errors import ArchiveError, FileWriteError
from pytest_rdsfailover.model.records import Fault, Outcome
from pytest_rdsfailover.model.traffic import LeftSession, Sessions

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


@pytest.mark.parametrize("detail", [0, 1, archive.MOST_DETAIL])
def test_attempts_and_reads_survive_with_what_they_say(tmp_path, detail):
    evidence = small()
    writer = evidence.journal.writers[1]
    for events in (writer.attempts, writer.reads):
        events.record((1, 2, 4), Outcome.ACKED, None, "instance-2", detail)
        events.record((9, 12, 20), Outcome.REFUSED, Fault(2003, "refused"), None, 5)

    again = archive.read(archive.write(tmp_path, evidence, LABEL))[0].journal.writers[1]

    for events in (again.attempts, again.reads):
        assert list(zip(*(events.times(place) for place in range(3)), strict=True)) == [
            (1, 2, 4), (9, 12, 20)]  # fmt: skip
        assert list(events.detail) == [detail, 5]
        assert [events.instances[place] for place in events.instance] == ["instance-2", None]
        assert [events.faults[place] for place in events.fault] == [None, Fault(2003, "refused")]


def test_what_was_stored_survives_from_the_first_writer_s_first_write_on(tmp_path):
    stored = Stored(positions=[(0, 0), (0, 0), (2, 3), (2, 9)], foreign=["x"], torn=[(0, 0)])

    again, _ = archive.read(archive.write(tmp_path, small(stored=stored), LABEL))

    assert sorted(again.stored.positions) == stored.positions
    assert (again.stored.foreign, again.stored.torn) == (["x"], [(0, 0)])


def told(line, **changes):
    """Return what changes one line of a file."""
    return lambda lines: [
        json.dumps(json.loads(each) | changes) if number == line else each
        for number, each in enumerate(lines)
    ]


NEVER = {"intended": [], "waited": [], "took": [], "outcome": [], "fault": [], "instance": []}
ONE = {"intended": [5], "waited": [1], "took": [1], "outcome": [[0, 1]], "fault": [[0, 1]], "instance": [[0, 1]]}  # fmt: skip
WRITER = 2  # the line of the first one


@pytest.mark.parametrize(
    ("part", "complaint"),
    [
        ({"outcome": [[0, 2]]}, "follows itself 2 times"),
        ({"outcome": [[0, -1], [0, 1]]}, "follows itself -1 times"),
        ({"outcome": [[0, 1], [0, 1]]}, "follows itself 1 times"),
        ({"fault": [[-1, 1]]}, "no name -1"),
        ({"instance": [[9, 1]]}, "no whole journal"),
        ({"detail": [[-1, 1]]}, "detail of an event is -1"),
        ({"detail": [[archive.MOST_DETAIL + 1, 1]]}, "detail of an event is 2147483648"),
    ],
)
def test_an_event_that_cannot_be_is_refused(tmp_path, part, complaint):
    path = archive.write(tmp_path, small(), LABEL)
    with pytest.raises(ArchiveError, match=complaint):
        archive.read(rewritten(path, told(WRITER, reads=ONE | part)))


@pytest.mark.parametrize("line", [NEVER, ONE, ONE | {"outcome": [[1, 0], [0, 1]]}])
def test_events_that_can_be_are_read(tmp_path, line):
    path = rewritten(archive.write(tmp_path, small(), LABEL), told(WRITER, reads=line))

    assert list(archive.read(path)[0].journal.writers[0].reads.intended) == line["intended"]


@pytest.mark.parametrize(
    "stored",
    [
        {"writers": {"-1": [[0, 1]]}, "foreign": []},
        {"writers": {"0": [[0, 1], [-1, 1]]}, "foreign": []},
        {"writers": {}, "foreign": [], "torn": [[0, 0], [0, -1]]},
    ],
)
def test_a_row_of_a_writer_or_a_write_below_0_is_refused(tmp_path, stored):
    path = archive.write(tmp_path, small(), LABEL)
    with pytest.raises(ArchiveError, match="below 0"):
        archive.read(rewritten(path, lambda lines: [*lines[:-1], json.dumps({"stored": stored})]))


def test_a_file_that_cannot_be_written_is_named_and_leaves_no_part(tmp_path):
    path = tmp_path / "y-run.jsonl.gz"
    path.mkdir()

    with pytest.raises(FileWriteError, match=str(path)):
        archive.write(tmp_path, small(), LABEL)
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_s_name_tells_its_test_and_stays_in_its_directory(tmp_path):
    path = archive.write(tmp_path / "new" / "one", small(), LABEL)

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
