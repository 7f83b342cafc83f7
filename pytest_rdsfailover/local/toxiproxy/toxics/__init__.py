"""The toxics by the type name that the REST API gives them; the only list of them."""

from pytest_rdsfailover.local.toxiproxy.toxic import StreamToxic
from pytest_rdsfailover.local.toxiproxy.toxics.bandwidth import Bandwidth
from pytest_rdsfailover.local.toxiproxy.toxics.latency import Latency
from pytest_rdsfailover.local.toxiproxy.toxics.limit_data import LimitData
from pytest_rdsfailover.local.toxiproxy.toxics.noop import Noop
from pytest_rdsfailover.local.toxiproxy.toxics.reset_peer import ResetPeer
from pytest_rdsfailover.local.toxiproxy.toxics.slicer import Slicer
from pytest_rdsfailover.local.toxiproxy.toxics.slow_close import SlowClose
from pytest_rdsfailover.local.toxiproxy.toxics.timeout import Timeout

KINDS: dict[str, type[StreamToxic]] = {
    "bandwidth": Bandwidth,
    "latency": Latency,
    "limit_data": LimitData,
    "noop": Noop,
    "reset_peer": ResetPeer,
    "slicer": Slicer,
    "slow_close": SlowClose,
    "timeout": Timeout,
}
