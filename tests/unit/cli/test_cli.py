"""The command `rdsfailover`: what it says of files, and its exit status."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from builders import ack, acks, course, everything_acked, journal, refused, unknown

from pytest_rdsfailover.analysis.judging import judge
from pytest_rdsfailover.cli import entry
from pytest_rdsfailover.cli.main import NO, WRONG, YES, main
from pytest_rdsfailover.journal import archive
from pytest_rdsfailover.journal.evidence import Evidence
from pytest_rdsfailover.journal.stored import Stored
from pytest_rdsfailover.report import document

DATA = re.compile(r'<script type="application/json" id="data">(.*?)</script>', re.DOTALL)


def evidence(*, lost=0, back=12.5, run="run", **changes):
    events = [
        *acks(1.0, 10.3, 0.05), unknown(10.35), *(refused(10.5 + n / 10) for n in range(5)),
        ack(back), *acks(back + 0.1, 20.05, 0.05),
    ]  # fmt: skip
    made = journal(events)
    made.run = run
    stored = Stored(positions=everything_acked(made)[lost:])
    return Evidence(journal=made, course=course(**changes), stored=stored)


def written(directory, made, *, test="test_a.py::test_b", scenario="cluster", order=None):
    label = archive.Label(
        test=test, scenario=scenario, seed=7, rerun="pytest t", versions={"v": "1"}, order=order
    )
    return archive.write(directory, made, label)


def result(path, *made, mode="local", versions=None, scenario="cluster", **changes):
    """Write a result document and return its path."""
    trials = [
        document.trial_document(judge(each), test="test_a.py::test_b", scenario=scenario) | changes
        for each in made
    ]
    run = document.run_document(trials, mode=mode, seed=7, versions=versions or {})
    path.write_text(json.dumps(run))
    return path


def test_judge_compares_in_the_order_of_the_run_whoever_was_done_first(tmp_path):
    """As workers of pytest-xdist are: a test's first scenario is the baseline of its others."""
    for number in range(4):
        scenario = ("proxy", "cluster")[number % 2]
        made = evidence(back=11.5 + number / 10, start=float(number), run=f"r{number}")
        test = f"test_a.py::test_b[{scenario}]"
        written(tmp_path, made, test=test, scenario=scenario, order=number % 2 ^ 1)
    main(["judge", str(tmp_path), "--json", str(tmp_path / "out.json")])
    found = json.loads((tmp_path / "out.json").read_text())

    assert [trial["scenario"] for trial in found["trials"]] == [*["cluster"] * 2, *["proxy"] * 2]
    (comparison,) = found["comparisons"]
    assert (comparison["baseline"], comparison["candidate"]) == ("cluster", "proxy")


def test_judge_shows_a_table_and_the_timeline_of_a_trial(tmp_path, capsys):
    path = written(tmp_path, evidence())

    assert main(["judge", str(path)]) == YES
    shown = capsys.readouterr().out
    for expected in ("test_b", "acknowledged", "2013 reset", "promoted"):
        assert expected in shown


@pytest.mark.parametrize(
    ("bounds", "status"),
    [
        (["downtime < 3s"], YES),
        (["downtime<3s", "lost=0", "stuck_writers == 0"], YES),
        (["downtime < 1s"], NO),
        (["lost == 1"], NO),
    ],
)
def test_judge_holds_every_trial_to_bounds(tmp_path, capsys, bounds, status):
    path = written(tmp_path, evidence())

    assert main(["judge", str(path), *(f"--expect={each}" for each in bounds)]) == status
    assert ("expectations not met" in capsys.readouterr().out) == (status == NO)


def test_judge_says_no_to_an_invalid_trial(tmp_path, capsys):
    path = written(tmp_path, evidence(writer_after="instance-1"))

    assert main(["judge", str(path)]) == NO
    assert "the writer did not stay changed" in capsys.readouterr().out


def test_judge_takes_a_directory_and_writes_the_document(tmp_path, capsys):
    for number in range(5):
        written(tmp_path / "j", evidence(run=f"run{number}", lost=number))
    out = tmp_path / "new" / "result.json"

    assert main(["judge", str(tmp_path / "j"), "--json", str(out)]) == YES
    found = json.loads(out.read_text())
    assert sorted(len(trial["lost"]) for trial in found["trials"]) == [0, 1, 2, 3, 4]
    assert found["versions"] == {"v": "1"}
    assert "acknowledged  " not in capsys.readouterr().out  # too many to draw unasked


