"""A promoted reader that is small is slow until it has grown."""

import statistics
import time

import pytest

pytestmark = [pytest.mark.local, pytest.mark.one_server]

SMALL, GROWTH = 0.08, 4.0  # seconds
PROFILE = f"""
refused = "100ms"
promotion = "150ms"
dns = "200ms"
small = "{SMALL}s"
growth = "{GROWTH}s"
"""


def lasting(connection, times=5):
    """Return how long a statement takes, in seconds: the median of some."""
    durations = []
    for _ in range(times):
        began = time.monotonic()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        durations.append(time.monotonic() - began)
    return statistics.median(durations)


def test_each_command_takes_longer_at_the_new_writer_until_it_has_grown(resting, tmp_path):
    profile = tmp_path / "small.toml"
    profile.write_text(PROFILE)
    bystander = resting.instance_endpoint(resting.readers[1])
    with bystander.connect() as other:
        usual = lasting(other)
        resting.fail_over(resting.readers[0], profile=str(profile))
        resting.rest()
        with (
            resting.writer_endpoint.connect() as direct,
            resting.proxy_endpoint.connect() as proxied,
        ):
            slow = lasting(direct), lasting(proxied)
            elsewhere = lasting(other)
            time.sleep(GROWTH)
            grown = lasting(direct), lasting(proxied)

    assert min(slow) - max(usual, elsewhere, *grown) > SMALL / 4
