"""Which drawings of its trials a failed test shows."""

from populations import document

from pytest_rdsfailover.plugin.timelines import timelines


def entry(number, *outages):
    lasted = [{"start_s": 0.0, "stop_s": each, "seconds": each} for each in outages]
    return {"trial": document(1.0, outages=lasted), "timeline": [f"drawing {number}", "its end"]}


def test_of_three_trials_each_is_drawn():
    drawn = timelines([entry(n, float(n)) for n in range(3)])

    assert drawn == [("failover timeline", f"drawing {n}\nits end") for n in range(3)]


def test_of_more_those_with_the_longest_outages_are_drawn_in_order():
    drawn = timelines(
        [entry(1, 0.5, 4.0), entry(2, 1.0, 1.0), entry(3), entry(4, 3.0), entry(5, 2.0)]
    )

    assert [title for title, _ in drawn] == [
        f"failover timeline, trial {number} of 5" for number in (1, 4, 5)
    ]
    assert [text.splitlines()[0] for _, text in drawn] == ["drawing 1", "drawing 4", "drawing 5"]


def test_a_trial_without_an_outage_stands_behind_all_that_have_one():
    drawn = timelines([entry(1), entry(2, 0.2), entry(3, 0.3), entry(4, 0.4)])
    assert [text.splitlines()[0] for _, text in drawn] == ["drawing 2", "drawing 3", "drawing 4"]
