"""The load code that travels, and PyMySQL, as a package for AWS Lambda.

The same input makes the same bytes: names are sorted, times and modes are fixed, and nothing is
compressed, because programs that compress differ. Nothing in it depends on a system.
"""

import ast
import importlib.metadata
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

from pytest_rdsfailover.load import function
from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.model.files import write_bytes

OURS, DRIVER = "pytest_rdsfailover", "pymysql"
HOME = Path(__file__).parents[2]
ENTRY = "rdsfailover_load"  # the module that a function's configuration names
HANDLER = f"{ENTRY}.handler"
CODE = (
    f'"""The load function of pytest-rdsfailover."""\n\nfrom {function.__name__} import handler\n'
)
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can say
UNIX, MODE = 3, 0o100644


def build(path: Path) -> int:
    """Write the package to a file; return its size in bytes.

    Raises:
        FileWriteError: if it cannot be written.
        SettingError: if its name says that it is something else.
    """
    if path.suffix != ".zip":
        raise SettingError(f"{path}: a package of Lambda is a .zip")
    data = packed()
    write_bytes(path, data)
    return len(data)


def packed() -> bytes:
    """Return the package."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in sorted(contents().items()):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.create_system, entry.external_attr = UNIX, MODE << 16
            archive.writestr(entry, data)
    return buffer.getvalue()


def contents() -> dict[str, bytes]:
    """Return the content of each file by its name in the package."""
    ours = {_name(module): _file(module).read_bytes() for module in reached(function.__name__)}
    return ours | dict(_driver()) | {f"{ENTRY}.py": CODE.encode()}


def reached(module: str) -> set[str]:
    """Return a module of ours and all of ours that it needs, lazily imported ones too."""
    found, waiting = {OURS}, [module]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        waiting += [name.rpartition(".")[0], *_imported(name)]
    return found


def _imported(module: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(_file(module).read_bytes())):
        if isinstance(node, ast.ImportFrom) and f"{node.module}.".startswith(f"{OURS}."):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if _file(name).exists() else str(node.module) for name in names)


def _file(module: str) -> Path:
    path = HOME.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _name(module: str) -> str:
    return _file(module).relative_to(HOME).as_posix()


def _driver() -> Iterator[tuple[str, bytes]]:
    """Yield the driver's sources and licence, wherever it is installed."""
    for file in importlib.metadata.distribution(DRIVER).files or ():
        name = file.as_posix()
        if name.startswith(f"{DRIVER}/") and file.suffix == ".py":
            yield name, file.read_binary()
        elif file.name.startswith("LICENSE"):
            yield f"{DRIVER}/LICENSE", file.read_binary()
