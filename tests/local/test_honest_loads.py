"""Shapes of applications: no honest one is called invalid, and none whose writes are not kept is green."""

import contextlib
import hashlib
import itertools
import json
import threading
import time

import pymysql
import pytest
import sqlalchemy
import sqlalchemy.orm

from pytest_rdsfailover.analysis.reached_keys import missing
from pytest_rdsfailover.model.traffic import Traffic
from pytest_rdsfailover.trial.trial import InvalidTrialError

pytestmark = [pytest.mark.local, pytest.mark.one_server]
LOAD = {"writers": 4, "rate": 100.0, "warmup": 0.6, "cooldown": 0.1, "calm_errors": "20%"}
TABLES = {
    "kept": "k VARCHAR(200) PRIMARY KEY, n INT DEFAULT 0",
    "other": "k VARCHAR(200) PRIMARY KEY, body JSON",
    "account": "id INT PRIMARY KEY, n INT, last VARCHAR(200)",
}
ROUTINES = {
    "PROCEDURE put(x VARCHAR(200))": "INSERT INTO kept (k) VALUES (x)",
    "PROCEDURE put_all(x VARCHAR(200))": (
        "BEGIN START TRANSACTION; INSERT INTO kept (k) VALUES (x); COMMIT; END"
    ),
    "PROCEDURE put_none(x VARCHAR(200))": (
        "BEGIN START TRANSACTION; INSERT INTO kept (k) VALUES (x); ROLLBACK; END"
    ),
    "PROCEDURE put_quietly(x VARCHAR(200))": (
        "BEGIN DECLARE EXIT HANDLER FOR SQLEXCEPTION ROLLBACK; START TRANSACTION;"
        " INSERT INTO kept (k) VALUES (x); INSERT INTO nowhere VALUES (x); COMMIT; END"
    ),
    "PROCEDURE put_deaf(x VARCHAR(200))": (
        "BEGIN DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN END; INSERT INTO kept (k) VALUES (x); END"
    ),
    "PROCEDURE put_nothing(x VARCHAR(200))": "BEGIN SET @done = x; END",
    "FUNCTION put_f(x VARCHAR(200)) RETURNS INT NOT DETERMINISTIC MODIFIES SQL DATA": (
        "BEGIN INSERT INTO kept (k) VALUES (x); RETURN 1; END"
    ),
}
INSERT = "INSERT INTO kept (k) VALUES (%s)"


@pytest.fixture
def schema(resting):
    def do(*statements):
        with (
            resting.audit_endpoint().connect(autocommit=True) as connection,
            connection.cursor() as cursor,
        ):
            for statement in statements:
                cursor.execute(statement)

    do(*(f"CREATE TABLE {name} ({columns})" for name, columns in TABLES.items()))
    do(*(f"CREATE {head} {body}" for head, body in ROUTINES.items()))
    do("INSERT INTO account VALUES (1, 0, ''), (2, 0, '')")
    yield resting
    resting.rest()
    do(*(f"DROP TABLE {name}" for name in TABLES))
    do(*(f"DROP {head.partition('(')[0]}" for head in ROUTINES))


class Application:
    """One that has a connection for each thread, and drops it after an error."""

    def __init__(self, endpoint, **options):
        self._endpoint, self._options = endpoint, options
        self._mine = threading.local()

    @contextlib.contextmanager
    def cursor(self, *, commit=True):
        connection = getattr(self._mine, "connection", None) or self._endpoint.connect(
            **{"autocommit": False, "local_infile": True} | self._options
        )
        self._mine.connection = connection
        try:
            with connection.cursor() as cursor:
                yield cursor
            if commit:
                connection.commit()
        except BaseException:
            self._mine.connection = None
            connection.close()
            raise

    def does(self, *statements, spell=str, commit=True):
        """Return a workload of statements, each with what *spell* makes of the key."""

        def write(key):
            with self.cursor(commit=commit) as cursor:
                for sql in statements:
                    cursor.execute(sql, (spell(key),) * sql.count("%s") or None)

        return write


def hashed(key):
    return hashlib.sha256(key.encode()).hexdigest()


