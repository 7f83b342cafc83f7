"""The documents say what the code does: examples byte for byte, every name, every link."""

import argparse
import ast
import dataclasses
import functools
import inspect
import json
import re
import subprocess
import sys
import tomllib
from importlib import resources
from pathlib import Path

import pytest
from test_layers import LAYERS

from pytest_rdsfailover.analysis.population import Population
from pytest_rdsfailover.analysis.verdicts import bounds
from pytest_rdsfailover.cli.main import _parser
from pytest_rdsfailover.load.workloads import OPTIONS
from pytest_rdsfailover.local.gateway.deployment import MILESTONES
from pytest_rdsfailover.local.profiles.profiles import parse_profile, shipped
from pytest_rdsfailover.plugin import fixtures, hookspecs, options
from pytest_rdsfailover.trial.plan import Plan
from pytest_rdsfailover.trial.repeats import Repetition
from pytest_rdsfailover.trial.runner import TrialRunner
from pytest_rdsfailover.trial.trial import Trial
from pytest_rdsfailover.trial.trials import Trials

ROOT = Path(__file__).parents[1]
FRONT = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")]
PAGES = [*FRONT, *sorted((ROOT / "docs").glob("*.md"))]
EXAMPLES = sorted((ROOT / "examples").glob("*/README.md"))
LINK = re.compile(r"\[[^\]]*\]\((?!https?://)([^)#\s]*)(#[^)]*)?\)")
PATH = re.compile(r"`((?:tests|docs|examples|scripts|pytest_rdsfailover)/[\w./-]+)`")
NAMED = re.compile(r"\b(test_\w+)\b(?![.\w])")
SHORTENED = re.compile(r"`\.\.\._(\w+?)(_\.\.\.)?`")  # `..._what_a_test_is_about_...`
DEFINED = re.compile(r"\bdef (test_\w+)")
TESTS = [*(ROOT / "tests").rglob("*.py"), *(ROOT / "examples").rglob("*.py")]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TOML = re.compile(r"^```toml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINE = re.compile(r"^\|.*\|$", re.MULTILINE)
MADE = re.compile(r"^\s*(?:async )?(?:def |class )?(\w+)(?=[\[(:]| ?=)", re.MULTILINE)
CELL = re.compile(r"^\| (`[^|]*) \|", re.MULTILINE)  # the first one of a table's row


def read(name):
    return (ROOT / name).read_text()


def section(page, title):
    """Return what stands under a heading, up to the next heading of any rank."""
    _, found, rest = f"\n{read(page)}".partition(f"\n{title}\n")
    assert found, f"nothing in {page} is headed {title}"
    return re.split(r"^#+ ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def names(text):
    """Return the names in the first cells of tables, without what follows a name."""
    cells = " ".join(CELL.findall(text))
    return {re.match(r"[\w-]+", name)[0] for name in re.findall(r"`([^`]+)`", cells)}


def reference(*titles):
    return set().union(*(names(section("docs/reference.md", title)) for title in titles))


def public(*kinds):
    """Return what may be asked of objects: their fields, properties and methods."""
    return {name for kind in kinds for name in vars(kind) if not name.startswith("_")}


def arguments(function):
    parameters = inspect.signature(function).parameters.values()
    return {each.name for each in parameters if each.kind is not each.VAR_KEYWORD} - {"self"}


def fields(kind):
    return {field.name for field in dataclasses.fields(kind)}


def anchors(page):
    """Return how links name a page's headings."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_the_aws_page_s_example_is_the_example_byte_for_byte():
    assert BLOCK.search(read("docs/aws.md"))[1] == read("examples/aws-api/test_drill.py")


@pytest.mark.parametrize(
    "page", [*PAGES, *EXAMPLES], ids=lambda page: page.relative_to(ROOT).as_posix()
)
def test_every_link_and_every_named_file_exists(page):
    text = page.read_text()
    missing = [path for path in PATH.findall(text) if not (ROOT / path).exists()]
    for link, anchor in LINK.findall(text):
        target = page.parent / link if link else page
        if not target.exists() or (anchor and anchor[1:] not in anchors(target)):
            missing.append(link + anchor)

    assert missing == []


UNLINKED = re.compile(r"(?<!\[)`examples/[^`]+`")


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.stem)
def test_an_example_is_a_link_because_an_installed_package_has_none(page):
    blocks = re.split(r"^```.*?^```", page.read_text(), flags=re.MULTILINE | re.DOTALL)

    assert [name for block in blocks for name in UNLINKED.findall(block)] == []


def test_a_planted_example_without_a_link_is_found():
    assert UNLINKED.findall("see `examples/django`, [`examples/x`](../examples/x)") == [
        "`examples/django`"
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_test_that_a_page_names_exists(page):
    assert missing_tests(page.read_text()) == []


@functools.cache
def defined():
    """Return the names of all tests; it takes a while to read them."""
    return {name for path in TESTS for name in DEFINED.findall(path.read_text())}


def missing_tests(text):
    """Return the tests that a text names, in full or shortened, and that do not exist.

    A page's own code makes tests, too.
    """
    there = defined() | {*DEFINED.findall(text)}
    full = [name for name in NAMED.findall(text) if name not in there]
    # A single word, as in `..._high`, may be the end of any other name.
    shortened = [(part, more) for part, more in SHORTENED.findall(text) if more or "_" in part]
    return full + [
        part
        for part, more in shortened
        if not any(f"_{part}" in name if more else name.endswith(f"_{part}") for name in there)
    ]


def test_planted_names_of_tests_are_missed():
    text = "`test_planted_nonsense`, `..._planted_nonsense_...`, `..._that_a_page_names`"

    assert missing_tests(text) == ["test_planted_nonsense", "planted_nonsense", "that_a_page_names"]


def test_the_reference_names_every_option_and_no_other():
    assert reference("## Options", "### Live mode") == {each.flag for each in options.OPTIONS}


def test_the_reference_names_every_fixture_and_no_other():
    found = {name for name, each in vars(fixtures).items() if hasattr(each, "_fixture_function")}
    assert reference("## Fixtures") == found


def test_the_reference_names_every_argument_of_a_trial_and_no_other():
    known = fields(Plan) - {"seed"} | OPTIONS | {"load"} | arguments(TrialRunner.trial)
    assert reference("### `rds_trial`, `rds_load`") - {"warm_up", "silence", "trial"} == known


def test_the_reference_names_all_that_a_trial_has_and_nothing_else():
    assert reference("### A trial") == public(*Trial.__mro__[:-1]) - {"of"}


def test_the_reference_names_every_argument_of_repeats_and_all_that_they_have():
    given = arguments(Repetition.__call__) - {"endpoint"}
    assert reference("### `rds_trials`") == given | public(Trials) | {"planned"}
    text = section("docs/reference.md", "### `rds_trials`")
    assert fields(Population) <= set(re.findall(r"`(\w+)`", text))


def test_the_reference_names_every_marker_and_no_other():
    assert reference("## Markers") == {re.match(r"\w+", each)[0] for each in fixtures.MARKERS}


def test_the_reference_names_every_expectation_and_no_other():
    assert reference("## Expectations") == set(bounds.KINDS)


def test_the_reference_names_every_profile_and_no_other():
    assert reference("## Profiles") == set(shipped())


def test_the_reference_names_every_milestone_of_a_local_cluster_and_no_other():
    """As the player of failover scripts says them, and the trigger before it."""
    player = ast.parse(read("pytest_rdsfailover/local/gateway/player.py"))
    said = {
        text.value
        for call in ast.walk(player)
        if isinstance(call, ast.Call)
        if getattr(call.func, "attr", "") in {"_mark", "_settle"}
        for text in ast.walk(call.args[0])
        if isinstance(text, ast.Constant)
    }

    assert reference("## Milestones") == said | {"trigger", *MILESTONES.values()}


def test_the_reference_s_own_profile_is_one_and_has_every_field():
    table = tomllib.loads(TOML.search(section("docs/reference.md", "## Profiles"))[1])

    assert set(table) == fields(parse_profile("own", table)) - {"name"}


def test_the_reference_names_every_field_of_the_result_document_and_no_other():
    package = resources.files("pytest_rdsfailover.report")
    schema = json.loads(package.joinpath("result.schema.json").read_text(encoding="utf-8"))
    known = {*schema["properties"], *schema["$defs"]["trial"]["properties"]}
    assert reference("## Result document") == known


def test_the_schema_is_what_the_types_of_the_result_document_say():
    script = ROOT / "scripts" / "make_schema.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_every_command_is_documented():
    (commands,) = (
        each.choices for each in _parser()._actions if isinstance(each, argparse._SubParsersAction)
    )
    cells = [
        *CELL.findall(section("docs/any-language.md", "## The commands")),
        *CELL.findall(section("docs/reports.md", "## The command")),
    ]
    assert [cell.split()[1].strip("`") for cell in cells] == list(commands)
    assert set(commands) <= set(re.findall(r"\w+", section("docs/reference.md", "## Command")))


def test_the_layers_of_the_architecture_are_those_that_are_enforced():
    rows = CELL.findall(section("docs/architecture.md", "## Layers"))
    lines = [row.replace("`", "") for row in rows]
    assert lines == [*LAYERS[""], *LAYERS["local"]]


def test_the_floors_of_the_picture_are_those_that_are_enforced():
    drawn = re.findall(
        r"(?m)^ \d   ((?:\w+ +)+)", section("docs/architecture.md", "## The five floors")
    )
    floors = [line.split() for line in LAYERS[""]]
    assert [
        line.split()[: len(floor)] for line, floor in zip(drawn[::-1], floors, strict=True)
    ] == floors


def test_every_file_that_the_architecture_names_is_there():
    assert absent(read("docs/architecture.md")) == []


def absent(text):
    """Return the paths that a text names and that lead nowhere."""
    named = re.findall(r"`((?:[\w.-]+/)+(?:[\w-]+\.\w+)?)`", text)
    roots = (ROOT, ROOT / "pytest_rdsfailover")
    return [name for name in named if not any((root / name).exists() for root in roots)]


@pytest.mark.parametrize(
    "row", LINE.findall(section("docs/architecture.md", "## How to add …"))[2:]
)
def test_every_name_that_a_way_to_add_something_tells_stands_in_a_file_of_its_row(row):
    assert unknown(row) == []


def unknown(row):
    """Return the names of code in a row that no file makes which the row names."""
    quoted = re.findall(r"`([^`]+)`", row)
    files = [
        path
        for name in quoted
        if "/" in name
        for root in (ROOT, ROOT / "pytest_rdsfailover")
        for path in ([root / name] if (root / name).is_file() else (root / name).rglob("*.py"))
    ]
    made = {name for path in files for name in MADE.findall(path.read_text("utf-8"))}
    return [name for name in quoted if name.isidentifier() and name not in made]


def test_a_planted_name_is_unknown():
    row = "| x | `ENGINES` or `NOTHING` of `load/engines.py`, `also.not` one of `tests/unit/` |"
    assert unknown(row) == ["NOTHING"]


def test_a_planted_path_is_absent():
    text = "`local/cluster.py`, `docs/`, `local/nowhere.py`, `elsewhere/`, `one` and `two.py`"

    assert absent(text) == ["local/nowhere.py", "elsewhere/"]


@pytest.mark.parametrize(
    "hook", [name for name in vars(hookspecs) if name.startswith("pytest_rds")]
)
def test_every_hook_is_documented_and_has_an_example_that_runs(hook):
    assert f"`{hook}(" in read("docs/hooks.md")
    assert f"def {hook}(" in read("examples/hooks/conftest.py")


def test_the_code_of_the_hooks_page_is_that_of_the_example():
    blocks = BLOCK.findall(read("docs/hooks.md"))

    assert len(blocks) == 7
    assert [block for block in blocks if block not in read("examples/hooks/conftest.py")] == []


def test_each_phase_of_a_profile_is_played_as_the_page_on_fidelity_says():
    page = section("docs/fidelity.md", "## Profiles")
    told = {
        (name, phase): tomllib.loads(f"played = {played}")["played"]
        for name, phase, played in re.findall(
            r"^\| `([\w-]+)` \| (\w+) \| `(.+)` \| .+ \|$", page, re.MULTILINE
        )
    }
    tables = tomllib.loads(read("pytest_rdsfailover/local/profiles/profiles.toml"))
    phases = ("onset", "refused", "promotion", "dns", "proxy_hold", "small", "growth")

    assert told == {
        (name, phase): table[phase]
        for name, table in tables.items()
        for phase in phases
        if phase in table
    }
