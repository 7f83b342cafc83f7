"""Where Django's database is, which nobody knows before the cluster stands."""

import pytest
from django.conf import settings


@pytest.fixture(scope="session")
def django_db_modify_db_settings(rds_session_cluster):
    """Lead Django to the run's cluster before pytest-django makes the tables."""
    endpoint, database = rds_session_cluster.writer_endpoint, settings.DATABASES["default"]
    database.update(
        HOST=endpoint.host,
        PORT=endpoint.port,
        USER=endpoint.user,
        PASSWORD=endpoint.secret(),
        NAME=endpoint.database,
    )
    database["TEST"]["NAME"] = endpoint.database
