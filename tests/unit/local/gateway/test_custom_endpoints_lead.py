"""Which instances a custom endpoint leads to."""

import pytest

from pytest_rdsfailover.local.gateway.custom_endpoints import CustomEndpoint


@pytest.mark.parametrize(
    ("chosen", "leads"),
    [
        ({"kind": "ANY"}, "w r"),
        ({"kind": "READER"}, "r"),
        ({"kind": "ANY", "members": ("w",)}, "w"),
        ({"kind": "READER", "members": ("w",)}, ""),
        ({"kind": "ANY", "excluded": ("r",)}, "w"),
        ({"kind": "READER", "excluded": ("r",)}, ""),
    ],
)
def test_an_endpoint_leads_to_its_members_and_a_readers_one_never_to_the_writer(chosen, leads):
    endpoint = CustomEndpoint(name="e", host="h", port=1, **chosen)

    assert " ".join(each for each in "wr" if endpoint.leads_to(each, writer=each == "w")) == leads
