"""What is asked of AWS, with the answers that AWS documents (botocore's Stubber holds both to it)."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from botocore.stub import Stubber

from pytest_rdsfailover.aws.client import AwsError
from pytest_rdsfailover.live import region as regions
from pytest_rdsfailover.live.experiments import experiment_state
from pytest_rdsfailover.live.region import MOST_PAGES, Region

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)


@pytest.fixture
def region(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "k")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    return Region("eu-west-1", "http://127.0.0.1:9")


@pytest.mark.parametrize("asked", ["legacy", "regional", None])
def test_sts_is_asked_in_the_region(monkeypatch, asked):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "k")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    if asked is not None:
        monkeypatch.setenv("AWS_STS_REGIONAL_ENDPOINTS", asked)

    assert (
        Region("eu-west-1").client("sts").meta.endpoint_url == "https://sts.eu-west-1.amazonaws.com"
    )


@pytest.mark.parametrize("where", ["", "_CLOUDWATCH", "file"])
def test_no_configured_stand_in_answers_for_aws(monkeypatch, tmp_path, where):
    """Alarms of a stand-in that other tests use would say OK while those of AWS say ALARM."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "k")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    if where == "file":
        config = tmp_path / "config"
        config.write_text("[default]\nendpoint_url = http://127.0.0.1:9\n")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    else:
        monkeypatch.setenv(f"AWS_ENDPOINT_URL{where}", "http://127.0.0.1:9")

    asked = Region("eu-west-1").client("cloudwatch").meta.endpoint_url
    assert asked == "https://monitoring.eu-west-1.amazonaws.com"


def stub(region, service):
    stubber = Stubber(region.client(service))
    stubber.activate()
    return stubber


def metric(name, state="OK"):
    return {"AlarmName": name, "StateValue": state}


def test_composite_alarms_are_asked_for_by_their_type(region):
    """CloudWatch leaves them out otherwise, so that their gate would stay closed for ever."""
    told = stub(region, "cloudwatch")
    names = ("one", "all-of-it")
    for kind, alarm in (
        ("MetricAlarm", metric("one")),
        ("CompositeAlarm", metric("all-of-it", "ALARM")),
    ):
        told.add_response(
            "describe_alarms", {f"{kind}s": [alarm]},
            {"AlarmNames": list(names), "AlarmTypes": [kind]},
        )  # fmt: skip

    assert region.alarms(names) == {"one": "OK", "all-of-it": "ALARM"}
    told.assert_no_pending_responses()


def test_more_alarms_than_a_request_or_a_page_holds_are_all_read(region):
    told = stub(region, "cloudwatch")
    names = tuple(f"a{number}" for number in range(120))
    for some in (names[:100], names[100:]):
        half = len(some) // 2
        asked = {"AlarmNames": list(some), "AlarmTypes": ["MetricAlarm"]}
        told.add_response(
            "describe_alarms",
            {"MetricAlarms": list(map(metric, some[:half])), "NextToken": "n"},
            asked,
        )
        told.add_response(
            "describe_alarms",
            {"MetricAlarms": list(map(metric, some[half:]))},
            asked | {"NextToken": "n"},
        )
        told.add_response(
            "describe_alarms", {"CompositeAlarms": []}, asked | {"AlarmTypes": ["CompositeAlarm"]}
        )

    assert region.alarms(names) == dict.fromkeys(names, "OK")
    told.assert_no_pending_responses()


def test_no_alarm_asks_nothing(region):
    stub(region, "cloudwatch")
    assert region.alarms(()) == {}


def test_events_of_all_pages_are_read(region):
    told = stub(region, "rds")
    asked = {"SourceIdentifier": "one", "SourceType": "db-instance", "Duration": 60}
    event = {"Message": "m", "Date": NOW}
    told.add_response("describe_events", {"Events": [event], "Marker": "more"}, asked)
    told.add_response("describe_events", {"Events": [event]}, asked | {"Marker": "more"})

    assert len(region.events("one", 60, "db-instance")) == 2


def test_a_list_without_end_is_an_error_and_no_endless_wait(region):
    told = stub(region, "rds")
    asked = {"SourceIdentifier": "one", "SourceType": "db-instance", "Duration": 60}
    for page in range(2 * MOST_PAGES):
        told.add_response("describe_events", {"Events": [], "Marker": f"m{page}"}, asked)
        asked = asked | {"Marker": f"m{page}"}

    with pytest.raises(AwsError, match=f"describe_events failed: NoEnd: .* {MOST_PAGES} pages"):
        region.events("one", 60, "db-instance")


@pytest.mark.parametrize(
    ("status", "under_way", "repeatable"),
    [
        ("pending", True, False), ("initiating", True, False), ("running", True, False),
        ("stopping", True, False), ("completed", False, True), ("failed", False, False),
        ("stopped", False, False), ("cancelled", False, False),
    ],
)  # fmt: skip
def test_another_experiment_may_be_started_only_after_one_that_is_completed(
    region, status, under_way, repeatable
):
    stub(region, "fis").add_response(
        "get_experiment",
        {"experiment": {"state": {"status": status, "reason": "why"}}},
        {"id": "EXP1"},
    )
    state = experiment_state(region, "EXP1")

    assert (state.under_way, state.repeatable) == (under_way, repeatable)
    assert str(state) == f"experiment EXP1 is {status}: why"


def test_the_reason_of_an_experiment_is_shown_as_one_line(region):
    state = {"status": "failed", "reason": "red \x1b[31m\nPASSED"}
    stub(region, "fis").add_response(
        "get_experiment", {"experiment": {"state": state}}, {"id": "EXP1"}
    )

    assert str(experiment_state(region, "EXP1")) == (
        r"experiment EXP1 is failed: red \x1b[31m\nPASSED"
    )


def test_an_experiment_that_may_not_be_asked_for_is_never_repeated(region):
    stub(region, "fis").add_client_error("get_experiment", "AccessDeniedException", "no")
    state = experiment_state(region, "EXP1")

    assert (state.status, state.under_way, state.repeatable) == ("unknown", False, False)
    assert "AccessDeniedException" in str(state)


def test_a_template_is_what_fis_describes(region):
    stub(region, "fis").add_response(
        "get_experiment_template", {"experimentTemplate": {"id": "EXT1"}}, {"id": "EXT1"}
    )

    assert region.template("EXT1") == {"id": "EXT1"}


@pytest.mark.parametrize(
    ("date", "offset"), [("Mon, 23 Nov 2026 14:00:10 GMT", 10.5 - 1.0), (None, None)]
)
def test_how_far_aws_clock_is_from_ours_is_known_to_half_a_second_and_the_way(
    region, monkeypatch, date, offset
):
    """The answer took two seconds, and was written at some moment of them and of its own second."""
    moments = iter((NOW.timestamp(), NOW.timestamp() + 2.0))
    answer = {
        "Account": "111122223333",
        "Arn": "arn:aws:iam::111122223333:user/me",
        "ResponseMetadata": {"HTTPHeaders": {} if date is None else {"date": date}},
    }
    told = stub(region, "sts")
    told.add_response("get_caller_identity", answer, {})
    monkeypatch.setattr(
        regions, "time", SimpleNamespace(time=lambda: next(moments), monotonic=float)
    )
    found = region.caller()

    assert (found["Account"], found["Arn"]) == ("111122223333", answer["Arn"])
    assert found["uncertainty"] == pytest.approx(1.5)
    assert found["offset"] == (None if offset is None else pytest.approx(offset))
