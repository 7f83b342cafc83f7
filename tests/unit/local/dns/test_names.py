import contextlib
import socket

import pytest
from clocks import SteppingClock

from pytest_rdsfailover.local.dns.names import AwsNames, Record, Resolver, check_region
from pytest_rdsfailover.model.errors import GatewayError, SettingError

NAMES = AwsNames(region="eu-west-1", account="cxyz", abroad={"instance-3": "us-west-2"})
CUSTOM = "reports.cluster-custom-cxyz.eu-west-1.rds.amazonaws.com"
WRITER = "rdsfailover.cluster-cxyz.eu-west-1.rds.amazonaws.com"


@pytest.fixture
def where():
    return {"host": "127.0.0.11"}


@pytest.fixture
def resolver(where):
    records = {WRITER: Record(lambda: (where["host"], 13306))}
    return Resolver(NAMES, records, {"reports": ("127.0.0.6", 13306)}.get)


def found(*arguments, **options):
    return {entry[4] for entry in socket.getaddrinfo(*arguments, **options)}


@pytest.mark.parametrize(
    ("endpoint", "name"),
    [
        ("cluster", "rdsfailover.cluster-cxyz.eu-west-1.rds.amazonaws.com"),
        ("reader", "rdsfailover.cluster-ro-cxyz.eu-west-1.rds.amazonaws.com"),
        ("proxy", "rdsfailover.proxy-cxyz.eu-west-1.rds.amazonaws.com"),
        ("proxy-reader", "rdsfailover-read-only.endpoint.proxy-cxyz.eu-west-1.rds.amazonaws.com"),
        ("instance-2", "instance-2.cxyz.eu-west-1.rds.amazonaws.com"),
        ("instance-3", "instance-3.cxyz.us-west-2.rds.amazonaws.com"),
        ("global", "rdsfailover.global-cxyz.global.rds.amazonaws.com"),
        ("cluster-old1", "rdsfailover-old1.cluster-cxyz.eu-west-1.rds.amazonaws.com"),
        ("reader-green-ab", "rdsfailover-green-ab.cluster-ro-cxyz.eu-west-1.rds.amazonaws.com"),
        ("instance-1-old1", "instance-1-old1.cxyz.eu-west-1.rds.amazonaws.com"),
    ],
)
def test_names_have_the_form_that_aws_gives_them(endpoint, name):
    assert NAMES.host(endpoint) == name


def test_names_in_china_have_their_own_form():
    names = AwsNames(region="cn-north-1", account="cxyz")

    assert names.host("instance-1") == "instance-1.cxyz.rds.cn-north-1.amazonaws.com.cn"


def test_custom_endpoints_are_found_by_their_names(resolver):
    assert NAMES.custom(CUSTOM) == "reports"
    assert NAMES.custom(NAMES.host("cluster")) is None
    with resolver.installed():
        assert found(CUSTOM, 3306, type=socket.SOCK_STREAM) == {("127.0.0.6", 13306)}
        with pytest.raises(socket.gaierror):
            socket.gethostbyname("sales" + CUSTOM.removeprefix("reports"))
        with pytest.raises(socket.gaierror):
            socket.gethostbyname("nobody.cxyz.us-west-2.rds.amazonaws.com")


def test_two_clusters_share_no_name():
    assert AwsNames.new("eu-west-1").domain != AwsNames.new("eu-west-1").domain


@pytest.mark.parametrize(
    "region",
    [
        "us-east-1",
        "ap-southeast-2",
        "us-gov-west-1",
        "cn-north-1",
        "ca-central-1",
        "eusc-de-east-1",
        "us-isob-east-1",
    ],
)
def test_regions_are_accepted(region):
    assert check_region(region) == region


@pytest.mark.parametrize(
    "region",
    [
        "",
        "Frankfurt",
        "eu-west",
        "eu_west_1",
        "eu-west-1.evil.com",
        "eu-wst-1",
        "foo-bar-1",
        "eu-west-0",
    ],
)
def test_what_is_no_region_is_refused(region):
    with pytest.raises(SettingError, match="eu-west-1"):
        check_region(region)


def test_a_name_resolves_to_where_its_record_leads_now(resolver, where):
    with resolver.installed():
        assert found(WRITER, 3306, type=socket.SOCK_STREAM) == {("127.0.0.11", 13306)}
        assert socket.gethostbyname(WRITER) == "127.0.0.11"
        where["host"] = "127.0.0.12"
        assert found(WRITER, 3306, type=socket.SOCK_STREAM) == {("127.0.0.12", 13306)}
        assert socket.gethostbyname_ex(WRITER)[2] == ["127.0.0.12"]


@pytest.mark.parametrize("spelling", [WRITER.upper(), WRITER + ".", WRITER.encode()])
def test_a_name_may_be_written_as_dns_allows(resolver, spelling):
    with resolver.installed():
        assert found(spelling, 3306, 0, socket.SOCK_STREAM) == {("127.0.0.11", 13306)}


def test_the_port_that_is_listened_at_comes_with_the_address(resolver):
    with resolver.installed():
        assert found(WRITER, 3306, type=socket.SOCK_STREAM) == {("127.0.0.11", 13306)}
        assert found(WRITER, None, type=socket.SOCK_STREAM) == {("127.0.0.11", 0)}


def test_other_names_are_left_to_the_system(resolver):
    with resolver.installed():
        assert found("127.0.0.1", 80, type=socket.SOCK_STREAM) == {("127.0.0.1", 80)}
        assert socket.gethostbyname("127.0.0.9") == "127.0.0.9"
        assert socket.getaddrinfo(None, 80)


