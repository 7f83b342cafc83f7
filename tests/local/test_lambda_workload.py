"""A function of the user's own as the workload: what is tested is their code, in Lambda."""

import io
import zipfile

import pytest

pytest.importorskip("moto")
pytest.importorskip("awslambdaric")

import fleets
from fitness import fit

from pytest_rdsfailover.load import package
from pytest_rdsfailover.load.invocations import LambdaWorkload
from pytest_rdsfailover.model.errors import SettingError, ToldError
from pytest_rdsfailover.model.records import Outcome

pytestmark = [pytest.mark.local, pytest.mark.one_server]
SOURCE = """
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


@pytest.fixture
def api(resting):
    yield resting.aws.client("lambda", answer_within=20.0)
    resting.aws.undo()


@pytest.fixture
def orders(api, resting):
    """The name of the function, whose table is there."""
    with resting.writer_endpoint.connect() as connection:
        connection.cursor().execute("CREATE TABLE orders (ref VARCHAR(64) PRIMARY KEY)")
    buffer = io.BytesIO(package.packed())
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("orders.py", SOURCE)
    api.create_function(
        FunctionName="orders", Runtime="python3.13", Handler="orders.handler", Timeout=2,
        Role=fleets.ROLE, Code={"ZipFile": buffer.getvalue()},
        Environment={"Variables": resting.writer_endpoint.env()},
    )  # fmt: skip
    yield "orders"
    with resting.audit_endpoint().connect() as connection:
        connection.cursor().execute("DROP TABLE orders")


def test_a_function_of_the_user_s_is_put_under_load_and_judged(api, resting, runner, orders):
    def stored():
        with resting.audit_endpoint().connect() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT ref FROM orders")
            return [ref for (ref,) in cursor.fetchall()]

    trial = fit(
        lambda: runner.trial(
            resting.writer_endpoint, writers=4, rate=60.0, warmup="1500ms", bound="10s",
            calm_not_issued="100%", workload=LambdaWorkload(function=orders, client=api),
            stored=stored,
        )
    )  # fmt: skip
    assert trial.lost == trial.duplicated == trial.unexpected == []
    assert trial.acked > 50
    assert trial.refused + trial.unknown > 0  # their connections were cut
    assert trial.downtime.upper > 0
    tries = trial.attempts
    assert tries.count == tries.acked + tries.refused + tries.unknown > trial.attempted
    assert tries.retried > 0
    assert 0 < tries.downtime.lower <= trial.downtime.upper
    assert {phase.code for phase in tries.errors} & {1290, 1836, 2003, 2013}


@pytest.mark.usefixtures("orders")
@pytest.mark.parametrize(
    ("key", "outcome", "fault"),
    [
        ("raise", Outcome.UNKNOWN, (0, "server")),
        ("exit", Outcome.UNKNOWN, (0, "reset")),
        ("slow", Outcome.UNKNOWN, (0, "timeout")),
        ("throttled", Outcome.REFUSED, (429, "server")),
        ("nobody", Outcome.REFUSED, (404, "server")),
    ],
)
def test_what_became_of_an_invocation_says_what_may_be_stored(api, key, outcome, fault):
    if key == "throttled":
        api.put_function_concurrency(FunctionName="orders", ReservedConcurrentExecutions=0)
    workload = LambdaWorkload(function="nobody" if key == "nobody" else "orders", client=api)
    with pytest.raises(ToldError) as caught:
        workload.write(key, workload.open())
    assert caught.value.outcome is outcome
    assert (caught.value.fault.code, caught.value.fault.kind) == fault


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"function": ""}, "has a name"),
        ({"client": None}, r"rds_aws\.client"),
        ({"event": {"key": 1}}, "is the key to write"),
    ],
)
def test_what_can_never_write_a_key_is_refused(api, changes, why):
    with pytest.raises(SettingError, match=why):
        LambdaWorkload(**{"function": "f", "client": api, **changes})
