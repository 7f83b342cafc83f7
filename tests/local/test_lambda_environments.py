"""Environments of the local Lambda: cold, reused, frozen, recycled, throttled, ended."""

import json
import os
import signal
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import handlers
import marked
import pytest
from process_states import state
from waiting import until

from pytest_rdsfailover.local.functions import fleet
from pytest_rdsfailover.local.functions import service as services
from pytest_rdsfailover.local.functions.service import LambdaService, can_run
from pytest_rdsfailover.local.functions.settings import FunctionError
from pytest_rdsfailover.local.processes.ports import reserve_port

pytestmark = [
    pytest.mark.local,
    pytest.mark.contract("local/functions"),
    pytest.mark.skipif(not can_run(), reason="needs Linux and awslambdaric"),
]
USUAL = {"runtime": "python3.11", "handler": handlers.HANDLER, "role": "", "timeout": 20}


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    made = LambdaService(tmp_path_factory.mktemp("lambda"), "us-east-1", {"GIVEN": "to all"})
    yield made
    made.close()


@pytest.fixture
def function(service):
    """The name of a function that does what its event says."""
    service.create("f", handlers.package(), **USUAL, variables={"OWN": "1"})
    yield "f"
    service.delete("f")


def invoked(service, name="f", **event):
    answer = service.invoke(name, json.dumps(event).encode())
    assert not answer.error, answer.payload
    return json.loads(answer.payload)


def refused(service, name="f", **event):
    """Return the error that an invocation ends with."""
    answer = service.invoke(name, json.dumps(event).encode())
    assert answer.error == "Unhandled"
    told = json.loads(answer.payload)
    return told["errorType"], told["errorMessage"]


def test_an_environment_is_made_cold_and_used_again(service, function):
    first, second = invoked(service), invoked(service)
    assert (first["served"], second["served"]) == (1, 2)
    assert first["pid"] == second["pid"]
    assert first["request"] != second["request"]
    assert 0 < second["left"] <= 20_001  # its clock counts whole milliseconds
    assert first["arn"] == "arn:aws:lambda:us-east-1:123456789012:function:f"
    [environment] = service.environments(function)
    assert (environment.pid, environment.served, environment.frozen) == (first["pid"], 2, True)


@pytest.mark.usefixtures("function")
def test_a_function_sees_its_package_and_the_runtime_and_nothing_of_ours(service):
    seen = invoked(service)
    assert not [path for path in seen["path"] if "site-packages" in path]
    assert seen["variables"]["LAMBDA_TASK_ROOT"] == seen["path"][0]
    assert (seen["variables"]["OWN"], seen["variables"]["GIVEN"]) == ("1", "to all")
    assert "HOME" not in seen["variables"]


@pytest.mark.usefixtures("function")
def test_between_invocations_it_is_frozen_with_its_sockets_open(service):
    with socket.create_server(("127.0.0.1", 0)) as server:
        seen = invoked(service, connect=server.getsockname()[1], tick=True)
        client, _ = server.accept()
        with client:
            assert state(seen["pid"]) == "T"
            client.settimeout(0.3)
            with pytest.raises(TimeoutError):
                client.recv(1)  # neither data nor an end
            assert state(seen["pid"]) == "T"
            assert invoked(service, sleep=0.1)["longest"] > 0.25  # its threads stood still, too


def test_as_many_environments_are_made_as_invocations_are_on(service, function):
    with ThreadPoolExecutor(4) as pool:
        pids = {seen["pid"] for seen in pool.map(lambda _: invoked(service, sleep=0.3), range(4))}
    assert len(pids) == 4
    assert {each.pid for each in service.environments(function)} == pids
    assert invoked(service)["pid"] in pids


@pytest.mark.usefixtures("function")
def test_an_error_of_the_handler_leaves_its_environment_alive(service):
    pid = invoked(service)["pid"]
    assert refused(service, **{"raise": "no"}) == ("ValueError", "no")
    assert invoked(service)["pid"] == pid


@pytest.mark.usefixtures("function")
def test_an_environment_that_ends_says_how_and_is_replaced(service):
    pid = invoked(service)["pid"]
    kind, said = refused(service, exit=3)
    assert kind == "Runtime.ExitError"
    assert said.endswith("Error: Runtime exited with error: exit status 3")
    assert invoked(service)["pid"] != pid


def test_an_environment_that_is_killed_while_frozen_is_never_used(service, function):
    pid = invoked(service)["pid"]
    os.kill(pid, signal.SIGKILL)
    until(lambda: pid not in {each.pid for each in service.environments(function)})
    assert invoked(service)["pid"] != pid


