from builders import ack, acks, course, everything_acked, journal, milestone, refused, unknown

from pytest_rdsfailover.analysis.judging import summarise
from pytest_rdsfailover.journal.complaints import Complaint
from pytest_rdsfailover.journal.stored import Stored
from pytest_rdsfailover.report.felt_milestones import felt_milestones
from pytest_rdsfailover.report.terminal import WIDTH, timeline

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
