"""No file makes a command end in a traceback, which would have the status that means "no"."""

import gzip
import os
import random
import re
import shutil

import pytest
from altered import altered, bytes_altered
from builders import course
from test_cli import evidence, result, written

from pytest_rdsfailover.cli.main import WRONG, YES, main
from pytest_rdsfailover.journal import archive
from pytest_rdsfailover.journal.archive import Label
from pytest_rdsfailover.journal.complaints import Complaint
from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.journal.unfinished import ABOUT, Remains
from pytest_rdsfailover.journal.witnessed import Witnessed
from pytest_rdsfailover.model import files
from pytest_rdsfailover.model.records import Fault, Outcome
from pytest_rdsfailover.model.traffic import Traffic

TIMES = 60  # that a file is altered, for each seed
RAW = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]")  # what a terminal obeys
ABOUT_IT = Label(test="a.py::t", scenario="s", seed=1, rerun="pytest", versions={"v": "1"})


def rich(tmp_path):
    """Write a journal in which every part of the format occurs."""
    traffic = {"cluster": Traffic(connections=1, statements=2, marked=3, confirmed=2)}
    made = evidence(
        complaints=[Complaint(error="E", text="t", count=2, first=1.0, trace="x")],
        witnessed=Witnessed(
            endpoint="cluster", address="a:1", calm=traffic, calm_at=2.0, whole=traffic
        ),
        notes=["a note"], pauses=[(1.0, 1.5)], rate=20.0, strangers=0.5, cpus=2,
    )  # fmt: skip
    writer = made.journal.writers[0]
    writer.skip(10, 20, 3)
    for events in (writer.attempts, writer.reads):
        events.record((10**10, 10**10 + 1, 10**10 + 2), Outcome.ACKED, None, "instance-1", 1)
    return written(tmp_path, made)


def left(tmp_path):
    """Leave the directory of a trial that was cut short."""
    remains = Remains(tmp_path, ABOUT_IT, "run", 1)
    made = Journal("run", 1, remains.events(0))
    for second in range(20):
        fault = Fault(2013, "reset") if second > 10 else None
        times = (second * 10**9, second * 10**9 + 1, second * 10**9 + 9)
        made.writers[0].record(times, Outcome(2 if fault else 0), fault, "instance-1")
    made.detach()
    remains.keep(course())
    remains._unlock()
    return remains.path


def said(arguments, capsys):
    """Run a command; return its status, once what it said is fit for a terminal."""
    status = main(list(map(str, arguments)))
    shown = capsys.readouterr()
    assert not RAW.search(shown.out + shown.err), arguments
    if status == WRONG:
        assert shown.err.startswith("rdsfailover: ")
        assert len(shown.err.splitlines()) == 1, shown.err
    return status


@pytest.mark.parametrize("seed", range(2))
def test_altered_journals_are_judged_or_refused(tmp_path, capsys, seed):
    chance, path = random.Random(seed), rich(tmp_path)
    assert said(["judge", path], capsys) == YES
    whole, statuses = path.read_bytes(), []
    for number in range(TIMES):
        path.write_bytes(altered(whole, chance, packed=True))
        more = ["render", path, "--html", tmp_path / "out"]
        statuses.append(said(more if number % 4 == 0 else ["judge", path], capsys))

    assert statuses.count(WRONG) > TIMES * 0.3  # the alterations are such that they are noticed


@pytest.mark.parametrize("seed", range(2))
def test_altered_documents_are_compared_and_drawn_or_refused(tmp_path, capsys, seed):
    chance, before = random.Random(seed), result(tmp_path / "a.json", *[evidence()] * 3)
    path = result(tmp_path / "b.json", *[evidence(back=12.6)] * 3)
    assert said(["compare", before, path], capsys) == YES
    whole, statuses = path.read_bytes(), []
    for number in range(TIMES):
        path.write_bytes(altered(whole, chance, packed=False))
        compare = ["compare", before, path, "--anyway"]
        draw = ["render", path, "--html", tmp_path / "out"]
        statuses.append(said(draw if number % 2 else compare, capsys))

    assert set(statuses) <= {YES, WRONG}
    assert statuses.count(WRONG) > TIMES * 0.3


