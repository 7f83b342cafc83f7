"""A package with a function for tests: it does what its event says."""

import io
import zipfile

HANDLER = "app.handler"
SOURCE = """
import http.client, os, socket, sys, threading, time

served = 0
kept = []
ticks = []


def tick():
    while True:
        ticks.append(time.monotonic())
        time.sleep(0.01)


def asked(method, path, body):
    # Ask this environment's own Runtime API, as a function should not.
    api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"], timeout=10)
    api.request(method, path, body)
    answer = api.getresponse()
    return answer.status, answer.read().decode()


def handler(event, context):
    global served
    served += 1
    print("served", served)
    if "connect" in event:
        kept.append(socket.create_connection(("127.0.0.1", event["connect"])))
    if "tick" in event:
        threading.Thread(target=tick, daemon=True).start()
    if "sleep" in event:
        time.sleep(event["sleep"])
    if "exit" in event:
        os._exit(event["exit"])
    if "raise" in event:
        raise ValueError(event["raise"])
    if "write" in event:
        print("x" * event["write"])
    if "ask" in event:
        return [asked(*one) for one in event["ask"]]
    if "size" in event:
        return "x" * event["size"]
    return {
        "served": served, "pid": os.getpid(), "arn": context.invoked_function_arn, "path": sys.path,
        "request": context.aws_request_id, "left": context.get_remaining_time_in_millis(),
        "longest": max((b - a for a, b in zip(ticks, ticks[1:])), default=0.0),
        "variables": dict(os.environ),
    }
"""
BROKEN = "import nothing_of_this_name\n"


def package(source=SOURCE):
    """Return a package with one module."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("app.py", source)
    return buffer.getvalue()
