"""Blue/green switchovers as data: what is read, what is refused, and the steps they make."""

from dataclasses import replace

import pytest

from pytest_rdsfailover.local.gateway.views import ClusterView, DeploymentView, InstanceView
from pytest_rdsfailover.local.profiles.switchovers import load_switchover, switchover_path
from pytest_rdsfailover.model.errors import GatewayError, SettingError
from pytest_rdsfailover.model.timeouts import check_timeout

WHOLE = {
    "prepare": "0s", "drop": "1s", "switch": "2s", "blue_dns": "3s", "green_dns": "4s",
}  # fmt: skip


@pytest.fixture
def load(tmp_path):
    def loaded(**changes):
        table = {**WHOLE, **changes}
        path = tmp_path / "mine.toml"
        path.write_text("\n".join(f"{name} = {value!r}" for name, value in table.items() if value))
        return load_switchover(str(path))

    return loaded


def view(status="AVAILABLE", *, switched=False):
    return ClusterView(
        writer="instance-1", dns="instance-1", reader="instance-1", ports={}, playing=False, busy=0,
        failures=[], instances=[InstanceView(id="instance-1", role="writer", state="up", sessions=0)],
        deployment=DeploymentView(
            suffix="-green-abcdef", status=status, switched=switched, renamed=switched, removed=switched
        ),
    )  # fmt: skip


def steps(switchover, seed=1):
    return switchover.steps(view(), seed=seed)


def test_the_published_example_has_its_moments():
    played = {step.action: step.at for step in steps(load_switchover("blue-green"))}
    since = {action: round(at - played["freeze"], 3) for action, at in played.items()}

    assert since["switch"] == 2.5
    assert since["rename"] == 18.6
    assert since["remove"] == since["complete"] == 53.8


@pytest.mark.parametrize("seed", range(20))
def test_the_fast_one_is_over_in_less_than_five_seconds(seed):
    played = steps(load_switchover("blue-green-fast"), seed)

    assert played == steps(load_switchover("blue-green-fast"), seed)
    assert max(step.at for step in played) < 5.0


def test_both_sides_are_cut_between_the_refusals_and_the_switch(load):
    played = steps(load(prepare="500ms", green_sessions="drop"))

    assert {step.instance for step in played if step.action == "cut"} == {
        "instance-1", "instance-1-green-abcdef",
    }  # fmt: skip
    assert [(step.action, step.at) for step in sorted(played, key=lambda step: step.at)] == [
        ("guard", 0.0), ("initiate", 0.0), ("freeze", 0.5), ("hold", 1.5), ("cut", 1.5), ("cut", 1.5),
        ("switch", 2.5), ("follow", 2.5), ("rename", 3.5), ("remove", 4.5), ("complete", 4.5),
    ]  # fmt: skip


def test_what_would_take_longer_than_its_time_out_is_rolled_back_then(load):
    switchover = load(prepare="500ms", green_sessions="drop")  # green takes writes after 2.5 s

    assert switchover.steps(view(), seed=1, timeout=2.5)[-1].action == "complete"
    assert [(step.action, step.at) for step in switchover.steps(view(), seed=1, timeout=2.0)] == [
        ("guard", 0.0), ("initiate", 0.0), ("freeze", 0.5), ("hold", 1.5), ("cut", 1.5), ("cut", 1.5),
        ("roll_back", 2.0), ("follow", 2.0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("now", "says"),
    [
        (replace(view(), deployment=None), "create one first"),
        (view("PROVISIONING"), "PROVISIONING"),
        (view("SWITCHOVER_COMPLETED", switched=True), "already"),
    ],
)
def test_only_an_available_deployment_is_switched_over(load, now, says):
    with pytest.raises(GatewayError, match=says):
        load().steps(now, seed=1)


@pytest.mark.parametrize("seconds", [29.9, 3600.1])
def test_a_time_out_is_one_that_aws_takes(seconds):
    with pytest.raises(SettingError, match="from 30 s to 3600 s"):
        check_timeout(seconds)
    assert check_timeout(30) == 30


def test_the_sessions_of_green_are_kept_unless_a_switchover_says_otherwise(load):
    played = steps(load())

    assert {step.instance for step in played if step.action == "cut"} == {"instance-1"}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"drop": None}, "lacks the field 'drop'"),
        ({"dorp": "1s"}, "unknown field 'dorp'; did you mean 'drop'"),
        ({"switch": "500ms"}, "switch may come before drop"),
        ({"green_dns": "2500ms"}, "green_dns may come before blue_dns"),
        ({"drop": "soon"}, "soon"),
        ({"green_sessions": "hang"}, "choose one of keep, drop"),
        ({"long_write": "1s"}, "write whole seconds"),
        ({"long_write": -1}, "long_write is -1; write whole seconds"),
        ({"long_write": 1.0}, "write whole seconds"),
        ({"blue_dns": "1500ms"}, "blue_dns may come before switch"),
        ({"zzzz": 1}, "unknown field 'zzzz'; known: prepare, drop, switch, blue_dns, green_dns$"),
    ],
)
def test_what_is_no_switchover_is_refused(load, changes, says):
    with pytest.raises(SettingError, match=says):
        load(**changes)


