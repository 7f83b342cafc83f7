"""Settings of the shop; where its database is, its environment or its tests say."""

import os

SECRET_KEY = "of a test"
INSTALLED_APPS = ["shop"]
USE_TZ = True
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.mysql",
        "HOST": os.environ.get("DB_HOST", ""),
        "PORT": os.environ.get("DB_PORT", ""),
        "USER": os.environ.get("DB_USER", ""),
        "PASSWORD": os.environ.get("DB_PASSWORD", ""),
        "NAME": os.environ.get("DB_NAME", ""),
        "CONN_MAX_AGE": None,  # connections are kept, as in production
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": 1, "read_timeout": 2, "write_timeout": 2},
    }
}
