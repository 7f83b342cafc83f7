"""Which statements may not be sent to the server as they are, told by their text alone."""

from pytest_rdsfailover.mysql.statements import Statement, references

ASK_WITHIN = 1 << 16  # bytes of a text in which names are looked for
# One of these is in each text that asks for what only Aurora, or RDS, knows, or that waits in a function.
NAMES = (
    "REPLICA",
    "AURORA_GLOBAL",
    "AURORA_VERSION",
    "VARIABLES",
    "RDS_KILL",
    "VOLUME",
    "SIMULATE",
    "SESSION_STATUS",
    "SLEEP",
    "GET_LOCK",
    "BENCHMARK",
    "_WAIT",
    "WAIT_FOR",
    "AWSAUTH",
)


def is_stored(statement: Statement) -> bool:
    """Tell whether a server may store a statement's text, as of a view.

    Of `CREATE TABLE ... SELECT` it stores rows only.
    """
    words = statement.words
    if words[:1] not in ((b"CREATE",), (b"ALTER",)):
        return False
    queried = b"TABLE" in words[1:5] and b"SELECT" in statement.all_words
    return not queried or bool(references(statement))


def is_special(sql: bytes) -> bool:
    """Tell whether a text may be one that is not sent as it is; looks at its beginning only."""
    begin = sql[:ASK_WITHIN].upper().decode("latin-1")  # a search in bytes is several times as slow
    for name in NAMES:
        if name in begin:
            return True
    shows = "SHOW" in begin and ("INFORMATION_SCHEMA" in begin or "STATUS" in begin)
    return shows or b"@@" in sql