def test_judge_draws_many_trials_if_asked(tmp_path, capsys):
    for number in range(5):
        written(tmp_path, evidence(run=f"run{number}"))

    assert main(["judge", str(tmp_path), "--timelines"]) == YES
    assert capsys.readouterr().out.count("acknowledged  ") == 5


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["judge", "{journal}", "--expect=downtime"], 'write "downtime < 2s"'),
        (["judge", "{journal}", "--expect=downtme < 2s"], "did you mean 'downtime'"),
        (["judge", "{journal}", "--expect=downtime < 2"], "is not a duration"),
        (["judge", "{journal}", "--expect=lost=0", "--expect=lost=1"], "bounded twice"),
        (["judge", "{gone}"], "cannot be read"),
        (["judge", "{document}"], "is a result document, not a journal; pytest --rds-journal=DIR"),
        (["judge", "{page}"], "is a page, not a journal; pytest --rds-journal=DIR writes one"),
        (["render", "{page}", "--html", "{empty}"], "is a page, not a result document"),
        (["compare", "{page}", "{document}"], "is a page, not a result document"),
        (["compare", "{document}", "{journal}"], "is a journal, not a result document"),
        (["compare", "{empty}", "{document}"], "is a directory, not a result document"),
        (["judge", "{empty}"], "holds no journal"),
        (["render", "{empty}", "--html", "{empty}"], "holds no journal"),
        (["render", "{gone}", "--html", "{empty}"], "cannot be read"),
        (["render", "{text}", "--html", "{empty}"], "is no result document"),
        (["render", "{journal}", "--html", "{text}"], "text"),
        (["render", "{document}", "{live}", "--html", "{empty}"], "render them apart"),
        (["compare", "{document}", "{live}"], "a local run says nothing about a live one"),
        (["compare", "{document}", "{other}"], "profile quick is not aurora"),
        (["compare", "{document}", "{stranger}"], "no scenario in common"),
        (["compare", "{document}", "{later}"], "is of schema 2"),
        (["compare", "{document}", "{text}"], "is no result document"),
    ],
)
def test_what_cannot_be_done_is_said_with_status_2(tmp_path, capsys, arguments, complaint):
    (tmp_path / "empty").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html>")
    text, later = tmp_path / "text", tmp_path / "later.json"
    text.write_text("[]")
    later.write_text('{"schema": 2}')
    places = {
        "journal": written(tmp_path, evidence()),
        "document": result(tmp_path / "a.json", evidence()),
        "live": result(tmp_path / "b.json", evidence(), mode="live"),
        "other": result(tmp_path / "c.json", evidence(), profile="aurora"),
        "stranger": result(tmp_path / "d.json", evidence(), scenario="proxy"),
        "gone": tmp_path / "gone.json",
        "empty": tmp_path / "empty",
        "text": text,
        "page": tmp_path / "index.html",
        "later": later,
    }

    assert main([each.format(**places) for each in arguments]) == WRONG
    said = capsys.readouterr()
    assert complaint in said.err
    assert "Traceback" not in said.err
    assert said.out == ""


def test_render_draws_journals_and_lists_documents(tmp_path, capsys):
    journals = tmp_path / "j"
    written(journals, evidence())
    listed = result(tmp_path / "a.json", evidence())

    assert main(["render", str(journals), str(listed), "--html", str(tmp_path / "out")]) == YES
    page = tmp_path / "out" / "index.html"
    assert capsys.readouterr().out == f"{page}\n"
    entries = json.loads(DATA.search(page.read_text())[1])["entries"]
    assert [each["portrait"] is not None for each in entries] == [True, False]
    assert entries[0]["rerun"] == "pytest t"


def test_compare_shows_medians_intervals_and_what_else_changed(tmp_path, capsys):
    slow = [evidence(back=14.0 + n / 100) for n in range(6)]
    fast = [evidence(back=12.0 + n / 100) for n in range(6)]
    a = result(tmp_path / "a.json", *slow, versions={"pymysql": "1.0", "same": "1"})
    b = result(tmp_path / "b.json", *fast, versions={"pymysql": "1.1", "same": "1"})

    assert main(["compare", str(a), str(b)]) == YES
    shown = capsys.readouterr().out
    assert "median 2.16 s (95 %: 2.15 s to 2.17 s)" in shown
    assert "-1.00 s (-46 %) of the median (95 %: -1.01 s to -" in shown
    assert "p = 0.0022" in shown
    assert "0 of 6 without downtime (95 %: 0.0 to 39.0 %)" in shown
    assert "note: pymysql was 1.0, is 1.1" in shown
    assert "same" not in shown


