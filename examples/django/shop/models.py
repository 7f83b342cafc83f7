"""What is sold."""

from django.db import models


class Order(models.Model):
    """An order; its reference comes from the customer, and comes again if nobody answers."""

    ref = models.CharField(max_length=64, unique=True)

    def __str__(self):
        return self.ref
