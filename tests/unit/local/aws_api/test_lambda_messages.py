import io
import json

import pytest

from pytest_rdsfailover.local.aws_api.lambda_messages import (
    asked_of,
    body_of,
    chosen_of,
    context_of,
    named,
    package_of,
    refused,
)
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


@pytest.mark.parametrize(
    ("code", "what"),
    [
        (None, "as ZipFile only"), ({"S3Bucket": "b"}, "as ZipFile only"), ({"ZipFile": 7}, "as ZipFile only"),
        ({"ZipFile": "no base64!"}, "ZipFile: "), ({"ZipFile": "YQ"}, "ZipFile: .*padding"),
    ],
)  # fmt: skip
def test_a_package_that_is_none_is_refused(code, what):
    with pytest.raises(FunctionError, match=f"InvalidParameterValueException.*{what}"):
        package_of(code)


def test_a_package_comes_in_base64():
    assert package_of({"ZipFile": "YWI="}) == b"ab"


def call(body, size=None):
    return {
        "CONTENT_LENGTH": str(len(body) if size is None else size),
        "wsgi.input": io.BytesIO(body),
    }


def test_a_call_carries_one_json_object_or_nothing():
    assert (asked_of(call(b'{"a": 1}')), asked_of(call(b"")), asked_of({"wsgi.input": None} | call(b""))) == (
        {"a": 1}, {}, {},
    )  # fmt: skip
    for body in (b"[]", b"{", b"7"):
        with pytest.raises(FunctionError, match="no JSON object") as caught:
            asked_of(call(body))
        assert caught.value.status == 400


def test_a_body_that_is_too_large_is_read_away_and_refused():
    last = call(b"12345" + b"next call", 5)
    assert body_of(last, 5) == b"12345"
    large = call(b"12345" + b"next call", 5)
    with pytest.raises(FunctionError, match="smaller than 4 bytes") as caught:
        body_of(large, 4)
    assert caught.value.status == 413
    assert large["wsgi.input"].read() == b"next call"


def test_what_an_invoker_sends_along_is_text_in_base64_or_nothing():
    assert (context_of("eyJhIjoxfQ=="), context_of("!"), context_of("w6k=")) == ('{"a":1}', "", "")


def test_a_refusal_says_whose_fault_it_is_and_why():
    plain = refused(FunctionError(404, "ResourceNotFoundException", "gone"))
    assert (plain.status, plain.headers) == (404, {"x-amzn-ErrorType": "ResourceNotFoundException"})
    assert json.loads(plain.body) == {"Type": "User", "message": "gone", "Message": "gone"}
    told = refused(FunctionError(429, "TooManyRequestsException", "later", reason="Concurrency"))
    assert json.loads(told.body)["Reason"] == "Concurrency"


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
