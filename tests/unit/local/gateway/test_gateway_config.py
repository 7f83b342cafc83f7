import pytest

from pytest_rdsfailover.local.gateway.config import Config, decode, encode
from pytest_rdsfailover.local.gateway.proxy.secrets import Secret
from pytest_rdsfailover.model.errors import GatewayError

CONFIG = Config(
    instances=3, control="/run/control", user="admin", password="hidden-word",
    secrets=(Secret(username="app", password="hidden-word", dbname="shop"),), prefix="rds-",
)  # fmt: skip


def test_a_configuration_comes_back_from_its_line():
    line = encode(CONFIG)
    assert "\n" not in line
    assert decode(line) == CONFIG


@pytest.mark.parametrize(
    "text",
    ["", "hidden-word", "[]", '{"password": "hidden-word"}', '{"password": ["hidden-word"]}'],
)
def test_what_is_no_configuration_is_refused_without_its_text(text):
    with pytest.raises(GatewayError, match="no configuration") as raised:
        decode(text)
    assert "hidden-word" not in str(raised.value)
