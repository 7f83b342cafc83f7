"""The local Lambda, the package that runs in it, and the merge of what a fleet reports."""

import json
import random
import resource
import statistics
import sys
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

pytest.importorskip("awslambdaric")
sys.path.append(str(Path(__file__).parents[1] / "local"))

import handlers

from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.journal.parcel import LENGTH, pack, unpack
from pytest_rdsfailover.load import package
from pytest_rdsfailover.load.alignment import aligned
from pytest_rdsfailover.local.functions.service import LambdaService
from pytest_rdsfailover.model.records import Outcome

pytestmark = pytest.mark.bench
COLD, WARM = 10, 500
FUNCTIONS, EACH = 100, 100_000
USUAL = {"runtime": "python3.13", "role": "", "timeout": 60}


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    made = LambdaService(tmp_path_factory.mktemp("lambda"), "us-east-1", {})
    yield made
    made.close()


def ms(seconds):
    return f"{seconds * 1000:.1f} ms"


def test_an_invocation_and_a_cold_start(table, service):
    code = package.packed()
    table.add("package of the load function", f"{len(code) / 1e6:.2f} MB", aim="≤ 1.5 MB")
    for name, packed, handler in (
        ("the load function", code, package.HANDLER),
        ("a function of 40 lines", handlers.package(), handlers.HANDLER),
    ):
        event = b'{"warm": 0.0}' if handler == package.HANDLER else b"{}"
        service.create("f", packed, handler=handler, **USUAL)
        cold = []
        for number in range(COLD):
            service.change("f", variables={"N": str(number)})
            cold.append(took(lambda event=event: service.invoke("f", event)))
        warm = [took(lambda event=event: service.invoke("f", event)) for _ in range(WARM)]
        service.delete("f")
        table.add(
            f"{name}, invoked cold / again",
            f"{ms(statistics.median(cold))} / {ms(statistics.median(warm))} (median of {COLD} / {WARM})",
        )


def test_invocations_by_several_callers(table, service):
    service.create("f", handlers.package(), handler=handlers.HANDLER, **USUAL)
    for callers in (1, 8):
        with ThreadPoolExecutor(callers) as pool:
            begun = time.monotonic()
            list(pool.map(lambda _: service.invoke("f", b"{}"), range(WARM)))
            rate = WARM / (time.monotonic() - begun)
        table.add(f"invocations per second, {callers} at once", f"{rate:,.0f}/s")
    service.delete("f")


def test_the_clock_of_a_function(table, server):
    _, endpoint = server
    errors = [aligned(endpoint).error for _ in range(20)]
    table.add(
        "alignment of a clock by 20 round trips: error",
        f"{statistics.median(errors) / 1000:.0f} µs (up to {max(errors) / 1000:.0f} µs)",
    )


def test_the_merge_of_ten_million_records(table):
    size, parcels = fleet_s()
    journal = Journal("run", FUNCTIONS)
    begun = time.monotonic()
    for number, parcel in enumerate(parcels):
        unpack(parcel, [journal.writers[number]], shift=12345, span=(0, 1 << 60))
    taken = time.monotonic() - begun
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    assert len(journal) == FUNCTIONS * EACH
    table.add(
        "10 million records of 100 functions, merged",
        f"{taken:.1f} s, {most:,.0f} MB of memory, {size / EACH:.1f} bytes a record",
        aim="≤ 60 s, ≤ 1,000 MB",
    )


def took(work):
    begun = time.monotonic()
    work()
    return time.monotonic() - begun


def fleet_s():
    """Return the size of one function's parcel, and those of all: of the same times."""
    chance, written = random.Random(1), Journal("run", 1)
    for number in range(EACH):
        intended = number * 1_000_000
        started = intended + 50_000 + int(chance.expovariate(1) * 30_000)
        finished = started + 600_000 + int(chance.expovariate(1) * 200_000)
        written.writers[0].record((intended, started, finished), Outcome.ACKED, None, "instance-1")
    plain = zlib.decompress(pack(written.writers))
    (size,) = LENGTH.unpack(plain[: LENGTH.size])
    header, columns = plain[LENGTH.size : LENGTH.size + size], plain[LENGTH.size + size :]
    parcels = []
    for number in range(FUNCTIONS):
        told = json.loads(header)
        told["parts"][0]["writer"] = number
        head = json.dumps(told).encode()
        parcels.append(zlib.compress(LENGTH.pack(len(head)) + head + columns))
    return len(parcels[0]), parcels
