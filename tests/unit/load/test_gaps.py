import random

from pytest_rdsfailover.analysis.outages import WideGaps, lengths
from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.load.gaps import HOLD, GapTracker
from pytest_rdsfailover.model.records import Fault, Outcome

SECOND = 10**9
RESET = Fault(2013, "reset")


def test_a_running_load_is_followed_to_the_gap_that_its_journal_shows():
    chance = random.Random(5)
    journal = Journal("run", 4)
    tracker = GapTracker(journal, 0)
    found, now = [0], 0
    for _ in range(3000):
        now += chance.choice([2, 3, 5, 80]) * SECOND // 1000
        writer = chance.choice(journal.writers)
        failed = chance.random() < 0.3
        late = now - chance.choice([0, 1, 20]) * SECOND // 1000  # noted after others' later ones
        if len(writer) and writer.finished[-1] > late:
            continue
        outcome, fault = (Outcome.UNKNOWN, RESET) if failed else (Outcome.ACKED, None)
        writer.record((late, late, late), outcome, fault)
        found += [] if failed else [late]
        if chance.random() < 0.1:
            tracker.look(now)

    tracker.look(now + HOLD)
    acks = sorted(found)
    assert tracker.longest == WideGaps.of(acks, lengths(acks), 0).last_widest(acks[0])


def test_an_answer_that_a_writer_notes_late_still_ends_a_gap():
    journal = Journal("run", 2)
    tracker = GapTracker(journal, 0)
    journal.writers[0].record((0, 0, SECOND // 10), Outcome.ACKED)
    tracker.look(SECOND // 10)

    journal.writers[1].record((0, 0, SECOND // 20), Outcome.ACKED)  # came first, noted last
    tracker.look(SECOND)

    assert tracker.longest == (0, SECOND // 20)


def test_silence_counts_from_the_newest_acknowledgement_however_fresh():
    journal = Journal("run", 2)
    tracker = GapTracker(journal, SECOND)
    assert tracker.look(2 * SECOND) == 1.0

    journal.writers[1].record((0, 0, 3 * SECOND), Outcome.ACKED)
    journal.writers[0].record((0, 0, 4 * SECOND), Outcome.REFUSED, RESET)
    assert tracker.look(3 * SECOND + SECOND // 100) == 0.01
    assert tracker.look(5 * SECOND) == 2.0


def test_it_keeps_the_same_size_however_much_is_written():
    journal = Journal("run", 1)
    tracker = GapTracker(journal, 0)
    sizes = set()
    for n in range(2000):
        journal.writers[0].record((n, n, n * SECOND), Outcome.ACKED)
        tracker.look(n * SECOND)
        sizes.add(
            sum(len(each) for each in vars(tracker).values() if isinstance(each, (list, tuple)))
        )

    assert len(sizes) == 1
