"""A web service that takes orders: FastAPI, SQLAlchemy's pool, and a database that may be away."""

import os

import sqlalchemy as sa
from fastapi import FastAPI, HTTPException

READ_ONLY = (1290, 1836)  # this is no writer any more
ADD = sa.text("INSERT INTO orders (ref) VALUES (:ref)")

engine = sa.create_engine(os.environ["DATABASE_URL"], pool_size=8, pool_timeout=2)
app = FastAPI()


@sa.event.listens_for(engine, "handle_error")
def leave_readers(context):
    """Drop the pool when the database says that it is a reader; it would stay so for ever."""
    if context.original_exception.args[:1] and context.original_exception.args[0] in READ_ONLY:
        context.is_disconnect = True


@app.post("/orders", status_code=201)
def place(ref: str):
    """Place an order; 503 says that it is not known whether it is stored, and 409 that it is."""
    try:
        with engine.begin() as connection:
            connection.execute(ADD, {"ref": ref})
    except sa.exc.IntegrityError as error:
        raise HTTPException(409, "there is such an order") from error
    except sa.exc.SQLAlchemyError as error:
        raise HTTPException(503, "the database does not answer") from error
    return {"ref": ref}
