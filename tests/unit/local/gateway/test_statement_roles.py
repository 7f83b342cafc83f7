"""What a statement is on a reader, for a witness, and for the writer that it is forwarded to: by its text."""

import pytest

from pytest_rdsfailover.local.gateway import write_forwarding
from pytest_rdsfailover.local.gateway.answer_writer import AnswerWriter
from pytest_rdsfailover.local.gateway.roles import (
    READ_ONLY,
    Exchange,
    commits_though_killed,
    refusal,
    refused,
    treatment,
    worded,
)
from pytest_rdsfailover.local.gateway.script import Step
from pytest_rdsfailover.local.gateway.special_texts import ASK_WITHIN, is_special, is_stored
from pytest_rdsfailover.local.gateway.statement_kind import kind, parts
from pytest_rdsfailover.local.gateway.write_forwarding import consistency_asked, forwarding
from pytest_rdsfailover.model.errors import GatewayError
from pytest_rdsfailover.mysql.packets import ServerFault, error_packet, parse_error
from pytest_rdsfailover.mysql.statements import SqlDialect, statements


def parsed(sql, **dialect):
    (statement,) = statements(sql.encode() or b";", SqlDialect(**dialect))
    return statement


@pytest.mark.parametrize(
    ("sql", "how"),
    [
        ("SELECT 1", "GUARDED"),
        ("INSERT INTO t VALUES (1)", "GUARDED"),
        ("CREATE TABLE t (a INT)", "GUARDED"),
        ("CREATE TEMPORARY TABLE t (a INT)", "LIFTED"),
        ("CREATE OR REPLACE TEMPORARY TABLE t (a INT)", "LIFTED"),
        ("CREATE OR REPLACE TABLE t (a INT)", "GUARDED"),
        ("CREATE TEMPORARY SEQUENCE s", "GUARDED"),
        ("DROP TEMPORARY TABLE t", "LIFTED"),
        ("DROP TEMPORARY TABLES t, u", "LIFTED"),
        ("DROP TABLE t", "GUARDED"),
        ("ALTER TEMPORARY TABLE t", "GUARDED"),
        ("OPTIMIZE TABLE t", "REFUSED"),
        ("REPAIR TABLE t", "REFUSED"),
        ("ANALYZE TABLE t", "REFUSED"),
        ("ANALYZE LOCAL TABLES t", "REFUSED"),
        ("ANALYZE TABLES t", "REFUSED"),
        ("ANALYZE UPDATE t TABLE", "GUARDED"),
        ("ANALYZE UPDATE t TABLES", "GUARDED"),
        ("", "GUARDED"),
        ("ANALYZE SELECT * FROM t", "GUARDED"),
        ("SHOW TABLES", "QUIET"),
        ("COMMIT", "QUIET"),
        ("ROLLBACK", "QUIET"),
        ("GET DIAGNOSTICS @n = NUMBER", "QUIET"),
        ("GET DIAGNOSTICS CONDITION 1 @a = MESSAGE_TEXT", "QUIET"),
        ("GET STACKED DIAGNOSTICS @n = NUMBER", "GUARDED"),
        ("XA END 'a'", "QUIET"),
        ("XA START 'a'", "GUARDED"),
        ("XA BEGIN 'a'", "GUARDED"),
        ("XA START a", "GUARDED"),
        ("XA BEGIN a", "GUARDED"),
        ("SELECT FOUND_ROWS()", "QUIET"),
        ("SELECT ROW_COUNT(), LAST_INSERT_ID()", "QUIET"),
        ("SELECT FOUND_ROWS(), ROW_COUNT(), LAST_INSERT_ID(), CONNECTION_ID()", "QUIET"),
        ("SELECT @@warning_count", "QUIET"),
        ("SELECT @@error_count", "QUIET"),
        ("SELECT FOUND_ROWS(), f()", "GUARDED"),
        ("SELECT FOUND_ROWS() FROM t", "GUARDED"),
        ("SELECT @@autocommit", "GUARDED"),
        ("SELECT f()", "GUARDED"),
        ("SET TRANSACTION READ WRITE", "GUARDED"),
        ("SET STATEMENT a = 1 FOR SELECT 1", "GUARDED"),
        ("SET STATEMENT transaction_read_only = 0 FOR INSERT INTO t VALUES (1)", "REFUSED"),
        ("SET STATEMENT tx_read_only = 0 FOR INSERT INTO t VALUES (1)", "REFUSED"),
        ("BEGIN NOT ATOMIC SET TRANSACTION READ WRITE; END", "REFUSED"),
        ("BEGIN NOT ATOMIC INSERT INTO t VALUES (1); END", "GUARDED"),
        ("CREATE PROCEDURE p() SET TRANSACTION READ WRITE", "GUARDED"),
        ("ALTER EVENT e DO SET TRANSACTION READ WRITE", "GUARDED"),
    ],
)
def test_a_reader_guards_what_may_write_and_refuses_what_the_server_would_not(sql, how):
    assert treatment(parsed(sql, mariadb=True)).name == how


