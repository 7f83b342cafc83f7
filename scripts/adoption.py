#!/usr/bin/env python3
"""Prints what it costs to take this package up, as Markdown, for docs/figures.md.

From an empty directory to the first own green test: environment, installation of the wheel, a test
with a failover of the default profile; the best of three. What each set of extras brings. How long
the site takes to build, and each example's tests to run. Needs an index of packages, a server on
PATH, and the extras `dev` for what it builds. It takes some minutes.

    usage: scripts/adoption.py [first|sizes|site|examples ...]
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RUNS = 3
BOUND = 600  # seconds for any one command
EXTRAS = ("", "aws", "all")


def run(*command: object, cwd: Path = ROOT) -> str:
    """Run a command and return what it printed."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd, check=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=BOUND,
    )  # fmt: skip
    return done.stdout


def seconds(action: Callable[[], object]) -> float:
    """Return how long something took."""
    begun = time.monotonic()
    action()
    return time.monotonic() - begun


def wheel(folder: Path) -> Path:
    """Build the wheel; return it."""
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder)
    return next(folder.glob("*.whl"))


def environment(folder: Path, what: str) -> Path:
    """Install something into a new environment; return the folder of its programs."""
    run(sys.executable, "-m", "venv", folder)
    run(folder / "bin" / "pip", "install", "-q", "--disable-pip-version-check", what)
    return folder / "bin"


def first_test(folder: Path, built: Path) -> None:
    """Do what a newcomer does first."""
    programs = environment(folder / ".venv", str(built))
    quickstart = ROOT / "examples" / "quickstart" / "test_quickstart.py"
    (folder / "test_mine.py").write_text(quickstart.read_text().replace("< 2s", "< 20s"))
    run(programs / "pytest", "-q", cwd=folder)


def first(folder: Path, built: Path) -> Iterator[str]:
    """Yield the time to the first own green test."""
    taken = []
    for number in range(RUNS):
        place = folder / f"first-{number}"
        place.mkdir()
        taken.append(seconds(lambda place=place: first_test(place, built)))
    said = ", ".join(f"{seconds_taken:.1f}" for seconds_taken in sorted(taken))
    yield f"| empty directory to the first own green test | {min(taken):.1f} s, the best of {said} |"


def sizes(folder: Path, built: Path) -> Iterator[str]:
    """Yield how many packages an installation has, and how large it is."""
    for extra in EXTRAS:
        named = f"{built}[{extra}]" if extra else str(built)
        place = folder / f"size-{extra}"
        programs = environment(place, named)
        packages = run(programs / "pip", "list", "--format=freeze", "--exclude=pip").splitlines()
        others = [line for line in packages if not line.startswith(("setuptools", "pytest-rds"))]
        held = [path for path in (place / "lib").rglob("*") if path.is_file()]
        size = sum(path.stat().st_size for path in held if not _is_pip(path)) / 1e6
        yield f"| `{extra or 'bare'}` | {len(others)} packages beside ours, {size:.0f} MB with ours |"


def _is_pip(path: Path) -> bool:
    return any(part.startswith(("pip", "setuptools")) for part in path.parts)


def site(folder: Path, _: Path) -> Iterator[str]:
    """Yield how long the documents take to build."""
    command = (sys.executable, "-m", "sphinx", "-q", "-W", ROOT / "docs", folder / "site")
    yield f"| the site of docs/, warnings as errors | {seconds(lambda: run(*command)):.1f} s |"


def examples(_: Path, __: Path) -> Iterator[str]:
    """Yield how long the tests of each example take, where they are written for pytest."""
    for place in sorted((ROOT / "examples").iterdir()):
        if any(place.rglob("test_*.py")):
            yield f"| `examples/{place.name}` | {_of_example(place)} |"


def _of_example(place: Path) -> str:
    command = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", ".")
    begun = time.monotonic()
    try:
        run(*command, cwd=place)
    except subprocess.CalledProcessError as error:
        last = error.stdout.strip().splitlines()[-1]
        return f"{time.monotonic() - begun:.1f} s, but: {last}"
    except subprocess.TimeoutExpired:
        return f"more than {BOUND} s"
    return f"{time.monotonic() - begun:.1f} s"


PARTS = {"first": first, "sizes": sizes, "site": site, "examples": examples}


def main(asked: Sequence[str]) -> None:
    """Print the rows of the parts that are asked for, or of all."""
    with tempfile.TemporaryDirectory(prefix="adoption-") as made:
        folder = Path(made)
        built = wheel(folder)
        for part in asked or PARTS:
            for line in PARTS[part](folder, built):
                print(line, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