def orm(endpoint):
    base = sqlalchemy.orm.declarative_base()

    class Kept(base):
        __tablename__ = "kept"
        k = sqlalchemy.Column(sqlalchemy.String(200), primary_key=True)
        n = sqlalchemy.Column(sqlalchemy.Integer)

    engine = sqlalchemy.create_engine(endpoint.url(), poolclass=sqlalchemy.NullPool)

    def write(key):
        with sqlalchemy.orm.Session(engine) as session, session.begin():
            session.add(Kept(k=key, n=1))

    return write


def checks_before_it_tries_again(endpoint):
    app = Application(endpoint)
    put = app.does(INSERT)

    def write(key):
        for _ in range(100):
            with contextlib.suppress(pymysql.err.MySQLError):
                with app.cursor() as cursor:
                    cursor.execute("SELECT 1 FROM kept WHERE k = %s", (key,))
                    if cursor.fetchone():
                        return None
                return put(key)
            time.sleep(0.05)
        return put(key)

    return write


def tries_again(endpoint, sql):
    put = Application(endpoint).does(sql)

    def write(key):
        for _ in range(100):
            with contextlib.suppress(pymysql.err.OperationalError, pymysql.err.InternalError):
                return put(key)
            time.sleep(0.05)
        return put(key)

    return write


def its_second_table_fails_quietly(endpoint):
    app = Application(endpoint)
    put, count = app.does(INSERT), app.does("INSERT INTO nowhere VALUES (%s)")

    def write(key):
        put(key)
        with contextlib.suppress(pymysql.err.MySQLError):
            count(key)

    return write


def outbox(endpoint):
    app = Application(endpoint)

    def write(key):
        with app.cursor() as cursor:
            cursor.execute(INSERT, (key,))
            event = json.dumps({"type": "placed", "order": {"key": key}})
            cursor.execute("INSERT INTO other VALUES (%s, %s)", ("o" + key, event))
        with app.cursor() as cursor:
            cursor.execute("DELETE FROM other WHERE k = %s", ("o" + key,))

    return write


def three_rows_at_once(endpoint):
    app = Application(endpoint)

    def write(key):
        with app.cursor() as cursor:
            cursor.executemany(INSERT, [(f"{key} of {number}",) for number in range(3)])

    return write


def waits_for_its_batch(endpoint):
    """Return one whose calls wait until all of their batch is committed."""
    app, waiting, lock = Application(endpoint), [], threading.Lock()

    def write(key):
        mine, failed = threading.Event(), []
        waiting.append((key, mine, failed))
        with lock:
            batch = waiting[:]
            del waiting[: len(batch)]
            if batch:
                try:
                    with app.cursor() as cursor:
                        cursor.executemany(INSERT, [(each[0],) for each in batch])
                except pymysql.err.MySQLError as error:
                    for each in batch:
                        each[2].append(error)
                for each in batch:
                    each[1].set()
        mine.wait()
        if failed:
            raise failed[0]

    return write


def of_two_phases(endpoint):
    app, numbers = Application(endpoint, autocommit=True), itertools.count()

    def write(key):
        name = f"'x{next(numbers)}'"
        with app.cursor(commit=False) as cursor:
            cursor.execute(f"XA START {name}")
            cursor.execute(INSERT, (key,))
            for step in ("END", "PREPARE", "COMMIT"):
                cursor.execute(f"XA {step} {name}")

    return write


def loads_a_file(endpoint, tmp_path):
    app = Application(endpoint)

    def write(key):
        path = tmp_path / hashed(key)
        path.write_text(f"{key}\t1\n")
        with app.cursor() as cursor:
            cursor.execute(f"LOAD DATA LOCAL INFILE '{path}' INTO TABLE kept")

    return write


def does(*statements, **options):
    return lambda endpoint: Application(endpoint).does(*statements, **options)


