"""Imports point down, and each third-party library has one owner."""

import ast
import graphlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

PACKAGE = "pytest_rdsfailover"
ROOT = Path(__file__).parents[1] / PACKAGE

# Bottom to top. A line may import only lines above it; names on one line may not import each other.
LAYERS = [
    "errors clock records",
    "live_settings",
    "settings",
    "legend",
    "columns",
    "journal endpoints wire",
    "target analysis driver toxiproxy",
    "report load gateway archive remote expectations",
    "checks remains",
    "claims baseline",
    "experiment local live",
    "extensions resumption calibrate observation",
    "laboratory options keep",
    "option_values",
    "repetition hooks hooked markers",
    "run",
    "progress tally album",
    "wiring",
    "fixtures commands",
    "plugin cli",
]
OWNERS = {
    "pymysql": {"driver.py"},
    "toxiproxy": {"toxiproxy/client.py"},
    "requests": {"toxiproxy/transport.py"},
    "filelock": {"local/ports.py", "local/template.py", "live/ledger.py"},
    "cryptography": {"gateway/tls.py"},
    "boto3": {"remote/aws.py", "live/aws.py"},
    "botocore": {"remote/aws.py", "live/aws.py"},
    "moto": {f"local/control/{name}.py" for name in ("region", "rds", "fis", "resources")},
    "werkzeug": {"local/control/process.py"},
    "pytest": {
        "options.py",
        "option_values.py",
        "wiring.py",
        "hooks.py",
        "hooked.py",
        "markers.py",
        "run.py",
        "progress.py",
        "tally.py",
        "album.py",
        "fixtures.py",
        "plugin.py",
    },
}
LEVEL = {name: level for level, line in enumerate(LAYERS) for name in line.split()}


def imported(source: str) -> Iterator[str]:
    """Yield every module that a source names in an import, lazy and type-checking ones too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide which layer they cross"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def violations(root: Path) -> list[str]:
    """Return every import that points up, across, in a circle, or to a library of another owner."""
    found = []
    inner: dict[str, set[str]] = {}
    for path in sorted(root.rglob("*.py")):
        name = path.relative_to(root).as_posix()
        here = name.split("/")[0].removesuffix(".py")
        module = f"{PACKAGE}." + name.removesuffix(".py").removesuffix("/__init__").replace(
            "/", "."
        )
        inner[module] = set()
        for target in imported(path.read_text()):
            top, *rest = target.split(".")
            if top in OWNERS and name not in OWNERS[top]:
                found.append(f"{name} imports {top}, which belongs to {OWNERS[top] or 'nobody'}")
            if top != PACKAGE or not rest or here == "__init__":
                continue
            if rest[0] == here:
                inner[module].add(target)
            elif here not in LEVEL or rest[0] not in LEVEL:
                found.append(f"{name} or {rest[0]} stands in no layer")
            elif LEVEL[rest[0]] >= LEVEL[here]:
                found.append(f"{name} imports {target}, which is not below it")
    return found + circles(inner)


def circles(inner: dict[str, set[str]]) -> list[str]:
    """Return the first import circle among the modules of one package, if there is one."""
    graph = {
        module: {named(target, inner) for target in targets} - {module, ""}
        for module, targets in inner.items()
    }
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return [f"import circle: {' -> '.join(error.args[1])}"]
    return []


def named(target: str, modules: Iterable[str]) -> str:
    """Return the module that an import names: `a.b` for `from a.b import c`; empty if none."""
    return max(
        (name for name in modules if f"{target}.".startswith(f"{name}.")), key=len, default=""
    )


def test_imports_point_down_and_libraries_have_one_owner():
    assert violations(ROOT) == []


@pytest.mark.parametrize(
    ("name", "source", "complaint"),
    [
        ("journal.py", "from pytest_rdsfailover.load import threads", "not below it"),
        ("journal.py", "from pytest_rdsfailover.endpoints import Endpoint", "not below it"),
        ("records.py", "def f():\n    import pytest_rdsfailover.driver", "not below it"),
        ("checks.py", "if TYPE_CHECKING:\n    from pytest_rdsfailover.run import Run", "not below"),
        ("report/html.py", "import pymysql", "belongs to"),
        ("wire/packets.py", "import pytest", "belongs to"),
        ("gateway/extra.py", "import boto3.session", "belongs to"),
        ("helpers.py", "from pytest_rdsfailover import clock", "no layer"),
    ],
)
def test_a_planted_violation_is_found(tmp_path, name, source, complaint):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(source)

    assert any(complaint in violation for violation in violations(tmp_path))


def test_a_planted_circle_is_found(tmp_path):
    (tmp_path / "wire").mkdir()
    (tmp_path / "wire" / "packets.py").write_text("from pytest_rdsfailover.wire import handshake")
    (tmp_path / "wire" / "handshake.py").write_text("from pytest_rdsfailover.wire import packets")

    assert any("circle" in violation for violation in violations(tmp_path))
