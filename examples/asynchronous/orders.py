"""An application of coroutines, whose pool leaves a writer that turns read-only."""

import sqlalchemy
from sqlalchemy.ext.asyncio import create_async_engine

READ_ONLY = (1290, 1836)


class Orders:
    """Places orders by an engine that belongs to the event loop in which it is used first."""

    def __init__(self, url):
        self._engine = create_async_engine(url, pool_size=8, pool_pre_ping=True)
        sqlalchemy.event.listen(self._engine.sync_engine, "handle_error", leave_if_read_only)

    async def create(self):
        await self._execute("CREATE TABLE async_orders (reference VARCHAR(64) PRIMARY KEY)")

    async def place(self, reference):
        await self._execute("INSERT INTO async_orders VALUES (:reference)", reference=reference)

    async def all_references(self):
        return [row.reference for row in await self._execute("SELECT reference FROM async_orders")]

    async def close(self):
        await self._execute("DROP TABLE async_orders")
        await self._engine.dispose()

    async def _execute(self, statement, **values):
        async with self._engine.begin() as connection:
            found = await connection.execute(sqlalchemy.text(statement), values)
            return found.all() if found.returns_rows else []


def leave_if_read_only(context):
    """Make the pool drop its connections to a writer that was demoted."""
    if context.original_exception.args[:1] and context.original_exception.args[0] in READ_ONLY:
        context.is_disconnect = True
