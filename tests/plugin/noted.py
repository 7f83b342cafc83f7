"""A project whose tests note trials of known figures: what is shown of them is the same."""

from pathlib import Path

UNIT = Path(__file__).parents[1] / "unit"
CONFTEST = f"""
import sys
sys.path.append({str(UNIT)!r})

import pytest
from populations import document
from pytest_rdsfailover.plugin.fixtures import run_of

@pytest.fixture
def rds_note(request):
    def note(downtime, **changes):
        made = document(downtime) | {{"test": request.node.nodeid, "scenario": request.node.name}}
        where = {{
            "mode": "local", "versions": {{}}, "worker": "",
            "parts": {{"server": "MariaDB 11 (/a/path/that/is/quite/long/" + "x/" * 40 + "mysqld)"}},
            "load": {{"rate": 200.0, "writers": 4}},
        }}
        run_of(request.config).note(request.node, made | changes, ["a timeline"], where)
    return note
"""
