"""What an experiment of the Fault Injection Service would do to databases."""

import pytest

from pytest_rdsfailover.local.aws_api.experiments import (
    FAIL_OVER,
    REBOOT,
    actions,
    selected,
    unsupported,
)


def experiment(kind, key, parameters=None, **target):
    action = {"actionId": kind, "targets": {key: "one"}, "parameters": parameters or {}}
    return {"actions": {"act": action}, "targets": {"one": target}}


def nobody(*_):
    return []


def test_targets_are_named_by_arn():
    found = list(actions(experiment(FAIL_OVER, "Clusters", resourceArns=["x", "y"]), nobody))

    assert [(one.name, one.kind, one.arns, one.forced) for one in found] == [
        ("act", FAIL_OVER, ["x", "y"], False)
    ]


def test_targets_are_found_by_tag():
    given = experiment(
        REBOOT,
        "DBInstances",
        {"forceFailover": "true"},
        resourceType="aws:rds:db",
        resourceTags={"a": "b"},
    )
    asked = []
    (found,) = actions(given, lambda *what: asked.append(what) or ["z"])

    assert (found.arns, found.forced, asked) == (["z"], True, [("aws:rds:db", {"a": "b"})])


def test_actions_on_other_things_are_left_alone():
    assert list(actions(experiment("aws:ec2:stop-instances", "Instances"), nobody)) == []


def test_an_action_without_its_target_has_nothing_to_do():
    assert (
        next(actions({"actions": {"act": {"actionId": FAIL_OVER}}, "targets": {}}, nobody)).arns
        == []
    )


def test_what_a_local_cluster_has_not_is_named_and_nothing_is_done_by_halves():
    plain = experiment(FAIL_OVER, "Clusters", resourceArns=["x"])
    assert unsupported(plain) == ""
    filtered = experiment(
        FAIL_OVER, "Clusters", filters=[{"path": "Status", "values": ["stopped"]}]
    )
    assert unsupported(filtered).startswith("Target one: a local cluster knows no filters")
    plain["actions"]["later"] = {"actionId": FAIL_OVER, "startAfter": ["act"]}
    assert unsupported(plain).startswith("Action later: a local cluster begins all actions at once")


@pytest.mark.parametrize(
    ("mode", "taken"), [("ALL", 4), ("COUNT(1)", 1), ("COUNT(9)", 4), ("PERCENT(50)", 2)]
)
def test_a_selection_mode_takes_some(mode, taken):
    assert len(selected(["a", "b", "c", "d"], mode)) == taken