def test_a_name_of_the_domain_that_nobody_has_never_leaves_the_machine(resolver):
    with resolver.installed(), pytest.raises(socket.gaierror) as raised:
        socket.getaddrinfo("instance-9." + NAMES.domain, 3306)

    assert raised.value.errno == socket.EAI_NONAME


def test_a_caller_who_takes_only_addresses_gets_no_name_resolved(resolver):
    with resolver.installed(), pytest.raises(socket.gaierror):
        socket.getaddrinfo(WRITER, 3306, flags=socket.AI_NUMERICHOST)


def test_a_gateway_that_does_not_answer_is_a_failure_of_dns():
    def dead():
        raise GatewayError("gone")

    with Resolver(NAMES, {WRITER: Record(dead)}).installed(), pytest.raises(socket.gaierror) as why:
        socket.gethostbyname(WRITER)

    assert why.value.errno == socket.EAI_AGAIN


def test_everything_is_restored_even_after_an_error(resolver):
    before = socket.getaddrinfo, socket.gethostbyname, socket.gethostbyname_ex
    with contextlib.suppress(ZeroDivisionError), resolver.installed():
        assert socket.getaddrinfo is not before[0]
        raise ZeroDivisionError

    assert before == (socket.getaddrinfo, socket.gethostbyname, socket.gethostbyname_ex)


def test_an_answer_is_remembered_for_as_long_as_its_ttl():
    clock, answers = (
        SteppingClock(),
        iter([("127.0.0.11", 1), ("127.0.0.12", 1), ("127.0.0.13", 1)]),
    )
    record = Record(lambda: next(answers), lambda: 5.0, clock)

    assert record.resolve()[0] == "127.0.0.11"
    clock.moment = 4.9
    assert record.resolve()[0] == "127.0.0.11"
    clock.moment = 5.0
    assert record.resolve()[0] == "127.0.0.12"


def test_without_a_ttl_nothing_is_remembered():
    answers = iter([("127.0.0.11", 1), ("127.0.0.12", 1)])
    record = Record(lambda: next(answers))

    assert [record.resolve()[0], record.resolve()[0]] == ["127.0.0.11", "127.0.0.12"]


@pytest.mark.parametrize(
    ("host", "owned"),
    [
        (WRITER, True),
        ("instance-9.cxyz.eu-west-1.rds.amazonaws.com", True),
        ("instance-3.cxyz.us-west-2.rds.amazonaws.com", True),
        ("instance-3.cxyz.us-east-1.rds.amazonaws.com", False),
        ("instance-3.cabc.eu-west-1.rds.amazonaws.com", False),
        ("cxyz.eu-west-1.rds.amazonaws.com.evil", False),
    ],
)
def test_a_cluster_owns_its_domain_in_each_of_its_regions(host, owned):
    assert NAMES.owns(host) is owned


def test_a_cluster_of_one_region_owns_no_other_and_has_an_account_of_its_own():
    names = AwsNames.new("eu-west-1")
    assert not names.owns(f"instance-3.{names.account}.us-west-2.rds.amazonaws.com")
    assert (len(names.account), names.account[0], names.abroad) == (12, "c", {})
    assert AwsNames.new("eu-west-1", {"a": "us-west-2"}).abroad == {"a": "us-west-2"}
    with pytest.raises(SettingError):
        AwsNames.new("nowhere")


def test_all_names_and_addresses_of_a_name_are_told_as_the_system_does(resolver):
    with resolver.installed():
        assert socket.gethostbyname_ex(WRITER.upper()) == (WRITER, [], ["127.0.0.11"])
        assert socket.gethostbyname_ex("127.0.0.9")[2] == ["127.0.0.9"]
        assert socket.gethostbyname(f"{WRITER}.") == "127.0.0.11"


@pytest.mark.parametrize("host", [None, b"127.0.0.9", "", 7])
def test_what_is_no_name_is_left_to_the_system(resolver, host):
    asked = []
    resolver._system = {"getaddrinfo": lambda *given, **options: asked.append((given, options))}
    resolver._getaddrinfo(host, 80, 0, type=1)
    assert asked == [((host, 80, 0), {"type": 1})]


@pytest.mark.parametrize(
    ("more", "options", "names"),
    [
        ((), {}, True),
        ((0, 0, 0), {}, True),
        ((0, 0, 0, 0), {}, True),
        ((0, 0, 0, socket.AI_NUMERICHOST), {}, False),
        ((), {"flags": socket.AI_NUMERICHOST | socket.AI_PASSIVE}, False),
        ((), {"flags": socket.AI_PASSIVE}, True),
        ((socket.AI_NUMERICHOST, 0, 0), {}, True),
    ],
)
def test_names_are_resolved_unless_numeric_addresses_only_are_wanted(
    resolver, more, options, names
):
    asked = []
    resolver._system = {"getaddrinfo": lambda *given, **_: asked.append(given[:2])}
    resolver._getaddrinfo(WRITER, "mysql", *more, **options)
    assert asked == [("127.0.0.11", 13306) if names else (WRITER, "mysql")]


def test_a_record_asks_anew_when_the_clock_is_exactly_at_its_end_and_then_counts_from_there():
    clock = SteppingClock(100.0)
    asked = []
    record = Record(lambda: asked.append(clock.now()) or ("127.0.0.1", 1), lambda: 5.0, clock)
    for moment in (100.0, 104.9, 105.0, 109.9, 110.0):
        clock.moment = moment
        assert record.resolve() == ("127.0.0.1", 1)
    assert asked == [100.0, 105.0, 110.0]