def test_an_unknown_name_is_refused_with_those_that_there_are():
    with pytest.raises(SettingError, match="choose one of blue-green, blue-green-fast"):
        load_switchover("green")


@pytest.mark.parametrize(
    "text", [f"a = {'[' * 5000}", f"{'a.' * 50000}b = 1", f"[{'a . ' * 50000}b]"]
)
def test_what_is_nested_too_deeply_is_refused_in_our_own_words(tmp_path, text):
    path = tmp_path / "deep.toml"
    path.write_text(text)
    with pytest.raises(SettingError, match=r"the switchover .*deep\.toml is nested too deeply"):
        load_switchover(str(path))


@pytest.mark.parametrize("content", [b"a = ", b"\xff", b"[" * 5000])
def test_what_is_no_toml_is_refused(tmp_path, content):
    path = tmp_path / "broken.toml"
    path.write_bytes(content)
    with pytest.raises(SettingError, match=r"TOML|nested"):
        load_switchover(str(path))


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(SettingError, match="switchover"):
        load_switchover(str(tmp_path / "none.toml"))


def test_each_step_says_to_whom_and_how(load):
    now = view()
    second = InstanceView(id="instance-2", role="reader", state="up", sessions=0)
    now = replace(now, writer="instance-2", instances=[*now.instances, second])
    played = load(green_sessions="drop", long_write=3).steps(now, seed=1)

    assert [(step.action, step.instance, step.how) for step in played] == [
        ("guard", "instance-2", "3"), ("initiate", "instance-2", None), ("freeze", "instance-2", None),
        ("hold", "instance-2", "accept"),
        *(("cut", name, "reset") for name in (
            "instance-1", "instance-2", "instance-1-green-abcdef", "instance-2-green-abcdef",
        )),
        ("switch", "instance-2", None), ("follow", "instance-2", None), ("rename", "instance-2", None),
        ("remove", "instance-2", None), ("complete", "instance-2", None),
    ]  # fmt: skip


def test_what_it_leaves_out_is_usual_and_moments_may_touch(load):
    usual = load(drop="2s", blue_dns="2s", green_dns="2s")
    assert (usual.name, usual.about) == ("mine", "")
    assert (usual.green_sessions, usual.long_write) == ("keep", 10)
    assert load(about="So.").about == "So."


def test_no_write_may_be_open_if_it_says_so(tmp_path):
    path = tmp_path / "mine.toml"
    lines = [f"{name} = {value!r}" for name, value in {**WHOLE, "long_write": 0}.items()]
    path.write_text("\n".join(lines))
    assert steps(load_switchover(str(path)))[0].how == "0"


def test_what_would_happen_at_the_time_out_itself_is_not_begun(load):
    switchover = load(prepare="1s", drop="1s", switch="2s")
    played = switchover.steps(view(), seed=1, timeout=2.0)
    assert [step.action for step in played] == [
        "guard", "initiate", "freeze", "roll_back", "follow",
    ]  # fmt: skip
    assert {step.instance for step in played} == {"instance-1"}


def test_other_processes_find_the_same_file_and_names_stay_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert switchover_path("mine.toml") == str(tmp_path / "mine.toml")
    assert switchover_path("blue-green") == "blue-green"