def test_an_invocation_that_takes_too_long_is_killed(service, function):
    service.change(function, timeout=1)
    pid = invoked(service)["pid"]
    kind, said = refused(service, sleep=60)
    assert kind == "Sandbox.Timedout"
    assert said.endswith("Task timed out after 1.00 seconds")
    assert not Path(f"/proc/{pid}").exists()


@pytest.mark.usefixtures("function")
def test_answers_have_room_for_six_megabytes(service):
    assert len(invoked(service, size=6_000_000)) == 6_000_000
    kind, said = refused(service, size=6_291_556)
    assert kind == "Function.ResponseSizeTooLarge"
    assert "6291556 bytes" in said


def test_a_changed_function_has_new_environments(service, function):
    pid = invoked(service)["pid"]
    service.change(function, variables={"OWN": "2"})
    seen = invoked(service)
    assert seen["variables"]["OWN"] == "2"
    assert seen["pid"] != pid
    assert not Path(f"/proc/{pid}").exists()
    busy = threading.Thread(target=lambda: invoked(service, sleep=0.5))
    busy.start()
    until(lambda: not service.environments(function)[0].frozen)
    service.replace_code(function, handlers.package())
    busy.join()
    assert not service.environments(function)


def test_one_invocation_too_many_is_throttled(service, function):
    service.reserve(function, 1)
    busy = threading.Thread(target=lambda: invoked(service, sleep=0.5))
    busy.start()
    until(lambda: service.environments(function))
    with pytest.raises(FunctionError) as caught:
        invoked(service)
    busy.join()
    assert (caught.value.status, caught.value.code) == (429, "TooManyRequestsException")
    assert caught.value.reason == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert invoked(service)["served"] == 2
    service.reserve(function, None)
    assert service.reserved(function) is None


def test_a_package_that_cannot_be_imported_says_so_at_each_invocation(service):
    service.create("broken", handlers.package(handlers.BROKEN), **USUAL)
    for _ in range(2):
        kind, said = refused(service, "broken")
        assert kind == "Runtime.ImportModuleError"
        assert "nothing_of_this_name" in said
    assert not service.environments("broken")
    service.delete("broken")


def test_deleting_a_function_ends_its_invocations(service):
    service.create("gone", handlers.package(), **USUAL)
    answers = []
    busy = threading.Thread(target=lambda: answers.append(refused(service, "gone", sleep=60)))
    busy.start()
    until(lambda: service.environments("gone"))
    service.delete("gone")
    busy.join(20)
    assert answers[0][0] == "Runtime.ExitError"


def test_an_event_is_answered_before_it_is_done(service, function):
    service.invoke_later(function, b'{"sleep": 0.5}')
    assert service.environments(function) == [] or service.environments(function)[0].served == 0
    until(lambda: [each.served for each in service.environments(function)] == [1])


def test_a_log_has_the_lines_of_lambda_around_it(service, function):
    cold, warm = (service.invoke(function, b"{}").log.decode().splitlines() for _ in range(2))
    assert cold[0].startswith("START RequestId: ")
    assert cold[1] == "served 1"
    assert "Init Duration" in cold[-1]
    assert cold[-1].startswith("REPORT RequestId: ")
    assert "Init Duration" not in warm[-1]


@pytest.mark.usefixtures("function")
def test_an_invoker_is_shown_the_end_of_a_long_log_and_of_its_own_invocation_only(service):
    long = service.invoke("f", json.dumps({"write": 5000}).encode()).log
    short = service.invoke("f", b"{}").log

    assert len([line for line in long.splitlines() if line.startswith(b"x")]) == 1
    assert 4000 < long.count(b"x") < 4096
    assert b"x" not in short


@pytest.mark.usefixtures("function")
def test_a_function_that_asks_its_runtime_api_for_what_is_none_is_told_so_and_goes_on(service):
    invocation = "/2018-06-01/runtime/invocation"
    asked = [
        ["GET", "/nothing", ""], ["GET", f"{invocation}/other/response", ""],
        ["POST", f"{invocation}/other/response", "{}"], ["POST", f"{invocation}/other/error", "{}"],
    ]  # fmt: skip
    answers = [(status, json.loads(body)) for status, body in invoked(service, ask=asked)]

    assert [status for status, _ in answers] == [404, 404, 400, 400]
    assert [told["errorType"] for _, told in answers[1:3]] == ["NotFound", "InvalidRequestID"]
    assert answers[3][1]["errorMessage"] == "no invocation other is on"
    assert invoked(service)["served"] == 2


