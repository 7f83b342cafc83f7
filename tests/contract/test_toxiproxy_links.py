"""What happens to connections, on the built-in server and the real one."""

import os
import socket
import threading
import time

import pytest
from toxiproxies import ending, eventually, free_port, receive, sending

STREAMS = pytest.mark.parametrize("stream", ["upstream", "downstream"])
LARGE = os.urandom(1 << 20) * 8


def refuses(proxy):
    host, port = proxy.listen.rsplit(":", 1)
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) != 0


def elapsed(action):
    start = time.monotonic()
    action()
    return time.monotonic() - start


@STREAMS
def test_bytes_pass_without_toxics(ends, stream):
    sender, receiver = ends.sender_and_receiver(stream)
    sending(sender, LARGE)

    assert receive(receiver, len(LARGE)) == LARGE


def test_both_streams_flow_at_once(ends):
    client, upstream = ends.connect()
    sending(client, LARGE)
    sending(upstream, LARGE)
    got = []
    threads = [
        threading.Thread(target=lambda end=end: got.append(receive(end, len(LARGE))))
        for end in (client, upstream)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert got == [LARGE, LARGE]


@STREAMS
def test_a_close_travels_behind_the_bytes_and_closes_both_ends(ends, stream):
    sender, receiver = ends.sender_and_receiver(stream)
    sender.sendall(LARGE[:50000])
    sender.close()

    assert receive(receiver, 60000) == LARGE[:50000]
    assert ending(receiver) == "FIN"


@STREAMS
def test_half_a_close_closes_both_directions(ends, stream):
    sender, receiver = ends.sender_and_receiver(stream)
    sender.shutdown(socket.SHUT_WR)

    assert ending(receiver) == "FIN"
    assert ending(sender) == "FIN"


def test_a_slow_receiver_holds_the_sender_back(ends):
    client, upstream = ends.connect()
    upstream.settimeout(1)
    with pytest.raises(TimeoutError):
        upstream.sendall(LARGE * 10)
    client.close()


def test_disabling_refuses_and_ends_connections_before_it_answers(ends):
    client, upstream = ends.connect()
    ends.proxy.disable()

    client.settimeout(0.5)
    assert refuses(ends.proxy)
    assert client.recv(1) == b""
    assert ending(upstream) == "FIN"


def test_disabling_and_enabling_again_and_again_keeps_the_port(ends):
    for _ in range(20):
        client, upstream = ends.connect()
        client.sendall(b"x")
        assert receive(upstream, 1) == b"x"
        ends.proxy.disable()
        assert ending(client) == "FIN"
        ends.proxy.enable()


def test_a_refused_upstream_lets_the_client_in_and_closes(ends):
    ends.server.listener.close()

    assert ending(ends.dial()) == "FIN"


def test_a_new_upstream_ends_connections_and_serves_new_ones(ends):
    old, _ = ends.connect()
    with socket.create_server(("127.0.0.1", free_port())) as other:
        host, port = other.getsockname()
        ends.proxy.update(upstream=f"{host}:{port}")
        assert ending(old) == "FIN"
        fresh = ends.dial()
        with other.accept()[0] as accepted:
            accepted.sendall(b"new")
            assert receive(fresh, 3) == b"new"


@pytest.mark.parametrize("how", ["disable", "upstream closes", "client closes"])
@STREAMS
def test_an_armed_link_ends_with_a_reset_whatever_ends_it(ends, how, stream):
    ends.proxy.add_toxic(type="reset_peer", stream=stream, toxicity=0.0)
    client, upstream = ends.connect()
    client.sendall(b"ping")
    assert receive(upstream, 4) == b"ping"
    upstream.sendall(b"pong")
    assert receive(client, 4) == b"pong"

    if how == "disable":
        ends.proxy.disable()
        assert (ending(client), ending(upstream)) == ("RST", "RST")
    elif how == "upstream closes":
        upstream.close()
        assert ending(client) == "RST"
    else:
        client.close()
        assert ending(upstream) == "RST"


def started(client, upstream):
    """Wait until a link works: its upstream is reached a moment before its chain is set up."""
    client.sendall(b"x")
    assert receive(upstream, 1) == b"x"


def test_a_link_from_before_the_arming_ends_with_a_close(ends):
    client, upstream = ends.connect()
    started(client, upstream)
    ends.proxy.add_toxic(type="reset_peer", toxicity=0.0)
    ends.proxy.disable()

    assert ending(client) == "FIN"


def test_a_link_armed_once_stays_armed(ends):
    ends.proxy.add_toxic(type="reset_peer", toxicity=0.0)
    client, upstream = ends.connect()
    started(client, upstream)
    ends.proxy.destroy_toxic("reset_peer_downstream")
    ends.proxy.disable()

    assert ending(client) == "RST"


@STREAMS
def test_reset_peer_drops_the_first_bytes_and_resets(ends, stream):
    ends.proxy.add_toxic(type="reset_peer", stream=stream)
    sender, receiver = ends.sender_and_receiver(stream)
    sender.sendall(b"x")

    assert (ending(receiver), ending(sender)) == ("RST", "RST")


@STREAMS
def test_latency_delays_one_stream_and_keeps_the_order(ends, stream):
    ends.proxy.add_toxic(type="latency", stream=stream, attributes={"latency": 300, "jitter": 20})
    sender, receiver = ends.sender_and_receiver(stream)

    def there():
        sender.sendall(b"one")
        sender.sendall(b"two")
        assert receive(receiver, 6) == b"onetwo"

    def back():
        receiver.sendall(b"x")
        assert receive(sender, 1) == b"x"

    slow, fast = elapsed(there), min(elapsed(back) for _ in range(5))
    assert slow > 0.25
    assert fast < slow / 2


@pytest.mark.parametrize(
    "toxic",
    [
        {"type": "latency", "attributes": {"latency": 20, "jitter": 10}},
        {"type": "slicer", "attributes": {"average_size": 5000, "size_variation": 2000}},
        {"type": "bandwidth", "attributes": {"rate": 50000}},
        {"type": "slow_close", "attributes": {"delay": 1}},
        {"type": "noop"},
    ],
)
@STREAMS
def test_large_transfers_arrive_intact(ends, toxic, stream):
    ends.proxy.add_toxic(stream=stream, **toxic)
    sender, receiver = ends.sender_and_receiver(stream)
    sending(sender, LARGE).join(0)

    assert receive(receiver, len(LARGE)) == LARGE


@STREAMS
def test_bandwidth_limits_the_rate_of_one_stream(ends, stream):
    ends.proxy.add_toxic(type="bandwidth", stream=stream, attributes={"rate": 100})
    sender, receiver = ends.sender_and_receiver(stream)
    sending(sender, LARGE[:60000])

    taken = elapsed(lambda: receive(receiver, 60000))
    assert 0.3 < taken < 5


def test_no_bandwidth_hangs_until_the_toxic_goes(ends):
    ends.proxy.add_toxic(type="bandwidth", attributes={"rate": 0})
    client, upstream = ends.connect()
    upstream.sendall(b"held")
    client.settimeout(0.3)
    with pytest.raises(TimeoutError):
        client.recv(1)

    client.settimeout(10)
    ends.proxy.destroy_toxic("bandwidth_downstream")
    assert receive(client, 4) == b"held"


@STREAMS
def test_slow_close_delays_the_end_only(ends, stream):
    ends.proxy.add_toxic(type="slow_close", stream=stream, attributes={"delay": 400})
    sender, receiver = ends.sender_and_receiver(stream)
    sender.sendall(b"x")
    assert receive(receiver, 1) == b"x"
    sender.shutdown(socket.SHUT_WR)

    assert elapsed(lambda: ending(receiver)) > 0.3


@STREAMS
def test_a_timeout_drops_bytes_and_ends_a_silent_link(ends, stream):
    ends.proxy.add_toxic(type="timeout", stream=stream, attributes={"timeout": 300})
    sender, receiver = ends.sender_and_receiver(stream)
    sender.sendall(b"lost")

    assert receive(receiver, 1) == b""
    assert ending(sender) in {"FIN", "RST"}


def test_a_timeout_of_zero_hangs_until_it_is_removed_and_then_closes(ends):
    ends.proxy.add_toxic(type="timeout")
    client, upstream = ends.connect()
    upstream.sendall(b"lost")
    client.settimeout(0.3)
    with pytest.raises(TimeoutError):
        client.recv(1)

    client.settimeout(10)
    ends.proxy.destroy_toxic("timeout_downstream")
    assert ending(client) == "FIN"


@STREAMS
def test_limit_data_ends_the_link_at_the_byte(ends, stream):
    ends.proxy.add_toxic(type="limit_data", stream=stream, attributes={"bytes": 100})
    sender, receiver = ends.sender_and_receiver(stream)
    sender.sendall(b"a" * 60)
    assert receive(receiver, 60) == b"a" * 60
    sender.sendall(b"b" * 60)

    assert receive(receiver, 60) == b"b" * 40
    assert ending(receiver) == "FIN"


def test_limit_data_counts_on_over_an_update(ends):
    toxic = ends.proxy.add_toxic(type="limit_data", attributes={"bytes": 100})
    client, upstream = ends.connect()
    upstream.sendall(b"a" * 60)
    assert receive(client, 60) == b"a" * 60
    toxic.update(attributes={"bytes": 80})
    upstream.sendall(b"b" * 60)

    assert receive(client, 60) == b"b" * 20


def test_toxicity_zero_touches_nothing_and_one_touches_all(ends):
    attributes = {"bytes": 0}
    toxic = ends.proxy.add_toxic(type="limit_data", toxicity=0.0, attributes=attributes)
    for _ in range(10):
        client, upstream = ends.connect()
        upstream.sendall(b"x")
        assert receive(client, 1) == b"x"
    toxic.update(toxicity=1.0)
    for _ in range(10):
        client, upstream = ends.connect()
        upstream.sendall(b"x")
        assert receive(client, 1) == b""


def test_toxicity_is_drawn_for_each_link(ends):
    ends.proxy.add_toxic(type="limit_data", toxicity=0.5, attributes={"bytes": 0})
    seen = set()
    for _ in range(60):
        client, upstream = ends.connect()
        upstream.sendall(b"x")
        seen.add(receive(client, 1))

    assert seen == {b"", b"x"}


def test_toxics_act_in_order(ends):
    ends.proxy.add_toxic(type="limit_data", attributes={"bytes": 10})
    ends.proxy.add_toxic(type="latency", attributes={"latency": 300})
    client, upstream = ends.connect()
    start = time.monotonic()
    upstream.sendall(b"x" * 20)

    assert receive(client, 20) == b"x" * 10
    assert time.monotonic() - start > 0.25


def test_toxics_come_change_and_go_under_traffic_without_losing_a_byte(ends):
    client, upstream = ends.connect()
    thread = sending(upstream, LARGE)
    stop = threading.Event()

    def churn():
        while not stop.is_set():
            with (
                ends.proxy.toxic(type="latency", attributes={"latency": 5}) as latency,
                ends.proxy.toxic(type="slicer", attributes={"average_size": 1000}),
            ):
                latency.update(attributes={"jitter": 3})

    churner = threading.Thread(target=churn)
    churner.start()
    try:
        assert receive(client, len(LARGE)) == LARGE
    finally:
        stop.set()
        churner.join()
        thread.join()


def test_latency_on_a_live_link_can_be_taken_away(ends):
    client, upstream = ends.connect()
    toxic = ends.proxy.add_toxic(type="latency", attributes={"latency": 20000})
    upstream.sendall(b"first")
    time.sleep(0.1)
    toxic.destroy()
    upstream.sendall(b"second")

    assert elapsed(lambda: receive(client, 11)) < 10


def test_two_hundred_links_live_at_once(ends):
    pairs = [ends.connect() for _ in range(200)]
    for number, (client, upstream) in enumerate(pairs):
        client.sendall(b"%04d" % number)
        upstream.sendall(b"%04d" % (number + 1))
    for number, (client, upstream) in enumerate(pairs):
        assert receive(upstream, 4) == b"%04d" % number
        assert receive(client, 4) == b"%04d" % (number + 1)
    ends.proxy.disable()

    assert [ending(client) for client, _ in pairs] == ["FIN"] * 200
    eventually(lambda: refuses(ends.proxy))
