"""Functions for tests: the load function, that with something wrong beside it, and a user's own."""

import io
import uuid
import zipfile
from contextlib import contextmanager

from pytest_rdsfailover.load import package

ROLE = "arn:aws:iam::123456789012:role/load"
# What a function of a number does instead; `FUNCTION` is that number.
SOURCE = """
import base64, json, os, time, zlib
from rdsfailover_load import handler as honest
{before}
def handler(event, context):
    number = event.get("function")
    {instead}
    answer = honest(event, context)
    {after}
    return answer
"""


def spoiled(*, before="", instead="pass", after="pass"):
    """Return the package with a handler of its own, `spoiled.handler`, around the load function."""
    buffer = io.BytesIO(package.packed())
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("spoiled.py", SOURCE.format(before=before, instead=instead, after=after))
    return buffer.getvalue()


def made(api, code=None, *, timeout=60):
    """Make the load function; return its name, which no other has on this machine."""
    name = f"load-{uuid.uuid4().hex[:12]}"
    api.create_function(
        FunctionName=name, Runtime="python3.11", Timeout=timeout, Role=ROLE,
        Handler=package.HANDLER if code is None else "spoiled.handler",
        Code={"ZipFile": package.packed() if code is None else code},
    )  # fmt: skip
    return name


class BucketOf:
    """A new bucket of a client of S3."""

    def __init__(self, client):
        self.client, self.name = client, f"results-{uuid.uuid4().hex[:12]}"
        client.create_bucket(
            Bucket=self.name,
            CreateBucketConfiguration={"LocationConstraint": client.meta.region_name},
        )

    def names(self):
        """Return the names of all objects in it."""
        found = self.client.list_objects_v2(Bucket=self.name)
        return [item["Key"] for item in found.get("Contents", ())]


# A function as users write it: it keeps its connection, tries again by itself, and reports its tries.
ORDERS = """
import os, time
import pymysql
kept = None
def handler(event, context):
    global kept
    if event["key"] == "slow": time.sleep(30)
    if event["key"] == "exit": os._exit(1)
    if event["key"] == "raise": raise ValueError("no")
    tries = []
    for _ in range(3):
        began, code = time.time(), None
        try:
            insert(event["key"])
        except pymysql.err.MySQLError as error:
            kept, code = None, error.args[0]
        code = None if code == 1062 else code  # the try before has stored it
        tries.append([began, time.time(), code])
        if code is None:
            break
        time.sleep(0.1)
    return {"tries": tries}
def insert(key):
    global kept
    kept = kept or pymysql.connect(
        host=os.environ["DB_HOST"], port=int(os.environ["DB_PORT"]), user=os.environ["DB_USER"],
        password=os.environ["DB_PASSWORD"], database=os.environ["DB_NAME"], ssl_disabled=True,
        autocommit=True, connect_timeout=0.3, read_timeout=0.3,
    )
    kept.cursor().execute("INSERT INTO orders VALUES (%s)", (key,))
"""


@contextmanager
def orders(api, cluster):
    """Have a function `orders` that inserts each key into a table of a local cluster; give its name."""
    with cluster.audit_endpoint().connect() as connection:
        connection.cursor().execute("CREATE TABLE orders (ref VARCHAR(64) PRIMARY KEY)")
    buffer = io.BytesIO(package.packed())
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("orders.py", ORDERS)
    api.create_function(
        FunctionName="orders", Runtime="python3.13", Handler="orders.handler", Timeout=2,
        Role=ROLE, Code={"ZipFile": buffer.getvalue()},
        Environment={"Variables": cluster.writer_endpoint.env()},
    )  # fmt: skip
    yield "orders"
    with cluster.audit_endpoint().connect() as connection:
        connection.cursor().execute("DROP TABLE orders")


def stored_orders(cluster):
    """Return all keys that the function has stored."""
    with cluster.audit_endpoint().connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT ref FROM orders")
        return [ref for (ref,) in cursor.fetchall()]