# fmt: off
UPSERT = INSERT + " ON DUPLICATE KEY UPDATE n = n + 1"
HONEST = {
    "ORM": orm,
    "upsert": lambda endpoint: tries_again(endpoint, UPSERT),
    "insert that ignores duplicates": lambda e: tries_again(e, INSERT.replace("INTO", "IGNORE INTO")),
    "replace": lambda endpoint: tries_again(endpoint, INSERT.replace("INSERT", "REPLACE")),
    "update, or else insert": does("UPDATE kept SET n = 1 WHERE k = %s", INSERT),
    "delete and insert": does("DELETE FROM kept WHERE k = %s", INSERT),
    "checks before it tries again": checks_before_it_tries_again,
    "its second table fails quietly": its_second_table_fails_quietly,
    "outbox": outbox,
    "locks a row": does(
        "SELECT n FROM account WHERE id = 1 FOR UPDATE", "UPDATE account SET n = n + 1 WHERE id = 1",
        INSERT,
    ),
    "key in an updated row": does("UPDATE account SET last = %s WHERE id = 2"),
    "three rows at once": three_rows_at_once,
    "waits for its batch": waits_for_its_batch,
    "two phases": of_two_phases,
    "procedure": does("CALL put(%s)"),
    "procedure that commits": does("CALL put_all(%s)", commit=False),
    "function": does("SELECT put_f(%s)"),
    "function that a variable is set by": does("SET @done = put_f(%s)"),
    "prepared in SQL": does(
        "SET @k = %s", f"PREPARE s FROM '{INSERT.replace('%s', '?')}'", "EXECUTE s USING @k"
    ),
    "by a user variable": does("SET @k = %s", INSERT.replace("%s", "@k")),
    "by a temporary table": does(
        "CREATE TEMPORARY TABLE IF NOT EXISTS staged (k VARCHAR(200))", "DELETE FROM staged",
        "INSERT INTO staged VALUES (%s)", "INSERT INTO kept (k) SELECT k FROM staged",
    ),
    "key in a longer text": does(INSERT, spell=lambda key: f"order <{key}>; paid"),
    "savepoint": does(
        "SAVEPOINT a", INSERT, "SAVEPOINT b",
        "INSERT INTO other VALUES (%s, NULL)", "ROLLBACK TO SAVEPOINT b",
    ),
    "lock by name": does("SELECT GET_LOCK(%s, 5)", INSERT, "SELECT RELEASE_LOCK(%s)"),
}
HIDDEN = {
    "hashed": does(INSERT, spell=hashed),
    "hashed, in a procedure": does("CALL put(%s)", spell=hashed),
    "hashed, upsert": does(UPSERT, spell=hashed),
}
# fmt: on


def failing(trial):
    return {finding.name: finding for finding in trial.findings}


def test_honest_applications_of_every_shape_are_valid(runner, schema):
    """All of them in one load, so that a key of any that lacks its confirmation is seen."""
    made = {make(schema.writer_endpoint): 1 for make in HONEST.values()}
    trial = runner.trial(schema.writer_endpoint, **LOAD, workload=made)
    whole = Traffic.total(list(trial.evidence.course.witnessed.whole.values()))
    acked = {
        str(each.writer): each.outcome.tolist().count(0) for each in trial.evidence.journal.writers
    }

    assert trial.valid
    assert sum(acked.values()) == trial.acked
    assert missing(whole, acked) == {}
    assert not {"uncommitted", "rolled_back", "only_reads", "lost"} & failing(trial).keys()


def test_honest_applications_that_hide_their_keys_are_valid(runner, schema, tmp_path):
    made = {make(schema.writer_endpoint): 1 for make in HIDDEN.values()}
    made[loads_a_file(schema.writer_endpoint, tmp_path)] = 1
    trial = runner.trial(schema.writer_endpoint, **LOAD, workload=made)
    whole = Traffic.total(list(trial.evidence.course.witnessed.whole.values()))

    assert trial.valid
    assert whole.writes >= trial.acked
    assert not {"uncommitted", "rolled_back", "only_reads", "lost"} & failing(trial).keys()