def test_a_temporary_table_lifts_its_own_statement_only():
    """The next one of the same text may write where only a reader stands."""
    found = statements(
        b"CREATE TEMPORARY TABLE t (a INT); INSERT INTO orders VALUES (1)", SqlDialect()
    )

    assert [treatment(statement).name for statement in found] == ["LIFTED", "GUARDED"]


@pytest.mark.parametrize(
    ("sql", "commits"),
    [
        ("INSERT INTO t SELECT SLEEP(9)", True),
        ("REPLACE INTO t SELECT get_lock('a', 9)", True),
        ("INSERT INTO t VALUES (BENCHMARK(9, 1))", True),
        ("INSERT INTO t VALUES (sleep)", False),
        ("INSERT INTO t VALUES ('SLEEP(9)')", False),
        ("INSERT INTO t VALUES (1)", False),
        ("UPDATE t SET a = SLEEP(9)", False),
        ("SELECT SLEEP(9)", False),
    ],
)
def test_a_kill_ends_a_waiting_function_and_not_the_insert_that_called_it(sql, commits):
    assert commits_though_killed(parsed(sql)) is commits


@pytest.mark.parametrize("code", READ_ONLY)
def test_a_readers_refusal_is_worded_as_aurora_does_it_and_other_errors_stay(code):
    other = error_packet(ServerFault(1064, "42000", "syntax"))
    server = error_packet(
        ServerFault(1792, "25006", "Cannot execute statement in a READ ONLY transaction.")
    )

    assert worded(server, code) == refused(code) == error_packet(refusal(code))
    assert worded(other, code) == other


def test_answers_are_numbered_and_refusals_of_a_reader_counted():
    class Sink(list):
        take = list.append

    sink = Sink()
    writer = AnswerWriter(sink)
    answers = [
        b"\x00ok",
        refused(1836),
        error_packet(ServerFault(1064, "42000", "x")),
        refused(1290),
    ]
    writer.sequence = 254
    for answer in answers:
        writer.tell(answer)

    assert [packet.sequence for packet in sink] == [254, 255, 0, 1]
    assert [packet.payload for packet in sink] == answers
    assert (writer.refusals, writer.refusal) == (2, 1290)
    assert parse_error(answers[1]).code == 1836


@pytest.mark.parametrize(
    ("sql", "stored"),
    [
        ("CREATE VIEW v AS SELECT 1", True),
        ("ALTER VIEW v AS SELECT 1", True),
        ("CREATE TABLE t (a INT)", True),
        ("CREATE TABLE t AS SELECT 1", False),
        ("CREATE TEMPORARY TABLE t SELECT 1", False),
        ("CREATE TABLE t AS SELECT @@version", True),
        ("SELECT 1", False),
    ],
)
def test_a_server_stores_the_text_of_a_view_and_only_rows_of_a_queried_table(sql, stored):
    assert is_stored(parsed(sql)) is stored


