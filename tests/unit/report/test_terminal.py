import pytest
from builders import ack, acks, course, everything_acked, journal, milestone, refused, unknown

from pytest_rdsfailover.analysis.judging import summarise
from pytest_rdsfailover.journal.complaints import Complaint
from pytest_rdsfailover.journal.stored import Stored
from pytest_rdsfailover.report.felt_milestones import felt_milestones
from pytest_rdsfailover.report.terminal import (
    MOST_COMPLAINTS,
    MOST_PHASES,
    WIDTH,
    duration,
    timeline,
)

EVENTS = [
    *acks(0.01, 10.3, 0.01),
    unknown(10.301, instance="instance-1"),
    *(refused(10.305 + n / 50) for n in range(60)),
    *(refused(11.6 + n / 50, 1836, instance="instance-1") for n in range(39)),
    *acks(12.41, 20.0, 0.01),
]


def trial(events=EVENTS, *, stored=True, writers=1, skips=(), **changes):
    made = journal(events, writers=writers, skips=skips)
    read = Stored(positions=everything_acked(made)) if stored else None
    return summarise(made, course(**changes), read)


def line(lines, name):
    (found,) = [each for each in lines if each.startswith(name)]
    return found


def test_the_timeline_draws_all_that_happened_on_one_scale():
    lines = timeline(trial())

    assert max(map(len, lines)) <= WIDTH
    bars = line(lines, "acknowledged")
    outage, cut = line(lines, "no writes"), line(lines, "writer_cut")
    assert abs(outage.index("=") - bars.index(".")) <= 1
    assert abs(cut.index("^") - bars.index(".")) <= 1
    assert "1x 0.301 instance-1" in line(lines, "2013 reset")
    assert "60x 0.305..1.485" in line(lines, "2003 refused")
    assert "39x 1.600..2.360 instance-1" in line(lines, "1836 read-only")
    assert "all 1 writers were back at 2.410 s" in lines


DRAWING = """
                -0.289 s                     2.699 s 1 column = 83.0 ms
acknowledged    ███████.........................▅███ peak 108/s
no writes             ===========================    2.12 s from 0.290 s
trigger            ^                                 0.000 s
writer_cut             ^                             0.300 s instance-1
promoted                                   ^         2.000 s instance-2
dns_flip                                        ^    2.400 s instance-2
2013 reset             x                             1x 0.301 instance-1
2003 refused           xxxxxxxxxxxxxxx               60x 0.305..1.485
1836 read-only                        xxxxxxxxxx     39x 1.600..2.360 instance-1"""


def test_a_drawing_has_each_moment_in_its_column():
    """One column is 83 ms: the cut at 0.3 s is in the eighth, 0.589 s after the first one's start."""
    assert "\n".join(timeline(trial())[3:13]) == DRAWING.lstrip("\n")


def test_a_trial_that_was_never_served_again_says_so_in_each_part():
    failing = [*acks(2.01, 2.5, 0.01), *(refused(5 + n / 10) for n in range(20))]
    lines = timeline(trial(failing, stored=False))

    assert line(lines, "no writes").endswith("=" * 33 + " 17.5 s or more from -7.510")
    assert "acknowledged    ..▁█................................ peak 86/s" in lines
    at = lines.index(
        "down 17.5 s or more, not over when observation ended; 49 acked, not audited, 20"
    )
    assert lines[at + 1] == "  refused, 0 unknown"
    assert "stuck: 1 of 1 writers never came back: 0" in lines
    assert "observation ended before a quiet stretch like the calm" in lines


def test_no_duration_is_a_dash():
    assert (duration(None), duration(0.0)) == ("-", "0 s")


def test_keys_that_are_wrong_are_counted_only_where_they_were_read_back():
    made = journal(EVENTS)
    stored = everything_acked(made)
    wrong = Stored(positions=[*stored[1:], stored[5], (0, 99_999)])

    told = "\n".join(timeline(summarise(made, course(), wrong)))
    assert "1788 acked, 1 lost, 1 duplicated, 1 unexpected, 99 refused, 1 unknown" in " ".join(
        told.split()
    )


def complaint(**changes):
    usual = {"error": "E", "text": "no", "count": 3, "first": 11.5, "trace": "", "remedy": ""}
    return Complaint(**usual | changes)


def test_the_first_of_many_complaints_are_shown_from_when_they_came():
    lines = timeline(trial(complaints=[complaint(text=f"no {n}") for n in range(9)]))

    shown = [each for each in lines if " first: " in each]
    assert len(shown) == MOST_COMPLAINTS
    assert shown[0].startswith("1.500 s first: ")
    assert "no 0" in shown[0]


@pytest.mark.parametrize(("longer", "start"), [(0, "/x"), (1, "…x")])
def test_a_place_loses_its_first_folders_only_where_the_terminal_ends(longer, start):
    place = 'File "/{}/shop.py", line 3, in order'
    place = place.format("x" * (WIDTH - 2 - len(place.format("")) + longer))
    (told,) = (
        each for each in timeline(trial(complaints=[complaint(trace=place)])) if "File" in each
    )

    assert told.startswith(f'  File "{start}')
    assert told.endswith('x/shop.py", line 3, in order')
    assert len(told) == WIDTH


def test_the_timeline_names_profile_seed_and_figures():
    text = "\n".join(timeline(trial()))

    assert "profile quick, seed 7, writer endpoint, writer instance-1 -> instance-2" in text
    assert "down 2.09 s ±0.03; 1788 acked, 0 lost, 99 refused, 1 unknown" in text


def test_an_invalid_trial_says_so_first():
    lines = timeline(trial(writer_after="instance-1"))

    assert lines[1] == "INVALID, this trial proves nothing:"


