"""A server that answers requests as a test says, or not at all."""

import re
import socket
import threading
from contextlib import contextmanager

from toxiproxies import free_port

from pytest_rdsfailover.local.toxiproxy.client import ToxiproxyClient


def request(connection):
    """Return a whole request; its body may come in a segment of its own."""
    text = ""
    while part := connection.recv(65536).decode():
        text += part
        head, end, body = text.partition("\r\n\r\n")
        length = re.search(r"Content-Length: (\d+)", head)
        if end and len(body) == (int(length[1]) if length else 0):
            break
    return text


@contextmanager
def answering(*answers):
    """Run a server that gives each connection the next answer; None is silence.

    Its client is patient unless silence is among them.
    """
    heard, within = [], 0.3 if None in answers else 30.0
    with socket.create_server(("127.0.0.1", free_port())) as listener:

        def run():
            silent = []
            for answer in answers:
                try:
                    connection = listener.accept()[0]
                except OSError:
                    return
                heard.append(request(connection))
                if answer is None:
                    silent.append(connection)
                    continue
                status, body = answer
                head = f"HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {len(body)}"
                connection.sendall(f"{head}\r\n\r\n{body}".encode())
                connection.close()
            for connection in silent:
                connection.close()

        thread = threading.Thread(target=run)
        thread.start()
        with ToxiproxyClient(f"http://127.0.0.1:{listener.getsockname()[1]}", within) as client:
            yield client, heard
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