READS = "only reads, or does nothing"
LASTS, OPEN = "changed no row that lasts", "reached the cluster and were never committed"
NOWHERE, NOBODY = "and no statement with a key of theirs came", "in no statement that the cluster"
NO_ROW = "UPDATE kept SET n = 1 WHERE k = %s"
TEMPORARY = "CREATE TEMPORARY TABLE IF NOT EXISTS mine (k VARCHAR(200))"
INTO_MINE = "INSERT INTO mine VALUES (%s)"
# fmt: off
UNKEPT = {
    "reads by key": (does("SELECT %s"), READS),
    "a procedure that does nothing": (does("CALL put_nothing(%s)"), READS),
    "an update of no row": (does(NO_ROW), LASTS),
    "an update of no row, hashed": (does(NO_ROW, spell=hashed), LASTS),
    "a delete of no row": (does("DELETE FROM kept WHERE k = %s"), LASTS),
    "an insert of what is not there": (does("INSERT INTO kept (k) SELECT k FROM other WHERE k = %s"), LASTS),
    "ignored": (does("INSERT IGNORE INTO account VALUES (1, 0, %s)"), LASTS),
    "a temporary table": (does(TEMPORARY, INTO_MINE), LASTS),
    "a temporary table, hashed": (does(TEMPORARY, INTO_MINE, spell=hashed), LASTS),
    "two phases of which one is missing": (
        does("XA START %s", INSERT, "XA END %s", "XA ROLLBACK %s", commit=False), OPEN,
    ),
    "back to a savepoint": (does("SAVEPOINT a", INSERT, "ROLLBACK TO SAVEPOINT a"), OPEN),
    "a function, never committed": (does("SELECT put_f(%s)", commit=False), NOBODY),
    "prepared in SQL, never executed": (
        does("SET @k = %s", f"PREPARE s FROM '{INSERT.replace('%s', '?')}'"), NOBODY,
    ),
    "prepared in SQL, never committed": (
        does("SET @k = %s", f"PREPARE s FROM '{INSERT.replace('%s', '?')}'", "EXECUTE s USING @k", "ROLLBACK"),
        OPEN,
    ),
    "looks only": (does("SELECT k FROM kept WHERE k = %s"), NOBODY),
}
# fmt: on


@pytest.mark.parametrize("name", UNKEPT)
def test_writes_that_are_not_kept_make_the_trial_invalid_before_the_trigger(runner, schema, name):
    make, says = UNKEPT[name]
    before = len(schema.failovers)
    with pytest.raises(InvalidTrialError) as error:
        runner.trial(schema.writer_endpoint, **LOAD, workload=make(schema.writer_endpoint))
    assert says in error.value.trial.reason
    assert len(schema.failovers) == before  # nobody was disturbed for it


@pytest.mark.parametrize("spell", [str, hashed])
def test_a_pool_is_stuck_whose_procedure_handles_the_error_of_the_demoted_writer(
    runner, schema, spell
):
    call = does("CALL put_deaf(%s)", spell=spell)(schema.writer_endpoint)
    with pytest.raises(InvalidTrialError) as error:
        runner.trial(schema.writer_endpoint, **LOAD, workload=call)
    assert "were never confirmed by the cluster" in error.value.trial.reason


def test_a_table_in_memory_is_told(runner, schema):
    with schema.audit_endpoint().connect(autocommit=True) as connection:
        connection.cursor().execute("ALTER TABLE other ENGINE=MEMORY, MODIFY body INT")
    workload = does(INSERT)(schema.writer_endpoint)
    trial = runner.trial(schema.writer_endpoint, **LOAD, workload=workload)
    assert ".other)" in failing(trial)["in_memory"].evidence


def commits_every_tenth(endpoint):
    app, mine = Application(endpoint), threading.local()
    insert = app.does(INSERT, commit=False)

    def write(key):
        insert(key)
        mine.count = getattr(mine, "count", 0) + 1
        if mine.count % 10 == 0:
            app.does("COMMIT", commit=False)(key)

    return write


# fmt: off
FOUND = {
    "a procedure that rolls back": (does("CALL put_none(%s)"), "rolled_back", "broken"),
    "a procedure that hides its error": (does("CALL put_quietly(%s)"), "rolled_back", "broken"),
    "a procedure that rolls back, hashed": (
        does("CALL put_none(%s)", spell=hashed), "rolled_back", "broken",
    ),
    "commits every tenth": (commits_every_tenth, "uncommitted", "broken"),
    "reads": (does("SELECT COUNT(*) FROM kept"), "only_reads", "broken"),
}
# fmt: on


@pytest.mark.parametrize("name", FOUND)
def test_what_nobody_can_be_sure_of_is_found(runner, schema, name):
    make, finding, severity = FOUND[name]
    with runner.load(
        schema.writer_endpoint, **LOAD | {"cooldown": 0.3}, workload=make(schema.writer_endpoint)
    ) as load:
        load.warm_up()
    assert failing(load.trial)[finding].severity == severity
