"""Imports point down, each third-party library has one owner, unit tests mirror the package."""

import ast
import collections
import graphlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

PACKAGE = "pytest_rdsfailover"
ROOT = Path(__file__).parents[1] / PACKAGE

# The order of what stands in a folder, bottom to top, for the package itself and for folders in it.
# A line may import only lines above it; names on one line may not import each other.
LAYERS = {
    "": [
        "model",
        "journal mysql aws",
        "analysis load local live",
        "trial report",
        "plugin cli",
    ],
    "local": [
        "processes",
        "toxiproxy gateway",
        "listeners",
        "green_environment server network profiles rds_proxy functions",
        "dns gateway_process aws_api endpoints",
        "trigger database_faults",
        "failovers",
        "blue_green",
        "target",
        "cluster",
        "backend",
        "standing",
    ],
}
OWNERS = {
    "pymysql": {"mysql/driver"},
    "toxiproxy": {"local/toxiproxy/client"},
    "requests": {"local/toxiproxy/transport"},
    "urllib3": {"load/http"},
    "dns": {"local/dns/responder"},
    "filelock": {
        "local/processes/ports",
        "local/server/template",
        "local/standing/registry",
        "live/ledger",
    },
    "cryptography": {"local/gateway/tls"},
    "boto3": {"aws/client", "live/region"},
    "botocore": {"aws/client", "live/region", "local/aws_api/main"},
    "moto": {
        f"local/aws_api/{name}"
        for name in [
            "main",
            "region",
            "alarms",
            "calls",
            "environments",
            "rds_deployments",
            "global_databases",
            "rds",
            "fis",
            "proxy_calls",
            "resources",
            "secrets",
            "metrics",
        ]
    },
    "werkzeug": {"local/aws_api/main"},
    "pytest": {"plugin"},
    "pydantic": set(),
}


