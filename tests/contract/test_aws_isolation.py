"""No AWS client that is made with a local cluster leads to AWS; asked of botocore itself."""

import pytest

from pytest_rdsfailover.aws.client import ApiPlace, make_client
from pytest_rdsfailover.local.aws_api.isolation import CLOSED, is_loopback, no_aws, only

boto3 = pytest.importorskip("boto3")
SERVICES = ("rds", "sts", "secretsmanager", "fis", "iam", "s3", "dynamodb", "cloudwatch")
PLACE = ApiPlace(url="http://127.0.0.1:12345", region="us-east-1", key="k", secret="s")


@pytest.fixture
def worst_case(monkeypatch, tmp_path):
    """An environment that leads to AWS in every way there is."""
    config = tmp_path / "config"
    config.write_text(
        "[default]\nregion = eu-west-1\nservices = real\n[services real]\nrds =\n"
        "  endpoint_url = https://rds.eu-west-1.amazonaws.com\n"
        "[profile work]\nregion = eu-west-1\naws_access_key_id = AKIAREAL\naws_secret_access_key = real\n"
    )
    for name, value in {
        "AWS_CONFIG_FILE": str(config), "AWS_PROFILE": "work", "AWS_ACCESS_KEY_ID": "AKIAREAL",
        "AWS_SECRET_ACCESS_KEY": "real", "AWS_SESSION_TOKEN": "real", "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
        "AWS_ENDPOINT_URL_RDS": "https://rds.eu-west-1.amazonaws.com",
        "AWS_ENDPOINT_URL": "https://gateway.example.com", "HTTP_PROXY": "http://proxy.example.com",
        "AWS_ROLE_ARN": "arn:aws:iam::1:role/real", "AWS_WEB_IDENTITY_TOKEN_FILE": str(config),
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    boto3.DEFAULT_SESSION = None
    yield
    boto3.DEFAULT_SESSION = None


@pytest.mark.usefixtures("worst_case")
@pytest.mark.parametrize("service", SERVICES)
def test_a_client_finds_a_closed_door_and_no_credentials(service):
    with no_aws():
        made = [boto3.client(service), boto3.Session().client(service)]
        keys = {one._request_signer._credentials.access_key for one in made}

    assert {one.meta.endpoint_url for one in made} == {CLOSED}
    assert keys == {"local-cluster"}


@pytest.mark.usefixtures("worst_case")
@pytest.mark.parametrize("service", SERVICES)
def test_with_the_local_api_a_client_finds_that_and_nothing_else(service):
    with no_aws(), only(PLACE):
        client = boto3.client(service)

    assert client.meta.endpoint_url == PLACE.url
    assert client._request_signer._credentials.access_key == "k"


@pytest.mark.usefixtures("worst_case")
@pytest.mark.parametrize("service", SERVICES)
def test_our_own_clients_do_not_look_at_the_environment_at_all(service):
    client = make_client(PLACE, service)

    assert client.meta.endpoint_url == PLACE.url
    assert client._request_signer._credentials.access_key == "k"
    assert client.meta.config.proxies == {}


@pytest.mark.usefixtures("worst_case")
def test_the_closed_door_is_closed():
    from botocore.config import Config
    from botocore.exceptions import EndpointConnectionError

    with no_aws():
        client = boto3.client("rds", config=Config(retries={"total_max_attempts": 1}, proxies={}))
    with pytest.raises(EndpointConnectionError, match="rds_aws"):
        client.describe_db_clusters()


@pytest.mark.usefixtures("worst_case")
def test_afterwards_all_is_as_before():
    import os

    before = dict(os.environ)
    mine = boto3.DEFAULT_SESSION = boto3.Session()
    with pytest.raises(KeyError), no_aws(), only(PLACE):
        raise KeyError
    assert dict(os.environ) == before
    assert boto3.DEFAULT_SESSION is mine


def test_an_endpoint_of_this_machine_stays():
    theirs = {
        "AWS_ENDPOINT_URL": "http://localhost:4566",
        "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9000",
    }
    environ = dict(theirs)
    with no_aws(environ):
        assert theirs.items() <= environ.items()
        assert environ["AWS_ACCESS_KEY_ID"] == "local-cluster"
    assert environ == theirs


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1", "http://127.9.9.9", "http://[::1]:80", "http://localhost/x"]
)
def test_this_machine_is_known_by_its_addresses(url):
    assert is_loopback(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://rds.eu-west-1.amazonaws.com",
        "http://localhost.example.com",
        "http://10.0.0.1",
        "",
        "x",
    ],
)
def test_everywhere_else_is_elsewhere(url):
    assert not is_loopback(url)
