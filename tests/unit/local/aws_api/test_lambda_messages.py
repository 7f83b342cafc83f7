import pytest

from pytest_rdsfailover.local.aws_api.lambda_messages import chosen_of, named
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


@pytest.mark.parametrize("named_by", ["", "arn:aws:lambda:us-east-2:123456789012:function:"])
def test_a_function_has_no_versions_and_aliases(named_by):
    name = f"{named_by}orders"
    for latest in ((name, ""), (f"{name}:$LATEST", ""), (name, "Qualifier=%24LATEST")):
        assert named(*latest) == "orders"
    for other in ((f"{name}:live", ""), (f"{name}%3Alive", ""), (name, "Qualifier=live")):
        with pytest.raises(
            FunctionError, match=r"Function not found: orders:live; a local cluster"
        ):
            named(*other)
