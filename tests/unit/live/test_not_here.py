"""What only a local cluster can do is there on a real one as well, and skips the test."""

import pytest

from pytest_rdsfailover.live.api import LiveApi
from pytest_rdsfailover.live.cluster import LiveCluster
from pytest_rdsfailover.live.proxy import LiveProxy
from pytest_rdsfailover.model.errors import NotHereError

PROXY = LiveProxy()


@pytest.mark.parametrize(
    "ask",
    [
        lambda: PROXY.stats(),  # noqa: PLW0108 - each as a test asks
        lambda: PROXY.settings,
        lambda: PROXY.modify(require_tls=True),
        lambda: PROXY.secrets,
        lambda: PROXY.add_secret('{"username": "u", "password": "hush"}'),
        lambda: PROXY.begin({"require_tls": True}),
        lambda: LiveCluster.write_forwarding(None),
        lambda: LiveCluster.proxy_reader_endpoint.fget(None),
        lambda: LiveApi(None, "orders").environment(),
        lambda: LiveApi(None, "orders").impaired(lag="2s"),
    ],
)
def test_what_a_real_cluster_cannot_do_says_so(ask):
    with pytest.raises(NotHereError) as refused:
        ask()

    assert "hush" not in str(refused.value)


def test_what_a_real_cluster_can_say_is_said():
    assert PROXY.pins == []
    assert LiveApi(None, "orders").cluster == "orders"
    PROXY.begin({})
