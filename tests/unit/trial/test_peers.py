import socket

import pytest

from pytest_rdsfailover.trial import peers as module
from pytest_rdsfailover.trial.peers import peers


@pytest.mark.parametrize(
    ("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]
)
def test_the_other_end_of_each_open_connection_is_told(family, host):
    with socket.socket(family) as listener:
        listener.bind((host, 0))
        listener.listen()
        port = listener.getsockname()[1]
        shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        with socket.create_connection((host, port)):
            assert shown in peers()
        assert shown not in peers()


def test_a_system_that_does_not_tell_is_no_error(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "OPEN", tmp_path / "none")
    assert peers() == set()


def test_each_copy_of_a_connection_is_closed_and_the_connection_is_not(tmp_path):
    with (
        (tmp_path / "file").open("w"),
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()) as near,
        listener.accept()[0] as far,
    ):
        before = len(list(module.OPEN.iterdir()))
        assert len(peers()) >= 2
        assert len(list(module.OPEN.iterdir())) == before
        near.sendall(b"still there")
        assert far.recv(20) == b"still there"


def test_what_is_no_socket_by_now_is_not_left_open(tmp_path):
    with (tmp_path / "file").open("w") as file:
        before = len(list(module.OPEN.iterdir()))
        with pytest.raises(OSError, match="non-socket"):
            module._copy(file.fileno())
        assert len(list(module.OPEN.iterdir())) == before
