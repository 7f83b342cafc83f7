"""What all tests share: pytester, and which tests a plain `pytest` leaves to a longer run."""

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

HERE = Path(__file__).parent
# Whole matrices and long stories. `scripts/test tests` runs all, a path of theirs runs these;
# a run without arguments leaves them out (it took 14 minutes without them) and says how many.
EXTENDED = {
    "live": None,
    "local": {
        "test_aws_names.py", "test_aws_wrapper.py", "test_calibrate.py", "test_clock.py",
        "test_control_plane.py", "test_crash_statement.py", "test_drivers.py",
        "test_endpoint_tls.py", "test_example_aws_wrapper.py", "test_load_fast.py",
        "test_proxy_failover.py", "test_proxy_isolation.py", "test_proxy_login.py",
        "test_proxy_sharing.py", "test_sysbench.py",
    },
    "plugin": {
        "test_aws.py", "test_example_proxy.py", "test_examples.py",
    },
}  # fmt: skip
KILLS = "test_a_server_that_is_killed_at_any_moment"  # a pytest each, ended by its own errors


def is_extended(item: pytest.Item) -> bool:
    """Tell whether a test is left to the longer run."""
    path = item.path
    if item.name.startswith(KILLS):
        return True
    folder, *_ = path.relative_to(HERE).parts
    names = EXTENDED.get(folder, set())
    return names is None or path.name in names


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what takes long, unless the command names paths."""
    if config.args_source is not pytest.Config.ArgsSource.TESTPATHS:
        return
    left = [item for item in items if is_extended(item)]
    if left:
        items[:] = [item for item in items if not is_extended(item)]
        config.hook.pytest_deselected(items=left)
