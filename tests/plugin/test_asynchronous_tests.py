"""Asynchronous tests of a project, under the plugins that run them, with an engine of their loop."""

import json
import shutil
from pathlib import Path

import pytest
from finished import ALWAYS_FIT
from fitness import fit, unfit_line

pytest.importorskip("greenlet", reason="SQLAlchemy's asyncio needs it")
EXAMPLE = Path(__file__).parents[2] / "examples" / "asynchronous"
TEST = """
import pytest
from orders import Orders

@pytest.fixture
def anyio_backend():
    return "asyncio"

@pytest.mark.MARK
async def test_awaited(rds_trial, rds_trials, rds_cluster):
    orders = Orders(rds_cluster.writer_endpoint.url("mysql+aiomysql"))
    await orders.create()
    options = {"workload": orders.place, "stored": orders.all_references, "rate": 100}
    trial = await rds_trial.run(rds_cluster.writer_endpoint, **options)
    trial.expect(lost=0, duplicated=0)
    trials = await rds_trials.run(rds_cluster.writer_endpoint, trials=2, **options)
    assert len(trials) == 2
    await orders.close()
"""
BLOCKING = """
import pytest, sqlalchemy
from sqlalchemy.ext.asyncio import create_async_engine

@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_blocking(rds_trial, rds_cluster):
    # With one idle connection nearly each writer gets that of another one's loop.
    url = rds_cluster.writer_endpoint.url("mysql+aiomysql")
    engine = create_async_engine(url, pool_size=1, max_overflow=8)

    async def place(key):
        async with engine.begin() as connection:
            await connection.execute(sqlalchemy.text("SELECT :key"), {"key": key})

    await place("first")
    rds_trial(rds_cluster.writer_endpoint, workload=place, loops="per writer")
"""


def test_an_engine_of_the_test_s_loop_works_in_the_trials_that_it_awaits(project):
    """Under either plugin; the example, which is for one of them, is with them."""
    pytest.importorskip("pytest_asyncio")
    pytest.importorskip("anyio")
    project.makeconftest(ALWAYS_FIT)
    shutil.copytree(EXAMPLE, project.path / "asynchronous")
    for name in ("asyncio", "anyio"):
        (project.path / "asynchronous" / f"test_{name}.py").write_text(TEST.replace("MARK", name))

    arguments = ("-p", "asyncio", "-p", "anyio", "--rds-json=out.json", "asynchronous")
    result = fit(lambda: project.runpytest_subprocess(*arguments), unfit_line)

    result.assert_outcomes(passed=4)
    trials = json.loads((project.path / "out.json").read_text())["trials"]
    assert [trial["valid"] for trial in trials] == [True] * (2 * 3 + 2)
    said = [each["text"] for trial in trials for each in trial.get("complaints", ())]
    assert not [text for text in said if "loop" in text]


def test_an_engine_that_is_shared_across_loops_is_named(project):
    pytest.importorskip("anyio")
    project.makepyfile(test_them=BLOCKING)

    outputs = ("--rds-json=out.json", "--rds-markdown=out.md")
    result = project.runpytest_subprocess("-p", "anyio", *outputs)

    result.assert_outcomes(failed=1)
    text = " ".join(result.stdout.str().split())
    assert "a client is shared across event loops" in text
    (trial,) = json.loads((project.path / "out.json").read_text())["trials"]
    assert not trial["valid"]
    assert [each for each in trial["complaints"] if "await rds_trial.run" in each.get("remedy", "")]
    assert "## Complaints" in (project.path / "out.md").read_text()
