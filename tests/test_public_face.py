"""`from pytest_rdsfailover import ...`: what users may name, nothing else, and one page of it."""

import ast
import functools
import importlib.util
import pickle
import re
import subprocess
import sys
import traceback
from pathlib import Path

import pytest

import pytest_rdsfailover as face
from pytest_rdsfailover.model.errors import RdsFailoverError

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
PACKAGE = ROOT / "pytest_rdsfailover"
# Errors that no test meets: of the command, those that writers turn into complaints, of processes of ours, and those that skip a test.
INNER_ERRORS = {
    "SilentGatewayError",
    "ArchiveError",
    "ContradictionError",
    "DryRunError",
    "FileWriteError",
    "FunctionError",
    "NotSavedError",
    "NotWrittenError",
    "NothingRecordedError",
    "RefusalError",
    "TooFewInstancesError",
}
# What public names show of classes that are none: `Trial.evidence`, whose parts are private, and
# what the public workloads that write outside of the process have in common.
OPAQUE = {"Evidence", "OutsideWorkload"}
# The package's modules by their dotted names, but for those that are started, not imported.
INSIDE = re.compile(
    r"\bpytest_rdsfailover\.(?!plugin\.plugin\b)\w+|\bpytest_rdsfailover import \w*\."
)
SHOWN = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted(path for kind in ("py", "md", "ini", "yml") for path in EXAMPLES.rglob(f"*.{kind}")),
    *sorted((ROOT / "tests" / "typing").glob("*.py")),
]


def page_script():
    spec = importlib.util.spec_from_file_location("api", ROOT / "scripts" / "api.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


api = page_script()


def tree(path):
    return ast.parse(path.read_text())


def checked(source):
    """Return what a face shows type checkers: each name, and its module."""
    return {
        alias.asname or alias.name: node.module
        for block in ast.parse(source).body
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def test_what_checkers_see_is_what_is_imported_and_what_is_listed():
    homes = {name: f"{face.__name__}.{module}" for name, module in face._HOME.items()}
    assert checked((PACKAGE / "__init__.py").read_text()) == homes
    assert sorted(homes) == face.__all__ == dir(face)[:-1]
    assert len(set(face.__all__)) == len(face.__all__)


def test_a_planted_name_is_seen_only_where_it_is():
    source = "if TYPE_CHECKING:\n    from a.b import C as D\nif other:\n    from a import E"
    assert checked(source) == {"D": "a.b"}


@pytest.mark.parametrize("name", face.__all__)
def test_every_name_resolves_where_it_is_at_home(name):
    home = importlib.import_module(f"{face.__name__}.{face._HOME[name]}")
    found = getattr(face, name)

    assert found is vars(home)[name]
    is_error = name in api.GROUPS["Errors"].split()
    assert found.__module__ == (face.__name__ if is_error else home.__name__)


def test_an_error_is_shown_by_the_name_that_a_test_imports_and_comes_back_from_a_file():
    error = pickle.loads(pickle.dumps(face.SettingError("why")))

    assert traceback.format_exception_only(error) == ["pytest_rdsfailover.SettingError: why\n"]


def test_there_is_a_version_and_no_other_name():
    assert re.match(r"\d+\.\d+", face.__version__)
    with pytest.raises(AttributeError, match="no attribute 'Summary'"):
        _ = face.Summary


def test_the_page_is_what_the_docstrings_say():
    assert api.page(face._HOME) == api.PAGE.read_text(), "run scripts/api.py"


def test_the_page_has_a_place_for_every_name_and_for_no_other():
    placed = [name for names in api.GROUPS.values() for name in names.split()]
    assert sorted(placed) == face.__all__
    headed = re.findall(r"^### `(\w+)", api.PAGE.read_text(), re.MULTILINE)
    assert headed == [name for name in placed if name not in api.GROUPS["Errors"].split()]


def test_what_the_page_leaves_out_is_there():
    for name in api.INNER:
        kind, _, member = name.partition(".")
        assert hasattr(getattr(face, kind), member), name


@functools.cache
def our_classes():
    """Return the names of all classes of the package, and what each is derived from."""
    return {
        node.name: [ast.unparse(base) for base in node.bases]
        for path in sorted(PACKAGE.rglob("*.py"))
        for node in tree(path).body
        if isinstance(node, ast.ClassDef)
    }


def test_every_error_that_a_test_can_meet_is_public():
    errors, known = {RdsFailoverError.__name__}, our_classes()
    while more := {name for name, bases in known.items() if errors & set(bases)} - errors:
        errors |= more
    assert errors - set(face.__all__) == INNER_ERRORS


def mentioned(kind):
    """Return the names in the types of all that a public class shows."""
    types = [of for _, of, _ in kind.fields()]
    for node in kind.functions():
        given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.kwarg]
        types += [ast.unparse(each.annotation) for each in given if each and each.annotation]
        types.append(ast.unparse(node.returns) if node.returns else "")
    return set(re.findall(r"\w+", " ".join(types)))


@pytest.mark.parametrize("name", face.__all__)
def test_what_a_public_name_shows_is_public_as_well(name):
    shown = mentioned(api.Source(face._HOME[name], name))
    assert shown & our_classes().keys() - set(face.__all__) - OPAQUE == set()


def test_a_planted_private_class_in_a_signature_is_found():
    assert "Journal" in mentioned(api.Source("journal.evidence", "Evidence"))


@pytest.mark.parametrize("path", SHOWN, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_users_read_names_no_inner_module(path):
    assert INSIDE.findall(path.read_text()) == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("from pytest_rdsfailover.model.endpoints import Bounds", True),
        ("in `pytest_rdsfailover.trial.extensions`", True),
        ("import pytest_rdsfailover.load", True),
        ("from pytest_rdsfailover import Bounds", False),
        ("pytest -p pytest_rdsfailover.plugin.plugin", False),
        ("a table to `pytest_rdsfailover/local/profiles/profiles.toml`", False),
    ],
)
def test_a_planted_inner_module_is_found(line, found):
    assert bool(INSIDE.search(line)) == found


