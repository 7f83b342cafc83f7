"""The judge: how often its ends hold the truth, how wide they are, and false alarms.

No journal here is one of the unit suite's: seeds begin at a million, or at `RDS_BENCH_SEED`.
"""

import math
import os
import random

import pytest
from ordeals import play
from shapes import SHAPES
from truths import COUNTS, FIGURES, SHARES, cover

from pytest_rdsfailover.analysis.absence import absences

pytestmark = pytest.mark.bench
JOURNALS = int(os.environ.get("RDS_BENCH_JOURNALS", "500"))  # of each shape
FIRST = int(os.environ.get("RDS_BENCH_SEED", "1000000"))
ENOUGH = 0.995
FEWEST = 2000  # journals, of which a share so near to one can be asked for
TRIALS = 1000  # without a fault


@pytest.mark.parametrize("shape", SHAPES)
def test_coverage(shape, table):
    found = cover(shape, range(FIRST, FIRST + JOURNALS))
    for name in FIGURES:
        each = found[name]
        if not each.widths:  # nothing is after a failover that nobody triggered
            continue
        unit = "" if name in COUNTS else " %" if name in SHARES else " ms"
        wide = "open" if math.isinf(each.width) else f"{each.width:.3g}{unit}"
        table.add(
            f"truth within the ends of `{name}`, {shape}",
            f"{each.inside:,} of {JOURNALS:,} ({each.share:.2%}); median width {wide}",
            aim=f"≥ {ENOUGH:.1%}",
        )
        if each.outside:
            print(shape, name, "outside:", each.outside[:20])
        assert each.share >= (ENOUGH if JOURNALS >= FEWEST else 0.98)


def test_false_alarms(table):
    """Nothing happens, and nothing may be said to have."""
    alarms = doubts = 0
    for seed in range(FIRST, FIRST + TRIALS):
        chance = random.Random(f"quiet {seed}")
        series, course, _ = play(SHAPES["quiet"](chance), chance)
        ends = absences(series, course).ends
        alarms += any(each.lower > 0 for each in (ends.downtime, ends.outages, ends.last_back))
        doubts += ends.outages.upper > 0
    table.add(
        "false alarms in trials without a fault; those that leave a doubt",
        f"{alarms} of {TRIALS:,}; {doubts}",
        aim="0",
    )
    assert alarms == 0
