"""A load of inserts on a real server, with its table."""

import contextlib
import dataclasses
import uuid

from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.load.inserts import InsertWorkload
from pytest_rdsfailover.load.writer import ReconnectPolicy
from pytest_rdsfailover.model.endpoints import Bounds

POLICY = ReconnectPolicy(bounds=Bounds(connect=0.5, read=0.4, write=0.5))


@contextlib.contextmanager
def inserting(engine, server, port=None, *, writers=8, rate=200.0, policy=POLICY):
    """Run a load of an engine for the block; yield it, its journal and its workload."""
    where = dataclasses.replace(server.endpoint, port=port or server.port)
    journal = Journal(uuid.uuid4().hex[:8], writers)
    workload = InsertWorkload(where, journal.run)
    workload.create(server.endpoint)
    load = engine(workload, journal, rate=rate, policy=policy)
    load.start()
    try:
        yield load, journal, workload
    finally:
        load.stop()
        workload.drop(server.endpoint)