def comes_through_the_face(source):
    """Tell whether a module of ours imports what stands in the face, and not at its home."""
    return any(
        isinstance(node, ast.ImportFrom)
        and node.module == face.__name__
        and {alias.name for alias in node.names} & {*face.__all__, "__version__"}
        for node in ast.walk(ast.parse(source))
    )


def test_no_module_of_ours_comes_through_the_face():
    assert comes_through_the_face("def f():\n    from pytest_rdsfailover import Trial")
    inner = [path for path in PACKAGE.rglob("*.py") if comes_through_the_face(path.read_text())]
    assert inner == []


def test_the_face_alone_imports_nothing_of_ours_and_nothing_heavy():
    code = (
        "import sys; before = set(sys.modules); import pytest_rdsfailover;"
        "dir(pytest_rdsfailover), pytest_rdsfailover.__all__;"
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    )
    found = {name.split(".")[0] for name in done.stdout.split()}
    assert found - sys.stdlib_module_names == {"pytest_rdsfailover"}
    assert "pytest_rdsfailover." not in done.stdout
    assert not found & {"asyncio", "dataclasses", "inspect", "socket", "ssl", "unittest"}


@pytest.mark.parametrize("name", sorted(set(face.__all__) - {"ProxyChanges"}))  # as ProxySettings
def test_each_field_of_a_public_class_is_on_the_page(name):
    kind = api.Source(face._HOME[name], name)
    annotated = {
        node.target.id
        for source in kind.family
        for node in source.node.body
        if isinstance(node, ast.AnnAssign) and not node.target.id.startswith("_")
    }
    assert annotated - api.INNER - {field for field, _, _ in kind.fields()} == set()


def test_what_is_awaited_is_on_the_page():
    load = api.Source(face._HOME["AwaitedLoad"], "AwaitedLoad")
    assert "warm_up" in [node.name for node in load.functions()]
