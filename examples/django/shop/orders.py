"""Places orders, each as a request of its own would: Django looks after connections between requests."""

from django.db import OperationalError, close_old_connections, connection

from shop.models import Order

READ_ONLY = (1290, 1836)  # this is no writer any more


def place(ref):
    """Place an order; what Django does before and after a request is done here, too."""
    close_old_connections()
    try:
        Order.objects.create(ref=ref)
    finally:
        close_old_connections()


def place_and_leave_readers(ref):
    """Place an order, and hang up on a database that has become a reader."""
    try:
        place(ref)
    except OperationalError as error:
        if error.args[0] in READ_ONLY:
            connection.close()
        raise
