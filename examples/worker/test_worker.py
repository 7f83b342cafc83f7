"""Jobs are put into a queue, and done by workers, while the database fails over."""

from contextlib import ExitStack

import pytest
from jobs import CarelessWorker, Queue, Worker


@pytest.fixture
def queue(rds_cluster):
    queue = Queue(rds_cluster.writer_endpoint.connect)
    yield queue
    queue.close()


@pytest.fixture
def rds_options(queue):
    return {"workload": queue.enqueue, "stored": queue.results, "writers": 4, "rate": 40}


@pytest.fixture
def at_work(queue):
    with ExitStack() as stack:

        def at_work(kind, count=4):
            for worker in [kind(queue) for _ in range(count)]:
                worker.start()
                stack.callback(worker.stop)

        yield at_work


def test_every_job_is_done_once(rds_trial, rds_cluster, at_work):
    at_work(Worker)
    trial = rds_trial(rds_cluster.writer_endpoint)
    trial.expect(lost=0, duplicated=0, stuck_writers=0)


def test_a_careless_worker_loses_jobs(rds_trial, rds_cluster, at_work):
    at_work(CarelessWorker)
    trial = rds_trial(rds_cluster.writer_endpoint)
    with pytest.raises(AssertionError, match="lost"):
        trial.expect(lost=0)
