import itertools

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
