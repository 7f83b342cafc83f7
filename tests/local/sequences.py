"""Random sequences of statements of several clients, and what an endpoint answers to them."""

import random
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pymysql
from pymysql.constants import CLIENT

IN_TRANSACTION, AUTOCOMMIT = 1, 2
SHOWN = IN_TRANSACTION | AUTOCOMMIT
CLIENTS = 4
LENGTH = 40
RESET, PING, INIT_DB = "<reset>", "<ping>", "<init db>"
# Each client has tables of its own, whose names begin with {p}, so that nobody waits for anybody, and ids
# of its own when it names one: see the known differences in docs/fidelity-proxy.md.
TABLES = """
CREATE TABLE {p}parent (id INT PRIMARY KEY AUTO_INCREMENT, v VARCHAR(20), n INT, UNIQUE (n))
CREATE TABLE {p}child (id INT PRIMARY KEY AUTO_INCREMENT, parent BIGINT, v VARCHAR(3))
CREATE TABLE {p}log (id INT PRIMARY KEY AUTO_INCREMENT, v VARCHAR(20))
CREATE PROCEDURE {p}put() INSERT INTO {p}parent (v) VALUES ('procedure')
CREATE PROCEDURE {p}twice() BEGIN INSERT INTO {p}child (v) VALUES ('a'), ('b'); \
SELECT LAST_INSERT_ID(); SELECT CAST('1x' AS SIGNED); END
CREATE FUNCTION {p}made() RETURNS INT BEGIN INSERT INTO {p}log (v) VALUES ('f'); \
RETURN LAST_INSERT_ID(); END
CREATE TRIGGER {p}noted AFTER INSERT ON {p}child FOR EACH ROW INSERT INTO {p}log (v) VALUES (NEW.v)
CREATE TRIGGER {p}marked BEFORE INSERT ON {p}log FOR EACH ROW SET @marked = NEW.v
"""
WRITES = """
INSERT INTO {p}parent (v) VALUES {rows}
INSERT INTO {p}child (v) VALUES {rows}
INSERT INTO {p}parent (id, v) VALUES ({own}, 'own')
INSERT INTO {p}parent (v, n) VALUES ('n', {n})
INSERT IGNORE INTO {p}parent (v, n) VALUES ('n', {n}), ('m', {n} + 1)
INSERT INTO {p}parent (v, n) VALUES ('n', {n}) ON DUPLICATE KEY UPDATE id = LAST_INSERT_ID(id), v = 'l'
INSERT INTO {p}parent (v, n) VALUES ('n', {n}) ON DUPLICATE KEY UPDATE v = 'again'
REPLACE INTO {p}parent (v, n) VALUES ('r', {n})
INSERT INTO {p}child (parent) VALUES (LAST_INSERT_ID())
INSERT INTO {p}child (parent, v) SELECT id, 's' FROM {p}parent ORDER BY id LIMIT 2
INSERT INTO {p}child (parent, v) VALUES ({p}made(), 'f')
UPDATE {p}parent SET v = 'new' WHERE id > {n}
UPDATE {p}parent SET id = LAST_INSERT_ID(id + 300) WHERE id = {n}
DELETE FROM {p}parent WHERE id = {n}
CALL {p}put()
CALL {p}twice()
INSERT INTO {p}parent (v) VALUES ('a'); INSERT INTO {p}child (parent) VALUES (LAST_INSERT_ID())
INSERT INTO {p}parent (v) VALUES ('a'); SELECT LAST_INSERT_ID(); SELECT 1
INSERT INTO {p}parent (v) SELECT v FROM {p}child ORDER BY id LIMIT 2
INSERT INTO {p}child (parent, v) VALUES (LAST_INSERT_ID({n}), 'x'), (LAST_INSERT_ID(), 'y')
REPLACE INTO {p}parent (id, v) VALUES (LAST_INSERT_ID(), 'x')
DO LAST_INSERT_ID({n})
DELETE FROM {p}child ORDER BY id LIMIT 1
"""
RETURNING = """
INSERT INTO {p}parent (v) VALUES {rows} RETURNING v
INSERT INTO {p}child (v) VALUES {rows} RETURNING id, v
"""
QUESTIONS = """
SELECT LAST_INSERT_ID()
SELECT LAST_INSERT_ID(), 'LAST_INSERT_ID()'
SELECT @@last_insert_id, @@identity
SELECT LAST_INSERT_ID({n} * 7)
SELECT * FROM {p}child ORDER BY id
SELECT * FROM {p}parent ORDER BY id
SELECT COUNT(*) FROM {p}log
SELECT 'ß' = 'ss', 'a' = 'A', 'ä'
SELECT CHARSET('a'), COLLATION('a'), 'a' || 'b'
SELECT @@collation_connection, @@character_set_client, @@character_set_results
SELECT @@sql_mode, @@time_zone, @@autocommit, DATABASE(), @@collation_database
SHOW VARIABLES LIKE 't%x%_isolation'
DESCRIBE {p}child
/* of the log */ SELECT v FROM {p}log -- all of it
SELECT id, LAST_INSERT_ID() FROM {p}parent ORDER BY id LIMIT {few}
SELECT 1; SELECT 2; SELECT LAST_INSERT_ID()
SELECT @@wait_timeout, @@auto_increment_increment, @@net_write_timeout, @@interactive_timeout
SELECT @@character_set_connection, @@character_set_server, @@collation_server
"""
LOOKS_BACK = """
SHOW WARNINGS
SHOW ERRORS
SHOW COUNT(*) WARNINGS
SHOW COUNT(*) ERRORS
SHOW WARNINGS LIMIT {few}
SELECT @@warning_count, @@error_count
SELECT @@session.warning_count + 1
SELECT IF(@@local.`warning_count` > {few}, 'more', 'fewer'), (SELECT @@error_count)
SELECT @@warning_count, id FROM {p}parent ORDER BY id
INSERT INTO {p}log (v) VALUES (@@warning_count)
SELECT (@@warning_count
DO @@error_count
"""
WARNS = """
SELECT CAST('1x' AS SIGNED)
SELECT CAST('x' AS SIGNED) UNION ALL SELECT CAST('y' AS SIGNED) UNION ALL SELECT CAST('z' AS SIGNED)
SELECT 1 / 0
DROP TABLE IF EXISTS `no't "one" ä`
INSERT IGNORE INTO {p}child (v) VALUES ('too long'), ('ß also')
UPDATE {p}child SET parent = CAST('7y' AS SIGNED)
DELETE FROM {p}child WHERE v = 1
CREATE TABLE IF NOT EXISTS app.{p}child (a INT)
"""
FAILS = """
SELECT missing
SELEKT 1
SELECT * FROM {p}nowhere
SELECT 'ä' FROM
INSERT INTO {p}parent (id) VALUES (1), (1)
INSERT INTO {p}child (nothing) VALUES (1)
CALL {p}nobody()
SET time_zone = 'nowhere'
SET NAMES nothing
SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'made up'
INSERT INTO {p}parent (v) VALUES ('a'); SELECT missing; SELECT 1
"""
STATE = """
SET NAMES {charset}
SET NAMES utf8mb4 COLLATE utf8mb4_{collation}
SET collation_connection = utf8mb4_{collation}
SET collation_connection = latin1_german2_ci
SET CHARACTER SET {charset}
SET sql_mode = '{mode}'
SET time_zone = '+0{few}:00'
SET autocommit = 0
SET autocommit = 1
SET SESSION TRANSACTION ISOLATION LEVEL {level}
SET LOCAL sort_buffer_size = 300000
SET wait_timeout = 1{few}0, time_zone = '-01:00'
SET auto_increment_increment = {few} + 1
SET NAMES {charset} COLLATE {charset}_bin
SET character_set_results = NULL
SET NAMES DEFAULT
SET time_zone = DEFAULT, sql_mode = DEFAULT
SET @@autocommit = {few} > 1
SET sql_mode = CONCAT(@@sql_mode, ',ANSI_QUOTES')
SET SESSION TRANSACTION READ ONLY
SET SESSION TRANSACTION READ WRITE
SET character_set_server = {charset}, net_write_timeout = 7{few}
SET autocommit = 1; SET time_zone = '+05:00'; SELECT @@time_zone
SET character_set_client = {charset}, time_zone = 'nowhere'
SET collation_database = latin1_bin
"""
TRANSACTIONS = """
BEGIN
START TRANSACTION
COMMIT
COMMIT
ROLLBACK
COMMIT AND CHAIN
SAVEPOINT s
ROLLBACK TO s
TRUNCATE {p}log
START TRANSACTION READ ONLY
ROLLBACK AND CHAIN
SAVEPOINT t
ROLLBACK TO SAVEPOINT t
RELEASE SAVEPOINT s
BEGIN; INSERT INTO {p}log (v) VALUES ('b'); COMMIT
BEGIN; INSERT INTO {p}log (v) VALUES ('b')
ROLLBACK; SELECT LAST_INSERT_ID()
"""
COMMANDS = """
<reset>
<ping>
<init db>
USE other
USE app
"""
PINS = """
SELECT ROW_COUNT()
SET @mine = 5
SELECT GET_LOCK(CONCAT('own', CONNECTION_ID()), 0)
CREATE TEMPORARY TABLE {p}temporary (a INT)
PREPARE s FROM 'SELECT LAST_INSERT_ID()'
SET SESSION sort_buffer_size = 300000
SET TRANSACTION READ ONLY
SELECT @mine
"""
KINDS = (WRITES, QUESTIONS, LOOKS_BACK, WARNS, FAILS, STATE, TRANSACTIONS, COMMANDS, PINS)
WEIGHTS = (25, 20, 8, 10, 8, 12, 12, 4, 0.4)


