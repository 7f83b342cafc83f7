"""The page's text: what is in it, what can never be in it, how large it is."""

import base64
import hashlib
import json
import re

import pytest
from analysis.simulation import World, play
from builders import acks, course, everything_acked, journal, refused

from pytest_rdsfailover.analysis.judging import judge
from pytest_rdsfailover.journal.evidence import Evidence
from pytest_rdsfailover.journal.stored import Stored
from pytest_rdsfailover.report import document, html
from pytest_rdsfailover.report.trial_drawing import portrait

HOSTILE = "</script><!--<script>alert(1)</script> & \u2028 \"'"
DATA = re.compile(r'<script type="application/json" id="data">(.*?)</script>', re.DOTALL)


def trial(writes=2000, seed=1):
    world = World(how="refuse", start=10.3, stop=12.2, writers=16, rate=writes / 20, latency=0.001,
                  patience=0.5, end=20.0)  # fmt: skip
    made = play(world, seed)
    return Evidence(
        journal=made,
        course=course(rate=world.rate),
        stored=Stored(positions=everything_acked(made)),
    )


def entry(evidence, test="test_a.py::test_b", **more):
    summary = judge(evidence)
    found = document.trial_document(summary, test=test, scenario="cluster")
    return html.entry(found, portrait(summary, evidence), **more)


def page(entries, **more):
    trials = [each["trial"] for each in entries]
    run = document.run_document(trials, mode="local", seed=7, versions={"server": "MariaDB"})
    return html.page(entries, run, **more)


def data_of(text):
    return json.loads(DATA.search(text)[1])


def test_fifteen_trials_of_twenty_thousand_writes_stay_below_one_megabyte():
    entries = [entry(trial(22_000, seed)) for seed in range(3)]
    assert entries[0]["trial"]["attempted"] > 20_000

    assert len(page(entries * 5).encode()) < 1_000_000


def test_the_page_names_nothing_outside_itself():
    text = DATA.sub("", page([entry(trial())]))
    links = re.findall(r"""(?:src|href)=["'][^#"']|url\(|@import|fetch\(|XMLHttp""", text)

    assert links == []
    assert re.findall(r"https?://[^\s\"']+", text) == ["http://www.w3.org/2000/svg"]  # a name


def test_what_travels_is_plain_and_reads_back_from_json_as_it_was():
    evidence = trial()
    found = portrait(judge(evidence), evidence)

    assert json.loads(json.dumps(found)) == found


def test_the_policy_names_exactly_the_page_s_own_style_and_scripts():
    text = page([])
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]
    scripts = re.findall(r'<script type="module">(.*?)</script>', text, re.DOTALL)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1]

    assert len(scripts) == len(html.SCRIPTS)
    digests = [hashlib.sha256(part.encode()).digest() for part in (style, *scripts)]
    assert re.findall(r"'sha256-(.*?)'", policy) == [
        base64.b64encode(digest).decode() for digest in digests
    ]
    assert policy.startswith("default-src 'none';")


@pytest.mark.parametrize("place", ["test", "why", "rerun", "title", "note"])
def test_no_text_of_others_ends_the_data_or_the_title(place):
    more = {place: HOSTILE} if place in {"test", "why", "rerun"} else {}
    run = {"title": HOSTILE} if place == "title" else {"notes": [HOSTILE]}
    text = page([entry(trial(), **more)], **run)

    assert text.count("<script") == text.count("</script>") == 1 + len(html.SCRIPTS)
    assert "alert(1)</script>" not in text
    assert HOSTILE in json.dumps(data_of(text), ensure_ascii=False).replace('\\"', '"')


def test_long_lists_of_keys_are_counted_whole_and_shown_in_part():
    evidence = trial()
    lossy = Evidence(journal=evidence.journal, course=evidence.course, stored=Stored(positions=[]))
    found = data_of(page([entry(lossy)]))["entries"][0]

    assert len(found["trial"]["lost"]) == html.MOST_KEYS
    assert found["counts"]["lost"] == judge(lossy).acked > html.MOST_KEYS


def test_every_trial_stands_in_the_row_of_its_scenario_by_the_name_that_the_run_gives_it():
    usual, other = entry(trial()), entry(trial())
    other["trial"] = other["trial"] | {"profile": "aurora"}
    data = data_of(page([usual, other, usual]))

    assert [each["group"] for each in data["entries"]] == [
        "cluster quick", "cluster aurora", "cluster quick"
    ]  # fmt: skip
    assert {each["name"] for each in data["run"]["scenarios"]} == {
        "cluster quick",
        "cluster aurora",
    }


def test_keys_of_torn_writes_are_counted_only_where_there_are_any():
    usual, torn = entry(trial()), entry(trial())
    keys = [f"k-{n}" for n in range(html.MOST_KEYS + 1)]
    found = html.entry(torn["trial"] | {"torn": keys})

    assert "torn" not in usual["counts"]
    assert found["counts"]["torn"] == html.MOST_KEYS + 1
    assert found["trial"]["torn"] == keys[:-1]


def test_what_was_never_audited_is_not_counted_as_none():
    evidence = trial()
    unread = Evidence(journal=evidence.journal, course=evidence.course, stored=None)
    found = data_of(page([entry(unread)]))["entries"][0]

    assert found["counts"] == {"lost": None, "duplicated": None, "recovered": None,
                               "unexpected": None}  # fmt: skip


def test_the_page_has_no_place_left_unfilled():
    assert re.findall(r"\$(?:title|policy|style|scripts|data)\b", page([])) == []


def test_what_is_drawn_of_a_trial_has_when_writers_came_back_and_what_was_planned():
    evidence = trial()
    drawn = portrait(judge(evidence), evidence)

    assert (drawn["writers"], drawn["seed"], drawn["rate"]) == (16, 7, 100.0)
    assert drawn["window_s"] == [-10.0, 10.0]
    assert 1.8 < drawn["first_back_s"] <= drawn["last_back_s"] < 3.0
    assert [(seen["name"], seen["at_s"], seen["planned_s"]) for seen in drawn["milestones"]] == [
        ("trigger", 0.0, None), ("writer_cut", 0.3, None), ("promoted", 2.0, None),
        ("dns_flip", 2.4, None),
    ]  # fmt: skip
    assert all(phase["first_s"] <= phase["last_s"] for phase in drawn["phases"])


def test_nobody_is_drawn_as_back_who_never_was_away_or_never_came_back():
    for events in (acks(0.01, 20.0, 0.01), [*acks(0.01, 10.3, 0.01), *map(refused, (11.0, 19.9))]):
        evidence = Evidence(journal=journal(events), course=course(), stored=None)
        drawn = portrait(judge(evidence), evidence)
        assert (drawn["first_back_s"], drawn["last_back_s"]) == (None, None)
        assert drawn["absent"] == 0  # nobody has looked