@pytest.mark.parametrize(
    ("sql", "special"),
    [
        ("SELECT 1", False), ("SELECT @@version", True), ("call mysql.rds_kill(1)", True),
        ("SHOW TABLES", False), ("SHOW TABLES FROM information_schema", True), ("SHOW STATUS", True),
        ("SELECT * FROM information_schema.tables", False), ("SELECT status FROM t", False),
        ("SELECT * FROM t_REPLICA", True),
        (" " * (ASK_WITHIN - 5) + "SLEEP", True), (" " * (ASK_WITHIN - 4) + "SLEEP", False),
    ],
)  # fmt: skip
def test_a_text_is_read_closely_only_if_a_name_in_it_may_be_aurora_s(sql, special):
    assert is_special(sql.encode()) is special


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("SELECT 1", "HERE"), ("SET @a = 1", "HERE"), ("INSERT INTO t VALUES (1)", "FORWARDED"),
        ("SELECT * FROM t FOR UPDATE", "FORWARDED"), ("SELECT * FROM t FOR SHARE", "FORWARDED"),
        ("SELECT * FROM t LOCK IN SHARE MODE", "FORWARDED"), ("CREATE TABLE t (a INT)", "REFUSED"),
        ("CALL p()", "REFUSED"), ("SAVEPOINT a", "REFUSED"), ("ROLLBACK TO a", "REFUSED"),
        ("XA START 'a'", "REFUSED"), ("TRUNCATE t", "REFUSED"),
    ],
)  # fmt: skip
def test_writes_are_forwarded_as_far_as_aurora_forwards_them(sql, what):
    assert forwarding(parsed(sql)).name == what


KEPT = write_forwarding.KEPT.decode()


@pytest.mark.parametrize(
    ("sql", "level", "text"),
    [
        ("SET aurora_replica_read_consistency = 'session'", "SESSION", f"SET {KEPT} = 'SESSION'"),
        ("SET SESSION aurora_replica_read_consistency = EVENTUAL", "EVENTUAL", f"SET {KEPT} = 'EVENTUAL'"),
        ("SET @@session.aurora_replica_read_consistency := global", "GLOBAL", f"SET {KEPT} = 'GLOBAL'"),
        ("SET a = 1, aurora_replica_read_consistency = 'global', b = 2", "GLOBAL",
         f"SET a = 1, {KEPT} = 'GLOBAL', b = 2"),
        ("SET aurora_replica_read_consistency = DEFAULT", "", f"SET {KEPT} = ''"),
        ("SET aurora_replica_read_consistency = NULL", "", f"SET {KEPT} = ''"),
        ("SET aurora_replica_read_consistency = CONCAT('a')", "?", f"SET {KEPT} = '?'"),
    ],
)  # fmt: skip
def test_a_sessions_read_consistency_is_kept_where_the_server_can_keep_it(sql, level, text):
    asked = consistency_asked(parsed(sql))

    assert (asked.level.decode(), asked.text.decode()) == (level, text)
    assert (asked.fault is None) is (level != "?")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT @@aurora_replica_read_consistency", "SET GLOBAL aurora_replica_read_consistency = ''",
        "SET a = aurora_replica_read_consistency", "SET @aurora_replica_read_consistency = 1",
        "SET aurora_replica_read_consistency",
    ],
)  # fmt: skip
def test_nothing_else_is_taken_for_it(sql):
    assert consistency_asked(parsed(sql)) is None