def imported(source: str) -> Iterator[str]:
    """Yield every module that a source names in an import, lazy and type-checking ones too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide which layer they cross"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def sources(root: Path) -> dict[str, str]:
    """Return the source of each module by its path below the package, without a suffix."""
    found = {}
    for path in sorted(root.rglob("*.py")):
        name = path.relative_to(root).with_suffix("").as_posix().removesuffix("__init__")
        found[name.removesuffix("/")] = path.read_text()
    return found


def graph(modules: Mapping[str, str]) -> dict[str, set[str]]:
    """Return for each module the ones of ours that it imports."""
    found = {}
    for module, source in modules.items():
        inside = [name for name in imported(source) if name.split(".")[0] == PACKAGE]
        targets = {named(name.replace(".", "/").partition("/")[2], modules) for name in inside}
        found[module] = targets - {module, ""}
    return found


def named(target: str, modules: Iterable[str]) -> str:
    """Return the module that an import names: `a/b` for `from a.b import c`; empty if none."""
    fitting = (name for name in modules if f"{target}/".startswith(f"{name}/"))
    return max(fitting, key=len, default="")


def parted(module: str, target: str) -> tuple[str, str, str]:
    """Return the innermost folder that two modules share, and their places in it."""
    folder = ""
    here, there = module.split("/"), target.split("/")
    while len(here) > 1 and len(there) > 1 and here[0] == there[0]:
        folder = f"{folder}/{here[0]}".removeprefix("/")
        here, there = here[1:], there[1:]
    return folder, here[0], there[0]


def violations(root: Path, layers: Mapping[str, Sequence[str]]) -> list[str]:
    """Return every import that points up, across, in a circle, or to a library of another owner."""
    modules = sources(root)
    arrows = graph(modules)
    found = strangers(modules)
    levels = {
        folder: {name: level for level, line in enumerate(lines) for name in line.split()}
        for folder, lines in layers.items()
    }
    for module, target in sorted((one, other) for one in arrows for other in arrows[one]):
        folder, here, there = parted(module, target)
        order = levels.get(folder)
        if order is None or here == there or not module:
            continue
        if here not in order or there not in order:
            found.append(f"{module} or {target} stands in no layer of {folder or 'the package'}")
        elif order[there] >= order[here]:
            found.append(f"{module} imports {target}, which is not below it")
    return found + circles(arrows)


def strangers(modules: Mapping[str, str]) -> list[str]:
    """Return every import of a library by somebody who does not own it."""
    return [
        f"{module} imports {library}, which belongs to {', '.join(sorted(OWNERS[library])) or 'nobody'}"
        for module, source in modules.items()
        for library in {name.split(".")[0] for name in imported(source)} & OWNERS.keys()
        if not any(f"{module}/".startswith(f"{owner}/") for owner in OWNERS[library])
    ]


def circles(arrows: Mapping[str, set[str]]) -> list[str]:
    """Return the first import circle among the modules, if there is one."""
    # A module of a package imports the package's own __init__, which says nothing about its order.
    graph = {
        module: {target for target in targets if not f"{module}/".startswith(f"{target}/")}
        for module, targets in arrows.items()
    }
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return [f"import circle: {' -> '.join(error.args[1])}"]
    return []


def rooms(root: Path) -> tuple[set[str], set[tuple[str, str]]]:
    """Return the rooms, which are what stands directly in the package, and the arrows between them."""
    arrows = graph(sources(root))
    top = {module.split("/")[0] for module in arrows if module}
    pairs = {
        (one.split("/")[0], other.split("/")[0]) for one in arrows for other in arrows[one] if one
    }
    return top, {(one, other) for one, other in pairs if one != other}


def test_imports_point_down_and_libraries_have_one_owner():
    assert violations(ROOT, LAYERS) == []


def test_every_room_and_every_part_of_an_ordered_one_stands_in_its_order():
    modules = sources(ROOT)
    for folder, lines in LAYERS.items():
        inside = [name.removeprefix(folder).strip("/") for name in within(folder, modules)]
        assert set(" ".join(lines).split()) == {name.split("/")[0] for name in inside}, folder


def within(folder: str, modules: Iterable[str]) -> Iterator[str]:
    """Yield the modules that stand below a folder."""
    return (
        name
        for name in modules
        if name and f"{name}/".startswith(f"{folder}/" * bool(folder)) and name != folder
    )


PLANTED = {"": ["low", "left right", "high"], "high": ["ground", "attic"]}


@pytest.mark.parametrize(
    ("name", "source", "complaint"),
    [
        ("low/one.py", "from pytest_rdsfailover.high import ground", "not below it"),
        ("left.py", "from pytest_rdsfailover.right import name", "not below it"),
        ("low/one.py", "def f():\n    import pytest_rdsfailover.left", "not below it"),
        (
            "left.py",
            "if TYPE_CHECKING:\n    from pytest_rdsfailover.high import ground",
            "not below",
        ),
        ("high/ground.py", "from pytest_rdsfailover.high.attic import roof", "not below it"),
        ("high/cellar.py", "from pytest_rdsfailover.high import ground", "no layer"),
        ("elsewhere.py", "from pytest_rdsfailover.low import one", "no layer"),
        ("left.py", "import pymysql", "belongs to"),
        ("left.py", "import pydantic", "belongs to nobody"),
        ("high/attic/roof.py", "import boto3.session", "belongs to"),
    ],
)
def test_a_planted_violation_is_found(tmp_path, name, source, complaint):
    files = dict.fromkeys(
        ("low/one.py", "left.py", "right.py", "high/ground.py", "high/attic/roof.py"), ""
    )
    for path, text in {**files, name: source}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)

    [found] = violations(tmp_path, PLANTED)
    assert complaint in found


def test_a_planted_circle_is_found(tmp_path):
    (tmp_path / "rail").mkdir()
    (tmp_path / "rail" / "packets.py").write_text("from pytest_rdsfailover.rail import handshake")
    (tmp_path / "rail" / "handshake.py").write_text("from pytest_rdsfailover.rail import packets")

    [found] = violations(tmp_path, {"": ["rail"]})
    assert "circle" in found


TESTS = Path(__file__).parent


def strangers_to(package: Path, tests: Path) -> list[str]:
    """Return the folders of unit tests that mirror none of the package."""
    folders = {path.parent.relative_to(tests).as_posix() for path in tests.rglob("*.py")}
    return sorted(folder for folder in folders if not (package / folder).is_dir())


def namesakes(tests: Path) -> list[str]:
    """Return the names that several test modules have; pytest imports one of them only."""
    names = collections.Counter(path.name for path in tests.rglob("test_*.py"))
    return sorted(name for name, count in names.items() if count > 1)


def test_the_unit_tests_mirror_the_package():
    assert strangers_to(ROOT, TESTS / "unit") == []


def test_no_two_test_modules_have_one_name():
    assert namesakes(TESTS) == []


def test_planted_folders_and_names_are_found(tmp_path):
    for path in ("low/test_one.py", "gone/test_two.py", "low/deep/test_two.py", "builders.py"):
        (tmp_path / "unit" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "unit" / path).touch()
    (tmp_path / "package" / "low").mkdir(parents=True)

    assert strangers_to(tmp_path / "package", tmp_path / "unit") == ["gone", "low/deep"]
    assert namesakes(tmp_path) == ["test_two.py"]


if __name__ == "__main__":
    places, ways = rooms(ROOT)
    print(f"{len(places)} rooms on {len(LAYERS[''])} floors, {len(ways)} arrows between them")
