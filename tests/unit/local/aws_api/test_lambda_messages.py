import pytest

from pytest_rdsfailover.local.aws_api.lambda_messages import chosen_of
from pytest_rdsfailover.local.functions.settings import FunctionError


def test_a_call_names_the_settings_that_it_changes():
    asked = {"Timeout": 30, "Environment": {"Variables": {"A": "b"}}, "Layers": []}

    assert chosen_of(asked) == {"timeout": 30, "variables": {"A": "b"}}
    assert chosen_of({"Environment": {}}) == {"variables": {}}


@pytest.mark.parametrize(
    ("asked", "what"),
    [
        ({"Timeout": "30"}, "timeout is no whole number"),
        ({"Handler": None}, "handler is no text"),
        ({"Environment": "A=b"}, "variables is no object"),
        ({"Environment": {"Variables": {"A": 1}}}, "variables is no object|is no text"),
    ],
)
def test_a_setting_of_the_wrong_type_is_refused(asked, what):
    with pytest.raises(FunctionError, match=f"InvalidParameterValueException.*{what}"):
        chosen_of(asked)