def test_a_function_with_another_package_has_nothing_of_the_first(service):
    service.create("f", handlers.package(), **USUAL)
    first = service.find("f")
    second = service.replace_code("f", handlers.package("def other(*_): return 'second'\n"))
    renamed = service.change("f", handler="app.other")

    assert invoked(service) == "second"
    assert first.code != second.code == renamed.code
    assert (first.sha256 == second.sha256, second.size < first.size) == (False, True)
    service.delete("f")


def test_an_environment_that_nobody_uses_is_given_up_after_a_while(service, function, monkeypatch):
    monkeypatch.setattr(fleet, "KEPT", 0.2)
    first = invoked(service)["pid"]
    until(lambda: not service.environments(function))
    assert invoked(service)["pid"] != first


def test_a_package_that_takes_too_long_to_begin_is_ended(service, monkeypatch):
    monkeypatch.setattr(fleet, "INIT_WITHIN", 0.2)
    slow = handlers.package("import time\ntime.sleep(60)\n")
    service.create("slow", slow, **USUAL | {"timeout": 1})
    kind, said = refused(service, "slow")

    assert (kind, "timed out after 1.20 seconds" in said) == ("Sandbox.Timedout", True)
    assert not service.environments("slow")
    service.delete("slow")


def test_a_package_that_would_fill_the_disk_is_refused(service, monkeypatch):
    monkeypatch.setattr(services, "MOST_UNPACKED", len(handlers.SOURCE) - 1)
    with pytest.raises(FunctionError, match="Unzipped size"):
        service.create("large", handlers.package(), **USUAL)
    monkeypatch.setattr(services, "MOST_UNPACKED", len(handlers.SOURCE))
    service.create("large", handlers.package(), **USUAL)
    service.delete("large")


def test_what_is_closed_leaves_no_process_no_descriptor_and_no_port(tmp_path):
    def descriptors():
        return sorted(
            str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.exists()
        )

    before = descriptors()
    made = LambdaService(tmp_path / "lambda", "us-east-1", {})
    for name in ("one", "two"):
        made.create(name, handlers.package(), **USUAL)
    pids = [invoked(made, name)["pid"] for name in ("one", "two")]
    port = made._port.number
    made.close()

    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
    assert not (tmp_path / "lambda").exists()
    assert descriptors() == before
    with reserve_port(wanted=port) as number:
        assert number == port


def test_a_deleted_function_leaves_no_process(service):
    service.create("gone", handlers.package(), **USUAL)
    pid = invoked(service, "gone")["pid"]
    service.delete("gone")
    assert not Path(f"/proc/{pid}").exists()
    with pytest.raises(FunctionError, match="Function not found: gone"):
        invoked(service, "gone")


OWNER = f"""
sys.path.append({str(Path(__file__).parent)!r})
import json, handlers, pathlib, threading
from pytest_rdsfailover.local.functions.service import LambdaService
service = LambdaService(pathlib.Path(os.environ["WHERE"]), "us-east-1", {{}})
service.create("f", handlers.package(), runtime="python3.12", handler=handlers.HANDLER, role="", timeout=60)
def pid(event):
    return json.loads(service.invoke("f", json.dumps(event).encode()).payload)["pid"]
frozen = pid({{}})
threading.Thread(target=pid, args=[{{"sleep": 50}}], daemon=True).start()
while service.environments("f")[0].frozen: time.sleep(0.01)
threading.Thread(target=pid, args=[{{}}], daemon=True).start()
while len([each for each in service.environments("f") if each.frozen]) != 1: time.sleep(0.01)
print(json.dumps([each.pid for each in service.environments("f")]), flush=True)
time.sleep(1000)
"""


def test_killing_its_owner_ends_running_and_frozen_environments(tmp_path):
    with marked.owner(OWNER, WHERE=str(tmp_path)) as owner:
        pids = json.loads(owner.line())
        assert sorted(map(state, pids)) == ["S", "T"]
        owner.kill()
        until(lambda: not [pid for pid in pids if is_running(pid)])


def is_running(pid):
    try:
        return state(pid) != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.usefixtures("function")
def test_environments_listen_on_loopback_below_the_ports_of_clients(service):
    invoked(service)
    variables = invoked(service)["variables"]
    host, _, port = variables["AWS_LAMBDA_RUNTIME_API"].partition(":")
    assert host.startswith("127.")
    assert int(port) < 32768
