"""AWS's own Python driver follows a blue/green switchover by its plugin `bg`: its real package, unmodified."""

import gc
import secrets
import threading

import mysql.connector
import pytest
from aws_advanced_python_wrapper import AwsWrapperConnection, release_resources
from aws_advanced_python_wrapper.blue_green_plugin import BlueGreenPlugin, BlueGreenStatus
from aws_advanced_python_wrapper.database_dialect import DatabaseDialectManager
from aws_advanced_python_wrapper.plugin_service import PluginServiceImpl
from aws_advanced_python_wrapper.utils.rds_utils import RdsUtils
from waiting import until

pytestmark = [
    pytest.mark.local,
    # The wrapper leaves its monitors' sockets to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning"),
]

# Each phase lasts longer than the driver may take to notice it.
SWITCHOVER = """
prepare = "500ms"
drop = "500ms"
switch = "1s"
blue_dns = "2500ms"
green_dns = "3s"
"""


@pytest.fixture
def deployment(resting):
    """A deployment under names that the wrapper, which caches by name, has never seen."""
    with resting.aws_names("eu-west-1"):
        with resting.blue_green() as deployment:
            yield deployment
            resting.rest()
            providers = list(BlueGreenPlugin._status_providers.values())
            monitors = [monitor for provider in providers for monitor in provider._monitors]
            for monitor in monitors:
                monitor.stop.set()
            for monitor in monitors:
                monitor._monitor_thread.join(10)
            BlueGreenPlugin._status_providers.clear()
            release_resources()
        PluginServiceImpl._host_availability_expiring_cache.clear()
        DatabaseDialectManager._known_endpoint_dialects.clear()
        RdsUtils.clear_cache()
        gc.collect()  # here its forgotten sockets may be complained about


def connect(endpoint, bg_id):
    return AwsWrapperConnection.connect(
        mysql.connector.connect,
        host=endpoint.host, port=endpoint.port, user=endpoint.user, password=endpoint.password,
        database=endpoint.database, use_pure=True, autocommit=True,
        collation="utf8mb4_general_ci", connect_timeout=3, socket_timeout=5,
        plugins="bg", bg_id=bg_id, bg_interval_baseline_ms=50, bg_interval_increased_ms=50,
        bg_interval_high_ms=50,
    )  # fmt: skip


class Phases:
    """The phases that the driver has seen, in order."""

    def __init__(self, connection, bg_id):
        self._service, self._bg_id = connection._plugin_service, bg_id
        self._stop = threading.Event()
        self.seen = []
        self._thread = threading.Thread(target=self._watch)

    @property
    def status(self):
        return self._service.get_status(BlueGreenStatus, self._bg_id)

    def _watch(self):
        while not self._stop.wait(0.005):
            status = self.status
            if status is not None and self.seen[-1:] != [status.phase.name]:
                self.seen.append(status.phase.name)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()


@pytest.mark.one_server
@pytest.mark.parametrize("way", ["writer_endpoint", "proxy_endpoint"])
def test_the_plugin_sees_each_phase_and_goes_to_green(resting, deployment, tmp_path, way):
    profile = tmp_path / "short.toml"
    profile.write_text(SWITCHOVER)
    bg_id, writer = secrets.token_hex(4), resting.writer
    pairs = 2 + len(resting.instances)  # endpoints of the cluster, and of each instance
    endpoint = getattr(resting, way)
    with connect(endpoint, bg_id) as connection, Phases(connection, bg_id) as phases:
        until(lambda: phases.status is not None)
        until(lambda: len(phases.status.corresponding_hosts or {}) == pairs)
        switchover = deployment.switch_over(str(profile))
        until(lambda: "POST" in phases.seen)
        done = {mark.name for mark in switchover.milestones()}
        until(lambda: "COMPLETED" in phases.seen)
    with connect(endpoint, bg_id) as moved, moved.cursor() as cursor:
        cursor.execute("SELECT @@aurora_server_id, @@innodb_read_only")
        answer = cursor.fetchone()

    assert "switched" in done
    assert "blue_dns" not in done
    assert answer == (writer, 0)
    order = ["CREATED", "PREPARATION", "IN_PROGRESS", "POST", "COMPLETED"]
    assert [name for name in phases.seen if name != "NOT_CREATED"][: len(order)] == order
