"""How fast other tools write the same statement, and at what price."""

import json
import re
import resource
import shutil
import subprocess
import time
from dataclasses import dataclass

import tools


@dataclass(frozen=True)
class Speed:
    """What a tool reached: writes per second, microseconds of its own CPU per write."""

    writes: float
    cpu: float

    def __str__(self) -> str:
        return f"{self.writes:,.0f}/s, {self.cpu:.0f} µs CPU a write"


def used() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime


def sysbench(endpoint, writers: int, seconds: int) -> Speed | None:
    """Return sysbench's speed with our statement; None if it is not here."""
    if not shutil.which("sysbench"):
        return None
    options = (f"--threads={writers}", f"--time={seconds}")
    with tools.table(endpoint), tools.sysbench_command(endpoint, *options) as command:
        before = used()
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
        cpu = used() - before
    total = int(re.search(r"total number of events:\s+(\d+)", done.stdout)[1])
    took = float(re.search(r"total time:\s+([\d.]+)s", done.stdout)[1])
    return Speed(total / took, cpu / total * 1e6)


def slap(endpoint, writers: int, seconds: int) -> Speed | None:
    """Return mariadb-slap's speed; None if it is not here."""
    program = shutil.which("mariadb-slap")
    if not program:
        return None
    count = 10_000 * seconds
    with tools.table(endpoint), tools.option_file(endpoint) as file:
        before, begun = used(), time.monotonic()
        subprocess.run(
            [
                program, f"--defaults-file={file}", f"--create-schema={endpoint.database}",
                "--no-drop", f"--concurrency={writers}", f"--number-of-queries={count}",
                f"--query=INSERT INTO {tools.TABLE} (writer, sequence) VALUES (1, 2)",
                "--delimiter=;",
            ],
            check=True, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        took, cpu = time.monotonic() - begun, used() - before
    return Speed(count / took, cpu / count * 1e6)


def locust(endpoint, writers: int, seconds: int) -> Speed | None:
    """Return Locust's speed with PyMySQL; None if it is not here."""
    if not shutil.which("locust"):
        return None
    with (
        tools.table(endpoint),
        tools.locust(endpoint, users=writers, seconds=seconds + 1) as process,
    ):
        output, errors = process.communicate(timeout=60)
    (found,) = json.loads(output)
    took = found["last_request_timestamp"] - found["start_time"]
    count = found["num_requests"]
    return Speed(count / took, float(errors.split()[-1]) / count * 1e6)
