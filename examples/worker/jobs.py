"""A job queue in a table, and workers that share it by SKIP LOCKED."""

import contextlib
import threading
import time

import pymysql

WORK = 0.1  # seconds that a job takes
TABLES = {
    "jobs": "id BIGINT AUTO_INCREMENT PRIMARY KEY, reference VARCHAR(64) NOT NULL UNIQUE,"
    " done BOOL NOT NULL DEFAULT 0",
    "results": "id BIGINT AUTO_INCREMENT PRIMARY KEY, job BIGINT NOT NULL",
}
NEXT = "SELECT id FROM jobs WHERE done = 0 ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED"
DONE = "UPDATE jobs SET done = 1 WHERE id = %s"
RESULT = "INSERT INTO results (job) VALUES (%s)"


class Queue:
    """Takes jobs, and knows their results."""

    def __init__(self, connect):
        self.connect = connect
        for name, columns in TABLES.items():
            self._run(f"CREATE TABLE {name} ({columns})")

    def enqueue(self, reference):
        """Add a job; it is there once this returns."""
        self._run("INSERT INTO jobs (reference) VALUES (%s)", reference)

    def results(self):
        """Return the reference of each result, once no job is left."""
        while self._run("SELECT 1 FROM jobs WHERE done = 0 LIMIT 1"):
            time.sleep(0.05)
        return self._run("SELECT reference FROM results JOIN jobs ON jobs.id = results.job")

    def close(self):
        """Remove the tables."""
        for name in TABLES:
            self._run(f"DROP TABLE {name}")

    def _run(self, statement, *arguments):
        with contextlib.closing(self.connect(autocommit=True)) as connection:
            cursor = connection.cursor()
            cursor.execute(statement, arguments)
            return cursor.fetchall()


class Worker(threading.Thread):
    """Does one job after the other, on a new connection after each error."""

    def __init__(self, queue):
        super().__init__(daemon=True)
        self._queue, self._stopped = queue, threading.Event()

    def run(self):
        while not self._stopped.is_set():
            with contextlib.suppress(pymysql.err.MySQLError):
                self._work()
            self._stopped.wait(0.05)

    def _work(self):
        # With autocommit the lock would end with its SELECT, and two workers would do one job.
        with contextlib.closing(self._queue.connect(autocommit=False)) as connection:
            while not self._stopped.is_set():
                self.do_one(connection, connection.cursor())

    def do_one(self, connection, cursor):
        """Do the next job: its result and its end are one transaction, so that neither is alone."""
        cursor.execute(NEXT)
        job = cursor.fetchone()
        if job is not None:
            self._stopped.wait(WORK)
            cursor.execute(RESULT, job)
            cursor.execute(DONE, job)
        connection.commit()
        if job is None:
            self._stopped.wait(0.02)

    def stop(self):
        """End after the job at hand."""
        self._stopped.set()
        self.join(10)


class CarelessWorker(Worker):
    """Ends a job before it is done: what a failover interrupts is lost."""

    def do_one(self, connection, cursor):
        cursor.execute(NEXT)
        job = cursor.fetchone()
        if job is not None:
            cursor.execute(DONE, job)
        connection.commit()
        self._stopped.wait(WORK)
        if job is not None:
            cursor.execute(RESULT, job)
            connection.commit()