@pytest.mark.parametrize("seed", range(2))
def test_altered_remains_are_judged_or_refused(tmp_path, capsys, seed):
    chance, path = random.Random(seed), left(tmp_path)
    kept = shutil.copytree(path, tmp_path / "kept")
    said(["judge", path], capsys)
    for _ in range(TIMES):
        name = chance.choice([each.name for each in kept.iterdir() if each.name != "lock"])
        whole = (kept / name).read_bytes()
        if name == ABOUT:
            made = altered(whole, chance, packed=False)
        else:  # of the events only the part that is written
            made = bytes_altered(whole[:1024], chance) + whole[1024:]
        (path / name).write_bytes(made)
        said(["judge", path], capsys)
        (path / name).write_bytes(whole)


def bomb(path):
    with gzip.open(path, "wb", 1) as file:
        for _ in range(300):
            file.write(bytes(1 << 20))


def values(path):
    path.write_bytes(gzip.compress(b"[" + b"{}," * files.MOST_VALUES + b"{}]", 1))


def endless(path):
    os.mkfifo(path)


ODD = {
    "bomb": (bomb, "holds more than 256 MiB"),
    "count": (values, "values"),
    "pipe": (endless, "is no regular file"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "is no regular file"),
    "loop": (lambda path: path.symlink_to(path), "cannot be read"),
    "deep": (lambda path: path.write_bytes(gzip.compress(b"[" * 200_000)), "nested too deeply"),
    "digits": (lambda path: path.write_bytes(gzip.compress(b"1" * 9999)), "more than 4300 digits"),
    "nan": (lambda path: path.write_bytes(gzip.compress(b"[NaN]")), "is no number"),
    "empty": (lambda path: path.touch(), "no whole journal"),
}


@pytest.mark.parametrize("name", ODD)
def test_a_file_without_bounds_is_refused_in_one_sentence(tmp_path, capsys, name):
    make, why = ODD[name]
    path = tmp_path / f"x{archive.SUFFIX}"
    make(path)

    assert main(["judge", str(path)]) == WRONG
    shown = capsys.readouterr().err
    assert why in shown
    assert len(shown.splitlines()) == 1


def test_a_few_bytes_do_not_unfold_to_columns_without_end(tmp_path, capsys):
    path = rich(tmp_path)
    text = gzip.decompress(path.read_bytes()).decode()
    path.write_bytes(
        gzip.compress(
            re.sub(r'"outcome":\[\[0,\d+\]', '"outcome":[[0,999999999999]', text).encode()
        )
    )

    assert main(["judge", str(path)]) == WRONG
    assert "follows itself 999999999999 times" in capsys.readouterr().err


def test_names_in_a_file_are_shown_and_not_obeyed(tmp_path, capsys):
    path = written(tmp_path, evidence(), test="a.py::t\x1b]0;owned\x07\u202e\x9b31m")

    assert main(["judge", str(path)]) == YES
    shown = capsys.readouterr().out
    assert "\\x1b]0;owned\\x07\\u202e" in shown
    assert not RAW.search(shown)


FORGED = "x\nFAKE LINE\rFAKE LINE"


def test_no_text_of_a_file_looks_like_a_line_of_the_command(tmp_path, capsys):
    made = evidence()
    fault = Fault(1105, FORGED)
    made.journal.writers[0].record((11 * 10**9,) * 3, Outcome.REFUSED, fault, "instance-1")
    documents = [
        str(
            result(
                tmp_path / f"{name}.json", evidence(), profile=profile, versions={"toxiproxy": told}
            )
        )
        for name, profile, told in (("a", "quick", FORGED), ("b", "quick", "1"), ("c", FORGED, "1"))
    ]
    a, b, c = documents

    assert main(["judge", str(written(tmp_path, made, test=FORGED))]) == YES
    assert main(["compare", a, b]) == YES
    assert main(["compare", a, c]) == WRONG
    shown = "".join(capsys.readouterr())
    assert "x\\nFAKE LINE\\rFAKE LINE" in shown
    assert not [line for line in shown.splitlines() if line.startswith("FAKE")]
