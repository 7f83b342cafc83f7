"""scripts/mutants changes rules and nothing else, and asks the tests that are near."""

import ast
import sys
import time
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[1] / "scripts"
sys.path.insert(0, str(SCRIPTS))
from mutations import changed, count, difference, mutant, statements  # noqa: E402


def every(source):
    return {mutant("it", source, number).text for number in range(count(source))}


@pytest.mark.parametrize(
    ("source", "texts"),
    [
        ("return_ = a < b <= c", {"return_ = a <= b <= c", "return_ = a < b < c"}),
        ("x = a and b or c", {"x = (a and b) and c", "x = (a or b) or c"}),
        ("x = not a", {"x = a"}),
        ("x = a + b * 2", {"x = a - b * 2", "x = a + b / 2", "x = a + b * 3"}),
        ("x = True", {"x = False"}),
        ("x = any(a)", {"x = all(a)"}),
        ("x = [n for n in a if b]", {"x = [n for n in a if not b]"}),
        ("x = a if b else c", {"x = a if not b else c"}),
        ("a.close()", {"pass"}),
        ("x += y", {"pass"}),
        ("raise Error", {"pass"}),
    ],
)
def test_each_rule_is_changed_one_at_a_time(source, texts):
    assert every(source) == {f"{source} -> {text}" for text in texts}


def test_branches_loops_and_answers_are_changed():
    source = "def f(a):\n    while a:\n        if a:\n            break\n    return a"

    assert every(source) == {
        "while a: -> while not a:", "if a: -> if not a:", "break -> continue",
        "return a -> return None",
    }  # fmt: skip


@pytest.mark.parametrize(
    "source",
    [
        "LIMIT = 5", "LIMIT: float = 5 * 2", "Either = int | str", "@cache(5)\ndef f(): ...",
        "def f(a: 5 + 3) -> 1 < 2: ...", "def __repr__(self):\n    return a + b",
        "if TYPE_CHECKING:\n    import x", "x = 'text'", "def f():\n    return None",
        "class Options(TypedDict, total=False):\n    ...", "def f():\n    __tracebackhide__ = True",
        "x = zip(a, b, strict=True)",
    ],
)  # fmt: skip
def test_settings_types_and_texts_are_left_alone(source):
    assert every(source) == set()


def test_a_changed_source_is_python_and_differs_in_one_place():
    source = (SCRIPTS / "mutations.py").read_text()
    for number in range(count(source)):
        text = changed(source, number)
        ast.parse(text)
        assert text != ast.unparse(ast.parse(source))
    with pytest.raises(ValueError, match="no change"):
        changed(source, count(source))


def test_an_equivalent_mutant_has_a_reason_and_is_still_one():
    package = SCRIPTS.parent / "pytest_rdsfailover"
    lines = (SCRIPTS / "equivalent_mutants.txt").read_text().splitlines()
    split = [line.partition("  # ") for line in lines]
    for module in {line.partition(".py: ")[0] for line in lines}:
        start = f"{module}.py: "
        gone = {known.removeprefix(start) for known, _, _ in split if known.startswith(start)}
        for change in changes_of_lines((package / f"{module}.py").read_text(), frozenset(gone)):
            gone.discard(change)
            if not gone:
                break
        assert gone == set()
    assert all(reason for _, _, reason in split)


def changes_of_lines(source, listed):
    """Yield the changes of all statements that have a line of which a change is listed."""
    lines = {change.partition(" -> ")[0] for change in listed}
    for statement, there in statements(source):
        flat = " ".join(line.strip() for line in statement.splitlines())
        if any(line in flat for line in lines):
            yield from (difference(statement, number) for number in range(there))


@pytest.fixture
def tried(tmp_path, monkeypatch):
    """Return what tells whether a test of this text passes in a copy, within a second."""
    loader = SourceFileLoader("mutants", str(SCRIPTS / "mutants"))
    mutants = module_from_spec(spec_from_loader(loader.name, loader))
    loader.exec_module(mutants)
    monkeypatch.setattr(mutants, "MEMORY", 512 << 20)
    source = tmp_path / "source"
    source.mkdir()

    def passes(text, within):
        (source / "test_it.py").write_text(text)
        return mutants.Copy(source).passes(["-p", "no:rdsfailover", "test_it.py"], within)

    return passes


@pytest.mark.parametrize(
    "text",
    ["def test_it():\n    while True: pass", "def test_it():\n    import time; time.sleep(60)",
     "def test_it():\n    bytearray(1 << 30)"],
    ids=["loops", "waits", "eats memory"],
)  # fmt: skip
def test_what_loops_waits_or_eats_all_memory_is_ended_and_noticed(tried, text):
    began = time.monotonic()
    assert not tried(text, 3.0)
    assert time.monotonic() - began < 30.0


def test_what_passes_is_not_noticed(tried):
    assert tried("def test_it(): pass", 60.0)