@pytest.mark.parametrize(
    ("sql", "does", "transacts", "name"),
    [
        ("SAVEPOINT `A b`", "ASKS", "SAVES", "a"), ("ROLLBACK TO SAVEPOINT 'X'", "ASKS", "GOES_BACK", "x"),
        ("rollback work to y;", "ASKS", "GOES_BACK", "y"), ("ROLLBACK", "ASKS", "ROLLS_BACK", ""),
        ("COMMIT", "ASKS", "COMMITS", ""), ("START TRANSACTION", "ASKS", "COMMITS", ""),
        ("BEGIN", "ASKS", "COMMITS", ""), ("BEGIN NOT ATOMIC", "WRITES", "NOTHING", ""),
        ("XA PREPARE 'q'", "ASKS", "PREPARES", "q"), ("XA COMMIT 'q'", "ASKS", "COMMITS_PREPARED", "q"),
        ("XA ROLLBACK 'q'", "ASKS", "FORGETS_PREPARED", "q"), ("SELECT 1", "ASKS", "NOTHING", ""),
        ("SELECT 1 FROM t", "LOOKS", "NOTHING", ""), ("/* a */ -- b\n (SELECT 1)", "ASKS", "NOTHING", ""),
        ("/* a */ (SELECT 1)", "ASKS", "NOTHING", ""), ("WITH x AS (SELECT 1) SELECT 2", "ASKS", "NOTHING", ""),
        ("WITH x AS (SELECT 1) DELETE FROM t", "WRITES", "NOTHING", ""), ("SET a = 1", "CARRIES", "NOTHING", ""),
        ("SET a = f(1)", "CALCULATES", "NOTHING", ""), ("CREATE TEMPORARY TABLE t", "MAKES", "NOTHING", ""),
        ("DEALLOCATE PREPARE s", "LOOKS", "NOTHING", ""), ("CALL p()", "WRITES", "NOTHING", ""),
        ("", "WRITES", "NOTHING", ""), ("SELECTED", "WRITES", "NOTHING", ""),
    ],
)  # fmt: skip
def test_a_witness_knows_what_a_statement_does_by_its_first_words(sql, does, transacts, name):
    found = kind(sql.encode())
    assert (found.does.name, found.transacts.name, found.name.decode()) == (does, transacts, name)


@pytest.mark.parametrize(
    ("sql", "counts", "calls", "locks"),
    [("UPDATE t SET a = 1", True, False, None), ("CALL p()", False, True, None),
     ("LOCK TABLES t READ", False, False, True), ("UNLOCK TABLES", False, False, False),
     ("TRUNCATE t", False, False, None)],
)  # fmt: skip
def test_it_knows_what_counts_rows_calls_and_locks(sql, counts, calls, locks):
    found = kind(sql.encode())
    assert (found.counts, found.calls, found.locks) == (counts, calls, locks)


@pytest.mark.parametrize(
    ("sql", "count"),
    [("INSERT 1", 1), ("INSERT 1; ", 1), ("INSERT 1; INSERT 2", 1), ("INSERT 1; COMMIT", 2),
     ("SELECT 1; SELECT 2", 2), ("SELECT 1;;", 1)],
)  # fmt: skip
def test_a_text_is_told_apart_only_where_its_statements_differ_in_what_they_do(sql, count):
    assert len(parts(sql.encode(), SqlDialect())) == count


@pytest.mark.parametrize(
    "step",
    [
        {"action": "jump"}, {"action": "cut"}, {"action": "cut", "how": "accept"},
        {"action": "hold"}, {"action": "hold", "how": "reset"}, {"action": "promote", "small": 0.1},
        {"action": "guard"}, {"action": "guard", "how": "1.5"}, {"at": -0.1}, {"at": float("inf")},
        {"at": float("nan")},
    ],
)  # fmt: skip
def test_a_step_that_cannot_be_played_is_refused(step):
    with pytest.raises(GatewayError):
        Step(**{"at": 0.0, "action": "promote", "instance": "a"} | step)


def test_steps_that_can_be_played_are_taken():
    for step in ({"action": "cut", "how": "keep"}, {"action": "hold", "how": "error"}, {"small": 0.1, "growth": 1.0},
                 {"action": "guard", "how": "10"}, {"at": 0}):  # fmt: skip
        Step(**{"at": 0.0, "action": "promote", "instance": "a"} | step)


def test_an_exchange_is_the_clients_own_and_nothing_special_unless_it_says_so():
    plain = Exchange(payload=b"x")
    assert plain == Exchange(
        payload=b"x", hidden=False, more=False, topology=False, lift=False, lifted=False, withheld=False,
        forwarding=write_forwarding.Forwarding.FORWARDED, refuse=None,
    )  # fmt: skip
    step = Step(at=0.0, action="back", instance="a")
    assert (step.small, step.growth) == (0.0, 0.0)