@dataclass(frozen=True)
class Move:
    """What happens next: a client says something, or the cluster fails over (client None)."""

    client: int | None
    sql: str = ""


def lines(text: str) -> list[str]:
    """Return the statements of a text, one a line."""
    return text.replace("\\\n", "").strip().splitlines()


def ready(server: Any) -> None:
    """Make every client's tables."""
    made = [sql.format(p=f"c{one}_") for one in range(CLIENTS) for sql in lines(TABLES)]
    server.run("DROP DATABASE app", "CREATE DATABASE app", "USE app", *made)


def moves(seed: int, *, mariadb: bool) -> list[Move]:
    """Return a sequence."""
    chance = random.Random(seed)
    found = []
    for _ in range(LENGTH):
        if chance.random() < 0.02:
            found.append(Move(None))
        client = chance.randrange(CLIENTS)
        kind = chance.choices(KINDS, WEIGHTS)[0]
        texts = [kind + RETURNING * mariadb if kind is WRITES else kind]
        if kind in (WARNS, FAILS) and chance.random() < 0.5:
            texts.append(LOOKS_BACK)
        found += [Move(client, said(chance, client, text)) for text in texts]
    return found


def said(chance: random.Random, client: int, text: str) -> str:
    """Return one of the statements of a text, as a client says it."""
    return chance.choice(lines(text)).format(
        p=f"c{client}_", n=chance.randrange(1, 40), own=chance.randrange(1, 40) * 10000 + client * 1000, few=chance.randrange(4),
        rows=", ".join(f"('{chance.randrange(9)}')" for _ in range(chance.randint(1, 3))),
        charset=chance.choice(("utf8mb4", "latin1")),
        collation=chance.choice(("bin", "general_ci", "unicode_ci")),
        level=chance.choice(("READ COMMITTED", "REPEATABLE READ")),
        mode=chance.choice(
            ("", "ANSI_QUOTES", "STRICT_ALL_TABLES", "NO_BACKSLASH_ESCAPES", "PIPES_AS_CONCAT")
        ),
    )  # fmt: skip


