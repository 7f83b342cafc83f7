"""Sessions of pytest that run quick trials in a process of their own."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

import marked

INI = """
[pytest]
rds_warmup = 250ms
rds_cooldown = 50ms
rds_writers = 4
rds_rate = 200
rds_bound = 20s
rds_calm_not_issued = 100%
rds_toxiproxy = builtin
"""
WITHOUT_API = "import sys\nsys.modules['boto3'] = None\n"  # its process takes seconds to start


@contextlib.contextmanager
def session(folder: Path, tests: str, *, api: bool = False) -> Iterator[marked.Marked]:
    """Run the tests in a new folder, for the block."""
    folder.mkdir()
    (folder / "pytest.ini").write_text(INI)
    (folder / "test_it.py").write_text(tests)
    with marked.run_directories() as place:
        conftest = marked.PLACE.format(base=str(place)) + ("" if api else WITHOUT_API)
        (folder / "conftest.py").write_text(conftest)
        argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rds-seed=1"]
        with marked.Marked(argv, place, folder) as run:
            yield run