def test_long_instance_names_are_wrapped_and_not_cut():
    long = "production-orders-eu-central-1a-instance-" + "x" * 22
    lines = timeline(trial(writer_before=long, writer_after=long[:-1] + "y"))

    assert any(each.endswith(long[:-1] + "y") for each in lines)
    assert max(map(len, lines)) <= WIDTH


def test_stuck_writers_stale_writes_and_missed_slots_are_remarked():
    other = [
        *acks(0.01, 10.3, 0.01, writer=1),
        *(refused(11 + n / 10, writer=1) for n in range(90)),
    ]
    stale = ack(13.005, instance="instance-1", sent=13.004)
    text = "\n".join(
        timeline(trial([*EVENTS, *other, stale], writers=2, skips=[(0, 11.0, 12.0, 5)]))
    )

    assert "stuck: 1 of 2 writers never came back: 1" in text
    assert "stale: 1 writes acknowledged by an instance no longer writer" in text
    assert "not issued: 5 slots" in text


def test_a_quiet_trial_is_drawn_too():
    lines = timeline(trial(acks(0.01, 20.0, 0.01), milestones=[milestone("trigger", 10.0)]))

    assert not any(each.startswith("no writes") for each in lines)


def test_a_trial_without_any_write_is_drawn_too():
    assert any("INVALID" in each for each in timeline(trial([])))


def test_a_flapping_database_does_not_fill_the_screen():
    flapping = [*acks(0.01, 10.0, 0.01)]
    for number in range(60):
        flapping += [refused(10 + number / 10, code=2000 + number), ack(10.05 + number / 10)]

    assert len(timeline(trial(flapping))) < 45


def test_errors_that_were_not_over_when_observation_ended_go_on():
    failing = [*acks(0.01, 19.0, 0.01), *(refused(19 + n / 10) for n in range(10))]
    assert line(timeline(trial(failing)), "2003 refused").endswith("10x 9.000..9.900 and on")
    ended = trial([*acks(0.01, 10.0, 0.01), refused(10.2), *acks(10.3, 20.0, 0.01)])
    assert "and on" not in line(timeline(ended), "2003 refused")


def test_milestones_that_clients_of_the_endpoint_cannot_feel_are_left_out():
    happened = [
        milestone("promoted", 11.0),
        milestone("dns_flip", 11.5),
        milestone("proxy_follow", 11.2),
    ]
    drawn = {
        endpoint: "\n".join(timeline(trial(endpoint=endpoint, milestones=happened)))
        for endpoint in ("writer", "reader", "instance", "proxy")
    }

    for endpoint, text in drawn.items():
        assert "promoted" in text
        assert ("proxy_follow" in text) == (endpoint == "proxy")
        assert ("dns_flip" in text) == (endpoint in ("writer", "reader"))


def test_what_happens_to_other_instances_is_left_out_where_only_the_writer_is_asked():
    happened = [
        milestone("instance_cut", 10.4, "instance-2"),
        milestone("fenced", 10.5, "instance-1"),
        milestone("fenced", 10.6, "instance-2"),
    ]
    by_writer, by_instance = (
        [each for each in timeline(trial(endpoint=endpoint, milestones=happened)) if "^" in each]
        for endpoint in ("writer", "instance")
    )

    assert len(by_instance) == 3
    made = trial(endpoint="writer", milestones=happened)
    assert [each.instance for each in felt_milestones(made)] == ["instance-1"]
    assert [each.split()[0] for each in by_writer] == ["fenced"]
    assert by_writer[0].endswith("instance-1")


FAR = "/srv/" + "deep/" * 20


def test_where_an_error_came_from_is_the_user_s_line_and_its_end_is_seen():
    trace = "\n".join(
        f'  File "{path}", line {number}, in {name}'
        for path, number, name in (
            (f"{FAR}shop.py", 12, "order"),
            ("/venv/site-packages/pymysql/connections.py", 154, "query"),
        )
    )
    complaint = Complaint(error="OperationalError", text="gone", count=1, first=10.3, trace=trace)
    lines = timeline(trial(complaints=(complaint,)))

    (place,) = (each for each in lines if "File " in each)
    assert place.startswith('  File "…')
    assert place.endswith('deep/shop.py", line 12, in order')
    assert len(place) == WIDTH


@pytest.mark.parametrize(("writers", "shown"), [(10, "8, 9"), (11, "8, 9, ...")])
def test_the_first_ten_stuck_writers_are_named(writers, shown):
    events = [
        each for n in range(writers) for each in (ack(1.0, writer=n), refused(15.0, writer=n))
    ]
    lines = timeline(trial(events, writers=writers))

    assert line(lines, "stuck:").endswith(shown)


@pytest.mark.parametrize(("kinds", "rest"), [(MOST_PHASES, None), (MOST_PHASES + 2, 2)])
def test_the_largest_phases_are_drawn_in_order_and_the_others_counted(kinds, rest):
    failing = [
        refused(10.5 + n / 10 + k / 1000, 5000 + n)
        for n in range(kinds)
        for k in range(1 + (n > 1))
    ]
    lines = timeline(trial([*acks(0.01, 10.3, 0.01), *failing, *acks(13.0, 20.0, 0.01)]))

    drawn = [int(each[:4]) for each in lines if each[:4].isdigit()]
    first = 0 if rest is None else 2  # those that came once
    assert drawn == list(range(5000 + first, 5000 + kinds))
    told = [each for each in lines if "smaller error phases" in each]
    assert [each.split()[:2] for each in told] == ([] if rest is None else [["and", str(rest)]])
