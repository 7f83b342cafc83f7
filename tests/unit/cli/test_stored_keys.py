"""Which queries tell what is stored, and how often."""

import pytest

from pytest_rdsfailover.cli.stored_keys import check_query
from pytest_rdsfailover.model.errors import SettingError


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT ref FROM orders;",
        "/* keys */ select `limit`, 'UNION' from orders -- DISTINCT",
        "(SELECT ref FROM a) UNION ALL (SELECT ref FROM b)",
        "WITH keys_of AS (SELECT ref FROM orders) SELECT ref FROM keys_of",
        "SELECT ref FROM orders WHERE id IN (SELECT id FROM lines GROUP BY id)",
        "SELECT ref FROM (SELECT ref, MAX(v) FROM events GROUP BY ref) AS latest",
        "TABLE orders",
    ],
)
def test_a_query_of_all_rows_is_taken(sql):
    check_query(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM orders",
        "delete from orders where ref = 'SELECT'",
        "WITH old AS (SELECT 1) DELETE FROM orders",
        "SELECT ref FROM orders INTO OUTFILE '/tmp/x'",
        "SELECT 1; DELETE FROM orders",
        "CALL purge()",
        "DO 1",
        "",
        "-- SELECT ref FROM orders",
        "/*!50000 DELETE FROM orders */",
        "(DELETE FROM orders)",
    ],
)
def test_what_is_no_query_is_refused(sql):
    with pytest.raises(SettingError, match="is not one query, and is not run; write a SELECT"):
        check_query(sql)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT DISTINCT ref FROM orders", "DISTINCT .*leave it out"),
        ("(select distinct(ref) from orders)", "DISTINCT .*leave it out"),
        ("SELECT ref FROM orders GROUP BY ref", "GROUP BY out"),
        ("SELECT ref FROM orders HAVING ref > 'a'", "HAVING .*leave it out"),
        ("SELECT ref FROM a UNION SELECT ref FROM b", "write UNION ALL"),
        ("(SELECT ref FROM a) UNION DISTINCT (SELECT ref FROM b)", "write UNION ALL"),
        ("SELECT ref FROM a UNION ALL (SELECT DISTINCT ref FROM b)", "DISTINCT"),
        ("SELECT ref FROM orders LIMIT 1000", "LIMIT"),
        ("SELECT ref FROM orders FETCH FIRST 9 ROWS ONLY", "leave FETCH FIRST out"),
        ("WITH a AS (SELECT 1) SELECT DISTINCT ref FROM orders", "DISTINCT"),
    ],
)
def test_a_query_that_leaves_rows_out_is_refused_with_the_remedy(sql, said):
    with pytest.raises(SettingError, match=said):
        check_query(sql)
