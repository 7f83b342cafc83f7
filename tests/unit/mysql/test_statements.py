import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_rdsfailover.mysql.statements import SqlDialect, references, replace_spans, statements

MYSQL = SqlDialect(version=90704)
MARIADB = SqlDialect(version=101119, mariadb=True)


def texts(sql, dialect=MYSQL):
    return [statement.sql.strip() for statement in statements(sql, dialect)]


@pytest.mark.parametrize(
    ("sql", "parts"),
    [
        (b"SELECT 1", [b"SELECT 1"]),
        (b"SELECT 1; SELECT 2;", [b"SELECT 1", b"SELECT 2"]),
        (b"SELECT ';' ; SELECT \";\"", [b"SELECT ';'", b'SELECT ";"']),
        (b"SELECT 'it\\'s;' ; x", [b"SELECT 'it\\'s;'", b"x"]),
        (b"SELECT 'it''s;' ; x", [b"SELECT 'it''s;'", b"x"]),
        (b"SELECT `;` ; x", [b"SELECT `;`", b"x"]),
        (b"SELECT 1 /* ; */ ; x", [b"SELECT 1 /* ; */", b"x"]),
        (b"SELECT 1 -- ;\n; x", [b"SELECT 1 -- ;", b"x"]),
        (b"SELECT 1--;x", [b"SELECT 1--", b"x"]),
        (b"SELECT 1 # ;\n; x", [b"SELECT 1 # ;", b"x"]),
        (b"SELECT 1;; x", [b"SELECT 1", b"", b"x"]),
        (b"", [b""]),
        (b"SELECT 1; -- the end", [b"SELECT 1"]),
        (b"CREATE PROCEDURE p() BEGIN a; b; END", [b"CREATE PROCEDURE p() BEGIN a; b; END"]),
        (b"x; BEGIN NOT ATOMIC a; b; END", [b"x", b"BEGIN NOT ATOMIC a; b; END"]),
        (b"CREATE TEMPORARY TABLE t (a INT); x", [b"CREATE TEMPORARY TABLE t (a INT)", b"x"]),
        (b"ALTER TABLE t ADD b INT; x; y", [b"ALTER TABLE t ADD b INT", b"x", b"y"]),
        (b"ALTER EVENT e DO BEGIN a; b; END; c", [b"ALTER EVENT e DO BEGIN a; b; END; c"]),
        (b"BEGIN; x", [b"BEGIN", b"x"]),
        (b"IF 1 THEN a; END IF; b", [b"IF 1 THEN a; END IF; b"]),
        (b"SELECT 'open; x", [b"SELECT 'open; x"]),
    ],
)
def test_statements_are_split_at_their_own_semicolons(sql, parts):
    assert texts(sql) == parts


def test_a_compound_statement_has_each_of_its_tokens_once_in_its_place():
    (first, last) = statements(b"x; IF 1 THEN a; b; END IF", MYSQL)

    assert [token.text for token in last.tokens] == [
        b"IF", b"1", b"THEN", b"a", b";", b"b", b";", b"END", b"IF"]  # fmt: skip
    for part in (first, last):
        assert all(part.sql[token.start : token.end] == token.text for token in part.tokens)


@pytest.mark.parametrize(
    ("spans", "text"),
    [([], b"abcdef"), ([(1, 3, b"X")], b"aXdef"), ([(0, 1, b""), (4, 6, b"YZ!")], b"bcdYZ!")],
)
def test_spans_of_a_text_are_replaced_in_order(spans, text):
    assert replace_spans(b"abcdef", spans) == text


def test_a_server_is_read_as_mysql_8_unless_it_is_known():
    assert texts(b"SELECT '\\'; /*!80000 x */ /*!80001 ; y */", SqlDialect()) == [
        b"SELECT '\\'; /*!80000 x */ /*!80001 ; y */"]  # fmt: skip
    (found,) = statements(b"/*!80000 a */ /*!80001 b */ /*M! c */", SqlDialect())
    assert found.words == (b"A",)


def test_without_backslash_escapes_a_string_ends_earlier():
    sql = b"SELECT '\\'; x"
    assert texts(sql) == [sql]
    assert texts(sql, SqlDialect(backslash=False)) == [b"SELECT '\\'", b"x"]


@pytest.mark.parametrize(
    ("sql", "dialect", "words"),
    [
        (b"/*! SET */ x", MYSQL, (b"SET", b"X")),
        (b"/*!50000 SET */ x", MYSQL, (b"SET", b"X")),
        (b"/*!99999 SET */ x", MYSQL, (b"X",)),
        (b"/*!99999 SET */x", MYSQL, (b"X",)),
        (b"x /*!99999 SET", MYSQL, (b"X",)),
        (b"/*!90704 SET */ x", MYSQL, (b"SET", b"X")),
        (b"/*!90705 SET */ x", MYSQL, (b"X",)),
        (b"/*!50700 SET */ x", MARIADB, (b"X",)),
        (b"/*!50699 SET */ x", MARIADB, (b"SET", b"X")),
        (b"/*!99999 SET */ x", MARIADB, (b"X",)),
        (b"/*!100000 SET */ x", MARIADB, (b"SET", b"X")),
        (b"/*!101120 SET */ x", MARIADB, (b"X",)),
        (b"/*M!50701 SET */ x", MARIADB, (b"SET", b"X")),
        (b"/*!50701 SET */ x", MARIADB, (b"X",)),
        (b"/*!50600 SET */ x", MARIADB, (b"SET", b"X")),
        (b"/*M!100100 SET */ x", MARIADB, (b"SET", b"X")),
        (b"/*M! SET */ x", MYSQL, (b"X",)),
        (b"/* SET */ select a, b", MYSQL, (b"SELECT", b"A")),
    ],
)
def test_executable_comments_count_as_code_where_the_server_runs_them(sql, dialect, words):
    assert statements(sql, dialect)[0].words == words


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        (b"SELECT @@read_only", [(b"read_only", b"@@read_only", False)]),
        (b"SELECT @@Global . READ_ONLY", [(b"read_only", b"@@Global . READ_ONLY", False)]),
        (b"SELECT @@session.`a`", [(b"a", b"@@session.`a`", False)]),
        (b"SELECT '@@a', \"@@b\", `@@c`, @d /* @@e */", []),
        (b"SET @@a = @@b", [(b"a", b"@@a", True), (b"b", b"@@b", False)]),
        (b"SET x = 1, @@session.a := 2", [(b"a", b"@@session.a", True)]),
        (b"SET x = IF(@@a = 1, 1, @@b = 2)", [(b"a", b"@@a", False), (b"b", b"@@b", False)]),
        (b"SELECT @@a = 1", [(b"a", b"@@a", False)]),
        (b"SELECT @@", []),
        (b"SELECT @@global.", [(b"global", b"@@global", False)]),
    ],
)
def test_system_variables_are_found(sql, found):
    assert [
        (one.name, sql[one.start : one.end], one.target)
        for one in references(statements(sql, MYSQL)[0])
    ] == found


@given(st.binary(max_size=200))
def test_no_text_is_too_odd_and_none_of_it_is_lost(sql):
    for dialect in (MYSQL, MARIADB, SqlDialect(backslash=False)):
        parts = statements(sql, dialect)
        assert b";".join(part.sql for part in parts) in sql
        for part in parts:
            references(part)
