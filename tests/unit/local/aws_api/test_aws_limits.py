"""Which calls are refused of the local cluster, and that RDS has every name in the rules."""

import pytest

from pytest_rdsfailover.local.aws_api.identifiers import NAMES, missing, plain, settle
from pytest_rdsfailover.local.aws_api.limits import CHANGEABLE, NEW, RULES, VALUES, check
from pytest_rdsfailover.local.aws_api.pages import page
from pytest_rdsfailover.local.aws_api.plane import RefusalError
from pytest_rdsfailover.local.aws_api.queries import selected
from pytest_rdsfailover.local.aws_api.request import changes

OURS = {"mine", "one"}


@pytest.mark.parametrize("action", RULES)
def test_a_rule_holds_for_ours_only(action):
    rule = RULES[action]
    for name in ("mine", "MINE", "arn:aws:rds:us-east-2:1:cluster:mine"):
        with pytest.raises(RefusalError, match="mine") as caught:
            check(action, {rule.parameter: name}, OURS)
        assert caught.value.code == rule.code
    check(action, {rule.parameter: "other"}, OURS)
    check(action, {}, OURS)


@pytest.mark.parametrize("action", CHANGEABLE)
def test_every_change_is_refused_that_is_not_known_to_be_harmless(action):
    name, changeable = CHANGEABLE[action]
    check(action, dict.fromkeys(changeable - VALUES.keys(), True) | {name: "mine"}, OURS)
    check(action, {name: "mine", "Port": None}, OURS)
    check(action, {name: "other", "Port": 1}, OURS)
    with pytest.raises(RefusalError, match="Port of mine"):
        check(action, {name: "mine", "Port": 1}, OURS)


@pytest.mark.parametrize(
    ("parameter", "good", "bad"),
    [
        ("PreferredMaintenanceWindow", ["sun:23:45-mon:00:15", "Wed:05:00-Wed:05:30"], ["zz", "sun:24:00-mon:00:30", "05:00-05:30"]),
        ("PreferredBackupWindow", ["05:00-05:30"], ["5:00-5:30", "sun:05:00-sun:05:30", ""]),
        ("PromotionTier", [0, 1, 15], [16, -1, "high"]),
    ],
)  # fmt: skip
def test_a_value_that_rds_would_not_take_is_refused(parameter, good, bad):
    for value in good:
        check("modify_db_instance", {"DBInstanceIdentifier": "mine", parameter: value}, OURS)
    for value in bad:
        with pytest.raises(RefusalError, match=f"{parameter} cannot be {value}") as caught:
            check("modify_db_instance", {"DBInstanceIdentifier": "mine", parameter: value}, OURS)
        assert caught.value.code == "InvalidParameterValue"


def test_an_arn_of_another_kind_of_resource_names_nothing():
    home = "arn:aws:rds:us-east-2:1"
    for name, kind in NAMES.items():
        place = "arn:aws:rds::1" if kind == "global-cluster" else home
        given = {name: f"{place}:{kind}:Orders"}
        settle(given, "us-east-2", "1")
        assert given == {name: "orders"}
        for other in set(NAMES.values()) - {kind}:
            with pytest.raises(RefusalError) as caught:
                settle({name: f"{home}:{other}:orders"}, "us-east-2", "1")
            assert caught.value.code in (missing({name: "x"}, "x") or ("InvalidParameterValue",))


def test_rds_has_every_call_parameter_and_error_of_the_rules():
    model = pytest.importorskip("botocore.session").Session().get_service_model("rds")
    calls = {snake(name): model.operation_model(name) for name in model.operation_names}
    codes = {
        shape.metadata.get("error", {}).get("code", shape.name)
        for shape in map(model.shape_for, model.shape_names)
        if shape.metadata.get("exception")
    } | {"InvalidParameterCombination"}  # common to all services

    for action, rule in RULES.items():
        assert rule.parameter in calls[action].input_shape.members
        assert rule.code in codes, rule.code
    for action, (name, (code, _)) in NEW.items():
        assert name in calls[action].input_shape.members
        assert code in codes, code
    for action, (name, changeable) in CHANGEABLE.items():
        shared = set(calls[action].input_shape.members)
        assert name in shared
        assert changeable & shared


def snake(name):
    from botocore import xform_name

    return xform_name(name)


def test_identifiers_are_settled_in_place():
    given = {
        "DBClusterIdentifier": "arn:aws:rds:us-east-2:1:cluster:Mine",
        "DBInstanceIdentifier": "ONE",
        "Engine": "X",
        "Filters": [
            {"Name": "db-cluster-id", "Values": ["arn:aws:rds:us-east-2:1:cluster:mine", "B"]},
            {"Name": "engine", "Values": ["X"]},
        ],
    }
    settle(given, "us-east-2", "1")

    assert (given["DBClusterIdentifier"], given["DBInstanceIdentifier"]) == ("mine", "one")
    assert [each["Values"] for each in given["Filters"]] == [["mine", "b"], ["X"]]
    assert given["Engine"] == "X"
    assert plain("a:B") == "a:b"


FOREIGN = ("arn:aws:rds:eu-west-1:1:cluster:mine", "arn:aws:rds:us-east-2:9:cluster:mine")


