"""The coroutines of an application, with the engine that the test's own loop has made."""

import pytest
import pytest_asyncio
from orders import Orders


@pytest_asyncio.fixture
async def orders(rds_cluster):
    orders = Orders(rds_cluster.writer_endpoint.url("mysql+aiomysql"))
    await orders.create()
    yield orders
    await orders.close()


@pytest.mark.asyncio
async def test_orders_survive_a_failover(rds_trial, rds_cluster, orders):
    trial = await rds_trial.run(
        rds_cluster.writer_endpoint,
        workload=orders.place,
        stored=orders.all_references,
        writers=8,
        rate=100,
    )

    trial.expect(downtime="< 3s", lost=0, duplicated=0, stuck_writers=0)


@pytest.mark.asyncio
async def test_orders_survive_what_the_test_does_itself(
    rds_load, rds_failover, rds_cluster, orders
):
    endpoint = rds_cluster.writer_endpoint
    async with rds_load(endpoint, workload=orders.place, stored=orders.all_references) as load:
        await load.warm_up()
        await rds_failover.run()

    load.trial.expect(lost=0, duplicated=0, stuck_writers=0)
