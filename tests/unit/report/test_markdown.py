import itertools

import pytest
from populations import article, beside, document

from pytest_rdsfailover.report.document import run_document
from pytest_rdsfailover.report.markdown import MOST_TRIALS, escape, markdown


def page(trials, sections=()):
    run = run_document(trials, mode="local", seed=7, versions={})
    return markdown(run, ["server: MariaDB", "seed: 7"], sections).splitlines()


def test_the_page_has_scenarios_shares_comparisons_and_trials():
    lines = page(article())

    assert [line for line in lines if line.startswith("#")] == [
        "# Database failover",
        "## Scenarios",
        "## Comparisons",
        "## Trials",
    ]
    assert "- server: MariaDB" in lines
    assert "| proxy | 10 of 15 (42-85 %) | 5 of 15 (15-58 %) | 0 of 15 (0-20 %) |" in lines
    assert any(
        line.startswith("| cluster (n = 15) | proxy (n = 15) | -11.0 s (-11.") for line in lines
    )


def test_every_row_of_a_table_has_as_many_cells_as_its_heading():
    neighbours = itertools.pairwise(page(article()))
    rows = [pair for pair in neighbours if all(line.startswith("|") for line in pair)]

    assert len(rows) > 5
    assert [(one, other) for one, other in rows if one.count("|") != other.count("|")] == []


def test_hostile_names_stay_text():
    (row,) = [line for line in page([document(1.0, "<b>|`x`\n# y")]) if "test\\_it" in line]

    assert "\\<b\\>\\|\\`x\\` \\# y" in row
    assert escape("a_b") == "a\\_b"


def test_sections_are_shown_as_they_are():
    lines = page(article(), [("Ours & theirs", ["one", "```", "# two"])])

    at = lines.index("## Ours & theirs")
    assert lines[at + 2 : at + 7] == ["```text", "one", "'''", "# two", "```"]


def test_a_run_without_trials_is_a_page_too():
    assert page([])[0] == "# Database failover"


def test_a_long_run_is_cut_and_says_so():
    assert page([document(1.0)] * (MOST_TRIALS + 3))[-1] == "and 3 more"


def test_attempts_reads_and_torn_writes_have_tables_of_the_trials_that_have_them():
    hostile = beside(test="<b>|x")
    lines = page([beside(), document(1.0), hostile])

    titles = [line for line in lines if line.startswith("## ")]
    assert titles == ["## Scenarios", "## Trials", "## Attempts", "## Reads", "## Torn writes"]
    at = lines.index("## Attempts")
    assert lines[at + 4].endswith("| 168 | 12 | 1.00 s ±0.004 | 1.70 s ±0.05 |")
    assert lines[at + 5].startswith("| \\<b\\>\\|x | 168 |")
    assert any(line.endswith("| 41 | 3 | 29 | 5 | 0.651 s ±0.002 | 4 |") for line in lines)
    assert sum(line.count("| 168 | 12 |") for line in lines) == 2


def test_what_attempts_and_reads_could_not_measure_is_no_figure():
    trial = beside(
        clock={"reliable": False, "problem": "it stood still"},
        reads=beside()["reads"] | {"compared": 0},
    )
    words = "\n".join(page([trial]))

    assert "| 168 | 12 | unreliable | unreliable |" in words
    assert "| 5 | - | 4 |" in words


@pytest.mark.parametrize("more", [0, 1])
def test_tables_have_a_hundred_rows_and_what_is_left_out_is_counted(more):
    complaint = {"error": "E", "text": "t", "count": 3, "first_s": 1.5, "trace": ""}
    trials = [beside(complaints=[complaint])] * (MOST_TRIALS + more)
    lines = page(trials)

    assert [line for line in lines if line.startswith("and ")] == ["and 1 more"] * 5 * more
    assert (
        sum(line.endswith("| 168 | 12 | 1.00 s ±0.004 | 1.70 s ±0.05 |") for line in lines)
        == MOST_TRIALS
    )
    assert sum(line.endswith("| E | t | 3 | 1.500 s |") for line in lines) == MOST_TRIALS


def test_rows_tell_what_was_counted_apart_and_what_was_not_audited():
    unfit = {"reliable": False, "problem": "busy"}
    lines = page([
        document(1.0), document(1.2), document(1.0, clock=unfit), document(1.2, valid=False),
        document(3.0, "proxy", lost=None, duplicated=["k"], stuck_writers=3), document(3.5, "proxy"),
        document(2.0, "proxy", complaints=[
            {"error": "E", "text": "t", "count": 3, "first_s": 1.5, "trace": "", "remedy": "do"}
        ]),
    ])  # fmt: skip

    for row in (
        "| cluster | 2 and 1 INVALID and 1 unreliable | 1.10 s | 1.20 s | 1.20 s | 0 of 2 (0-66 %) |",
        "| cluster (n = 2) | proxy (n = 3) | +1.90 s (+800 ms to +2.50 s) | 2.73 | 0.2 (n = 3 and 2) |",
        r"| test\_article.py::test\_it\[proxy\] | E | t (do) | 3 | 1.500 s |",
        r"| test\_article.py::test\_it\[proxy\] | writer | quick | 3.00 s ±0.004 | not audited | 1 | 3 | yes |",
        r"| test\_article.py::test\_it\[cluster\] | writer | quick | 1.20 s ±0.004 | 0 | 0 | 0 | INVALID |",
    ):
        assert row in lines


def test_a_baseline_without_downtime_has_no_ratio():
    trials = [document(0.0)] * 2 + [document(1.0, "proxy")] * 2
    assert any("| +1.00 s (+1.00 to +1.00 s) | - |" in line for line in page(trials))
