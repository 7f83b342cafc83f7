"""A function as teams write it: the connection is made once, and kept for the next invocation."""

import os
import time

import pymysql

_connection = None


def connection():
    global _connection  # noqa: PLW0603 - how functions keep what is expensive to make
    if _connection is None:
        _connection = pymysql.connect(
            host=os.environ["DB_HOST"],
            port=int(os.environ["DB_PORT"]),
            user=os.environ["DB_USER"],
            password=os.environ["DB_PASSWORD"],
            database=os.environ["DB_NAME"],
            ssl_disabled=True,
            autocommit=True,
        )
    return _connection


def handler(event, context):  # noqa: ARG001 - as Lambda calls it
    with connection().cursor() as cursor:
        cursor.execute("SELECT CONNECTION_ID()")
        (number,) = cursor.fetchone()
    time.sleep(event.get("busy", 0))
    return {"connection": number}
