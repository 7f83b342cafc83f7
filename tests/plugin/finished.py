"""A whole project run once, whose outputs many tests look at."""

import json
import os
import pickle
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock
from fitness import fit, unfit_line

QUICK = """
[pytest]
rds_warmup = 250ms
rds_cooldown = 50ms
rds_spacing = 50ms
rds_writers = 4
rds_rate = 100
rds_calm_not_issued = 100%
"""
# Every trial has a figure, however busy this machine is: what is reported is tested here.
ALWAYS_FIT = "from pytest_rdsfailover.analysis import reliability\nreliability.MOST_OWN = 1e9\n"
# Without the AWS API, as where the extra is not installed: it takes seconds to start.
CONFTEST = f"import sys\nsys.modules['boto3'] = None\n{ALWAYS_FIT}"
TESTS = """
import os, time, pytest

@pytest.mark.rds_trials(2)
@pytest.mark.parametrize("endpoint", ["cluster", "again"])
def test_failover(rds_trials, rds_cluster, endpoint):
    trials = rds_trials(rds_cluster.writer_endpoint)
    if endpoint == "cluster" and "PYTEST_XDIST_WORKER" in os.environ:
        time.sleep(3)  # the first test is the last to finish
    assert len(trials) == 2
    trials.expect(downtime="< 5s", lost=0)

def test_broken(rds_trials, rds_cluster):
    rds_trials(rds_cluster.writer_endpoint, trials=4).expect(downtime="< 60ms")

@pytest.mark.parametrize("n", range(2))
def test_single(rds_trial, rds_cluster, n):
    trial = rds_trial(rds_cluster.writer_endpoint)
    assert trial.downtime < 5
    assert trial.lost == []
    assert n == 0, "</script><b>said by a test"
"""
ORDER = [
    *["test_failover[cluster]"] * 2, *["test_failover[again]"] * 2, *["test_broken"] * 4,
    "test_single[0]", "test_single[1]",
]  # fmt: skip
SEED = 7
DATA = re.compile(r'<script type="application/json" id="data">(.*?)</script>', re.DOTALL)
PATIENCE = 120


@dataclass(frozen=True)
class Finished:
    """What a run printed, and where it wrote everything else."""

    result: pytest.RunResult
    place: Path

    @property
    def text(self):
        return self.result.stdout.str()

    @property
    def document(self):
        return json.loads((self.place / "result.json").read_text())

    @property
    def names(self):
        return [trial["test"].partition("::")[2] for trial in self.document["trials"]]

    @property
    def entries(self):
        return page_entries(self.place / "page" / "index.html")


def page_entries(page):
    """Return the trials of an HTML page."""
    return json.loads(DATA.search(page.read_text())[1])["entries"]


class Project:
    """A folder with tests; every run of it writes all that can be written.

    Args:
        path: the folder.
        tests: what is written into it; None if all is there already.
    """

    def __init__(self, path, tests=TESTS):
        self.path = path
        if tests is None:
            return
        (path / "pytest.ini").write_text(f"{QUICK}rds_toxiproxy = builtin\n")
        (path / "conftest.py").write_text(CONFTEST)
        (path / "test_it.py").write_text(tests)

    @classmethod
    def shared(cls, request, factory, name, tests=TESTS):
        """Return a project that all workers of this run share, so that its runs are taken once."""
        base = factory.getbasetemp()
        path = (base.parent if hasattr(request.config, "workerinput") else base) / name
        with lock(path):
            if path.exists():
                return cls(path, None)
            path.mkdir()
            return cls(path, tests)

    def once(self, name, *options):
        """Run it, unless another worker has done so; return what came of it."""
        kept = self.path / f"{name}.kept"
        with lock(self.path):
            if not kept.exists():
                kept.write_bytes(pickle.dumps(told(self.run(name, *options).result)))
            return Finished(pytest.RunResult(*pickle.loads(kept.read_bytes())), self.path / name)

    def run(self, name, *options):
        """Run it with the outputs in a folder of that name."""
        outputs = (
            f"--rds-report={name}/page", f"--rds-journal={name}/journals",
            f"--rds-json={name}/result.json", f"--rds-markdown={name}/page.md",
            f"--junit-xml={name}/junit.xml",
        )  # fmt: skip
        arguments = (f"--rds-seed={SEED}", *outputs, *options)
        return Finished(fit(lambda: self._anew(name, *arguments), unfit_line), self.path / name)

    def _anew(self, name, *arguments):
        """Run pytest here, without the outputs of a run that is taken again."""
        shutil.rmtree(self.path / name, ignore_errors=True)
        return self.pytest(*arguments)

    def pytest(self, *arguments, **environ):
        """Run pytest here and return its result."""
        started = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *arguments],
            cwd=self.path, env=clean() | few_plugins(arguments) | environ, text=True,
            timeout=PATIENCE, capture_output=True, check=False,
        )  # fmt: skip
        return pytest.RunResult(
            done.returncode,
            done.stdout.splitlines(),
            done.stderr.splitlines(),
            time.monotonic() - started,
        )


def lock(path):
    """Return the lock of a folder, which keeps workers from running tests in it at the same time."""
    return FileLock(f"{path}.lock", timeout=5 * PATIENCE)


def told(result):
    """Return what makes a `pytest.RunResult` again."""
    return result.ret, result.outlines, result.errlines, result.duration


def few_plugins(arguments):
    """Return the variables for a run with our plugin and, where it is wanted, pytest-xdist.

    To import all plugins that are here takes each process longer than pytest; `test_plays_well.py`
    has them all.
    """
    workers = "" if "no:xdist" in arguments else " -p xdist"
    return {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": f"-p rdsfailover{workers}"}


def clean():
    """Return the environment without what would decide how a project is run."""
    decides = ("RDS_", "PYTEST_", "COV_")
    return {name: value for name, value in os.environ.items() if not name.startswith(decides)}