def answer(connection: Any, sql: str) -> Any:
    """Return all that a client learns of one command's answer."""
    try:
        seen = _answer(connection, sql)
    except pymysql.err.MySQLError as error:
        return error.args
    flags = connection.server_status & SHOWN
    return seen, flags


def _answer(connection: Any, sql: str) -> Any:
    if sql == RESET:
        connection._execute_command(0x1F, b"")
        connection._read_ok_packet()
        return sql
    if sql == PING:
        return connection.ping(reconnect=False)
    if sql == INIT_DB:
        return connection.select_db("app")
    found = []
    with connection.cursor() as cursor:
        cursor.execute(sql.encode())  # whatever the connection takes it for
        while True:
            names = [column[0] for column in cursor.description or ()]
            # MySQL warns of FOUND_ROWS() itself, for which the proxy may have put a number.
            warnings = None if "FOUND_ROWS" in sql else cursor.warning_count
            found.append((names, cursor.fetchall(), cursor.rowcount, cursor.lastrowid, warnings))
            if not cursor.nextset():
                return found


@dataclass
class Comparison:
    """What came of a sequence on the direct endpoint and on the proxy.

    Attributes:
        statements: how many the clients said.
        failovers: how many there were in between, by the proxy.
        differences: what was answered differently: what was said, the direct answer, the proxy's.
    """

    statements: int
    failovers: int
    differences: list[tuple[Move, Any, Any]]


def compare(gateway: Any, sequence: list[Move]) -> Comparison:
    """Play a sequence on both endpoints."""
    direct, _ = play(gateway, "cluster", sequence)
    proxied, failovers = play(gateway, "proxy", sequence)
    said = [move for move in sequence if move.client is not None]
    both = zip(said, direct, proxied, strict=True)
    return Comparison(len(said), failovers, [seen for seen in both if seen[1] != seen[2]])


def play(gateway: Any, endpoint: str, sequence: list[Move]) -> tuple[list[Any], int]:
    """Let clients of an endpoint say a sequence, over tables that are empty; return the answers.

    By the proxy the cluster fails over where the sequence says so, as long as that cuts nobody off;
    how often it did is returned, too.
    """
    told = " ".join(move.sql for move in sequence)
    names = [f"c{one}_{name}" for one in range(CLIENTS) for name in ("parent", "child", "log")]
    gateway.server.run("SET lock_wait_timeout = 10", *(
        f"TRUNCATE app.{name}" for name in names if name[:3] in told
    ))  # fmt: skip
    answers, failovers = [], 0
    with ExitStack() as stack:
        clients = [stack.enter_context(connected(gateway, endpoint)) for _ in range(CLIENTS)]
        for move in sequence:
            if move.client is not None:
                answers.append(answer(clients[move.client], move.sql))
            elif endpoint == "proxy" and gateway.proxy().stats.borrowed == 0:
                gateway.fail_over(*gateway.roles())
                failovers += 1
    return answers, failovers


def connected(gateway: Any, endpoint: str) -> Any:
    """Return a new client of an endpoint."""
    client = gateway.connect(endpoint, client_flag=CLIENT.MULTI_STATEMENTS)
    client.encoding = "latin1"  # any byte is one of its letters
    return client