@pytest.mark.parametrize("arn", FOREIGN)
@pytest.mark.parametrize(
    ("parameter", "code"),
    [
        ("DBClusterIdentifier", "DBClusterNotFoundFault"),
        ("DBInstanceIdentifier", "DBInstanceNotFound"),
        ("DBProxyName", "DBProxyNotFoundFault"),
        ("ResourceName", "InvalidParameterValue"),
        ("TargetDBInstanceIdentifier", "InvalidParameterValue"),
        ("SourceDBClusterIdentifier", "InvalidParameterValue"),
    ],
)
def test_an_arn_of_another_account_or_region_names_nothing_of_ours(arn, parameter, code):
    with pytest.raises(RefusalError, match=arn) as caught:
        settle({parameter: arn}, "us-east-2", "1")
    assert caught.value.code == code


def test_filters_by_resources_keep_their_case_and_foreign_arns():
    filters = [{"Name": "dbi-resource-id", "Values": ["db-ABC"]},
               {"Name": "db-cluster-id", "Values": list(FOREIGN)}]  # fmt: skip
    settle({"Filters": filters}, "us-east-2", "1")

    assert [wanted["Values"] for wanted in filters] == [["db-ABC"], list(FOREIGN)]


def test_a_global_database_is_in_no_region():
    given = {"GlobalClusterIdentifier": "arn:aws:rds::1:global-cluster:World"}
    settle(given, "us-east-2", "1")

    assert given == {"GlobalClusterIdentifier": "world"}


@pytest.mark.parametrize("action", NEW)
@pytest.mark.parametrize("name", ["mine", "MINE", "made"])
def test_a_name_that_something_has_is_given_to_nothing_else(action, name):
    parameter, (code, _) = NEW[action]
    with pytest.raises(RefusalError, match=name.lower()) as caught:
        check(action, {parameter: name}, OURS, {"made"})
    assert caught.value.code == code
    check(action, {parameter: "free"}, OURS, {"made"})


def test_what_is_missing_is_named_by_its_parameter():
    given = {"DBProxyName": "p", "TargetGroupName": "g"}

    assert missing(given, "g") == ("DBProxyTargetGroupNotFoundFault", "Target group g not found.")
    assert missing(given, "p")[0] == "DBProxyNotFoundFault"
    assert missing(given, "x") is None


def test_pages_follow_each_other_without_a_gap():
    records, marker, seen = list(range(45)), None, []
    while marker != "":
        part = page("R", records, {"MaxRecords": 20, "Marker": marker})
        seen, marker = seen + part["R"], part.get("Marker", "")

    assert seen == records
    assert page("R", records[:20], {"MaxRecords": 20}) == {"R": records[:20]}
    assert page("R", list(range(150)), {})["Marker"] == "100"


@pytest.mark.parametrize(
    "given", [{"MaxRecords": 19}, {"MaxRecords": 101}, {"Marker": "-1"}, {"Marker": "2"}]
)
def test_pages_that_rds_would_not_give_are_refused(given):
    with pytest.raises(RefusalError) as caught:
        page("R", ["one"], given)
    assert caught.value.code == "InvalidParameterValue"


def test_endpoints_pass_all_filters():
    reader = {"EndpointType": "READER", "Status": "available"}
    both = [{"EndpointType": "WRITER", "Status": "available"}, reader]

    def names(**wanted):
        return [{"Name": f"db-cluster-endpoint-{name}", "Values": v} for name, v in wanted.items()]

    assert selected(both, []) == both
    assert selected(both, names(type=["reader"], status=["available"])) == [reader]
    assert selected(both, names(type=["reader"], status=["creating"])) == []
    with pytest.raises(RefusalError, match="colour"):
        selected(both, [{"Name": "colour", "Values": []}])


class Body:
    def __init__(self, data):
        self.data = data

    def read(self, size):
        return self.data[:size]


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"HTTP_X_AMZ_TARGET": "secretsmanager.PutSecretValue"}, True),
        ({"HTTP_X_AMZ_TARGET": "secretsmanager.GetSecretValue"}, False),
        ({"HTTP_X_AMZ_TARGET": "secretsmanager.GetaSecret"}, True),
        ({"form": b"Version=2014-10-31&Action=DescribeDBClusters"}, False),
        ({"form": b"Action=FailoverDBCluster&X=1"}, False),
        ({"form": b"Action=FailoverGlobalCluster"}, True),
        ({"form": b"Action=ModifyDBCluster&Tag=Action=DescribeDBClusters"}, True),
        ({"form": b"X=1"}, True),
        ({"PATH_INFO": "/service/Granite/operation/DescribeAlarms"}, False),
        ({"PATH_INFO": "/service/Granite/operation/PutMetricAlarm"}, True),
        ({"PATH_INFO": "/experiments", "REQUEST_METHOD": "GET"}, False),
        ({"PATH_INFO": "/experiments"}, True),
    ],
)
def test_a_request_that_may_change_something_is_told_by_its_call(sent, expected):
    form = sent.pop("form", None)
    environ = {"REQUEST_METHOD": "POST", "PATH_INFO": "/", **sent}
    if form is not None:
        environ |= {
            "CONTENT_TYPE": "application/x-www-form-urlencoded; charset=utf-8",
            "CONTENT_LENGTH": str(len(form)), "wsgi.input": Body(form),
        }  # fmt: skip

    assert changes(environ) is expected
    if form is not None:
        assert environ["wsgi.input"].read() == form