def test_compare_takes_what_differs_only_if_told_to(tmp_path, capsys):
    a = result(tmp_path / "a.json", evidence())
    b = result(tmp_path / "b.json", evidence(), mode="live", profile="aurora")

    assert main(["compare", str(a), str(b)]) == WRONG
    assert main(["compare", str(a), str(b), "--anyway"]) == YES
    assert "change  +0 s (+0 %) of the median" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["guess"], ["judge"], ["render", "x"], ["compare", "x"]])
def test_a_wrong_command_line_is_refused_with_its_usage(capsys, arguments):
    with pytest.raises(SystemExit) as raised:
        main(arguments)

    assert raised.value.code == WRONG
    assert "usage: rdsfailover" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["judge", "render", "compare", "doctor"])
def test_every_command_has_a_help(capsys, command):
    with pytest.raises(SystemExit) as raised:
        main([command, "--help"])

    assert raised.value.code == YES
    assert command in capsys.readouterr().out


def test_a_word_that_is_no_command_is_told_with_the_nearest_that_is(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["statsu"])

    assert ended.value.code == 2
    assert "there is no 'statsu'; did you mean 'status'?" in capsys.readouterr().err


FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="has no /dev/full")


@pytest.mark.parametrize(("bound", "status"), [("lost = 0", YES), ("lost > 5", NO)])
def test_a_pipe_that_nobody_reads_does_not_change_the_verdict(tmp_path, bound, status):
    path = written(tmp_path, evidence())
    unread, ours = os.pipe()
    os.close(unread)
    with os.fdopen(ours, "w") as output:
        ended = spoken(output, "judge", str(path), "--expect", bound)
    assert (ended.returncode, ended.stderr) == (status, "")


@FULL
def test_an_output_that_is_full_is_said_with_the_status_of_our_failures(tmp_path):
    with Path("/dev/full").open("w") as full:
        ended = spoken(full, "judge", str(written(tmp_path, evidence())))
    assert ended.returncode == WRONG
    assert ended.stderr.startswith("rdsfailover: the output cannot be written: No space left")


def spoken(output, *arguments):
    """Run the command with another standard output."""
    return subprocess.run(
        [sys.executable, "-m", "pytest_rdsfailover.cli.main", *arguments],
        stdout=output, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("port", ["80000", "-1", "65536"])
@pytest.mark.parametrize(
    ("command", "status"), [(["run"], 125), (["up"], WRONG), (["up", "--detach"], WRONG)]
)
def test_a_port_that_there_is_not_is_one_sentence_before_anything_starts(
    capsys, command, status, port
):
    names = ["--aws-names", "eu-west-1", "--dns-port", port]
    assert main([*command, *names, *(["--", "true"] if command == ["run"] else [])]) == status
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith(f"rdsfailover: --dns-port: {port} is no port; choose")
    assert shown.err.count("\n") == 1


def test_a_cluster_that_would_end_at_once_is_refused(capsys):
    assert main(["up", "--idle", "0s"]) == WRONG
    assert "--idle 0s: no cluster would stand" in capsys.readouterr().err


class Interrupted:
    """Finds a module by being interrupted, as by Ctrl-C while it is imported."""

    def __init__(self, name):
        self._name = name

    def find_spec(self, name, *_):
        if name == self._name:
            raise KeyboardInterrupt


@pytest.mark.parametrize("module", ["cli.main", "cli.standing_arguments", "cli.doctor"])
def test_ctrl_c_while_it_is_imported_ends_it_without_a_traceback(monkeypatch, capsys, module):
    name = f"{entry.__package__.partition('.')[0]}.{module}"
    monkeypatch.setattr(sys, "argv", ["rdsfailover", "doctor"])
    monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.delattr(f"{entry.__package__}.{module.partition('.')[2]}", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Interrupted(name), *sys.meta_path])

    assert entry.main() == 130
    assert capsys.readouterr() == ("", "")


def test_who_names_no_command_is_shown_all_of_them(capsys):
    assert main([]) == WRONG
    assert "show a failover and its report, without a project" in capsys.readouterr().err
