"""What services and programs outside of Python answer, and what may be believed of it."""

import contextlib
import http.server
import itertools
import os
import pickle
import socket
import sys
import threading
import time

import pytest
from waiting import until

from pytest_rdsfailover.journal.journal import Journal
from pytest_rdsfailover.load import stray_lines
from pytest_rdsfailover.load.http import HttpWorkload
from pytest_rdsfailover.load.programs import ProcessWorkload
from pytest_rdsfailover.load.threads import ThreadLoad
from pytest_rdsfailover.load.workloads import choose
from pytest_rdsfailover.load.writer import ReconnectPolicy
from pytest_rdsfailover.local.processes.ports import reserve_port
from pytest_rdsfailover.model.errors import ContradictionError, SettingError, ToldError
from pytest_rdsfailover.model.records import Fault, Outcome
from pytest_rdsfailover.mysql import driver

pytestmark = pytest.mark.contract("load")
ACKED, REFUSED, UNKNOWN = Outcome.ACKED, Outcome.REFUSED, Outcome.UNKNOWN
SPEAKER = """
import sys, time
for key in map(str.strip, sys.stdin):
    {}
"""


class Service(http.server.ThreadingHTTPServer):
    """Answers with the status that stands in the path, and keeps what it was asked."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.seen, self.connections = [], 0
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self, path):
        return f"http://127.0.0.1:{self.server_address[1]}{path}"


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        super().setup()
        self.server.connections += 1

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self.server.seen.append((self.command, self.path, self.headers.get("X-Ref"), body))
        status = self.path.split("/")[1]
        if status == "hang":
            time.sleep(1)
        if status in ("cut", "hang"):
            self.close_connection = True
            return
        self.send_response(int(status))
        self.send_header("Content-Length", "4")
        self.send_header("Location", "/201/elsewhere")
        self.end_headers()
        self.wfile.write(b"said")

    do_PUT = do_POST  # noqa: N815 - http.server asks for it

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def service():
    service = Service()
    yield service
    service.shutdown()
    service.server_close()


def told(workload, key="run-0-1", session=None):
    """Return what may be believed of a write, and why it failed."""
    session = workload.open() if session is None else session
    try:
        workload.write(key, session)
    except ToldError as error:
        return driver.classify(error, True)  # noqa: FBT003 - a callback
    return ACKED, None


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(200, ACKED), (201, ACKED), (204, ACKED), (302, REFUSED), (409, REFUSED), (500, UNKNOWN),
     (503, UNKNOWN)],
)  # fmt: skip
def test_a_status_tells_the_outcome_and_no_redirect_is_followed(service, status, outcome):
    service.seen.clear()
    found, fault = told(HttpWorkload(url=service.url(f"/{status}/{{key}}")))

    assert (found, fault) == (outcome, None if outcome is ACKED else Fault(status, "server"))
    assert len(service.seen) == 1


def test_a_redirect_says_where_it_leads_and_that_nobody_follows(service):
    for status, said in (
        (307, "leads to '/201/elsewhere'; redirects are not followed"),
        (409, "said"),
    ):
        workload = HttpWorkload(url=service.url(f"/{status}/{{key}}"))
        with pytest.raises(ToldError, match=said):
            workload.write("run-0-1", workload.open())


def test_a_service_may_mean_something_else_by_a_status(service):
    workload = HttpWorkload(url=service.url("/503/{key}"), outcomes={503: "refused", 409: "acked"})
    assert told(workload)[0] is REFUSED
    assert told(HttpWorkload(url=service.url("/409/{key}"), outcomes=workload.outcomes)) == (
        ACKED,
        None,
    )


def test_the_key_stands_wherever_it_was_asked_for_and_the_connection_is_kept(service):
    service.seen.clear()
    workload = HttpWorkload(
        url=service.url("/200/a?ref={key}&x=%20"),
        method="PUT",
        headers={"X-Ref": "<{key}>"},
        body='{"ref": "{key}", "n": {}}',
    )
    session, before = workload.open(), service.connections
    for number in range(5):
        workload.write(f"r-0-{number}", session)
    workload.close(session)

    assert service.seen[4] == (
        "PUT",
        "/200/a?ref=r-0-4&x=%20",
        "<r-0-4>",
        '{"ref": "r-0-4", "n": {}}',
    )
    assert service.connections - before == 1


@pytest.mark.parametrize(
    ("path", "outcome", "kind"),
    [("/cut/{key}", UNKNOWN, "reset"), ("/hang/{key}", UNKNOWN, "timeout")],
)
def test_what_was_sent_and_not_answered_is_unknown(service, path, outcome, kind):
    workload = HttpWorkload(url=service.url(path), answer_within=0.2)
    assert told(workload) == (outcome, Fault(0, kind))


def test_what_was_never_sent_is_refused():
    with reserve_port() as port:
        assert told(HttpWorkload(url=f"http://127.0.0.1:{port}/{{key}}")) == (
            REFUSED,
            Fault(0, "refused"),
        )


def test_a_service_that_takes_no_connection_is_a_refusal_by_time():
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        waiting = [socket.create_connection(deaf.getsockname()) for _ in range(1)]
        workload = HttpWorkload(
            url=f"http://127.0.0.1:{deaf.getsockname()[1]}/{{key}}",
            connect_within=0.1,
            answer_within=0.1,
        )
        assert told(workload)[1].kind == "timeout"
        waiting[0].close()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"url": "http://127.0.0.1/orders"}, "has no {key}"),
        ({"url": "127.0.0.1:80/{key}"}, "no URL"),
        ({"url": "http:///{key}"}, "no URL"),
        ({"url": "http://127.0.0.1:x/{key}"}, "no URL"),
        ({"url": "ftp://127.0.0.1/{key}"}, "no URL"),
        ({"url": "http://{key}.test/"}, "one host"),
        ({"url": "http://a/{key}", "method": "SEND"}, "DELETE, GET, PATCH"),
        ({"url": "http://a/{key}", "outcomes": {200: "fine"}}, "acked, refused or unknown"),
        ({"url": "http://a/{key}", "answer_within": 0}, "some time"),
        ({"url": "http://a/{key}\r\nX: y"}, "no URL"),
        ({"url": "http://a/a b/{key}"}, "spaces as %20"),
        ({"url": "http://a/{key}", "headers": {"X": "a\r\nY: b"}}, "header 'X' cannot be sent"),
        ({"url": "http://a/{key}", "headers": {"X\n": "a"}}, "cannot be sent"),
        ({"url": "http://a/{key}", "headers": {"a b": "c"}}, "cannot be sent"),
        ({"url": "http://a/{key}", "headers": {"X": "\u2713"}}, "cannot be sent"),
    ],
)
def test_a_request_that_can_write_no_key_is_refused(options, said):
    with pytest.raises(SettingError, match=said):
        HttpWorkload(**options)


@pytest.fixture
def speaker():
    """Makes workloads whose program says what a line of Python says; ends what they have opened."""
    opened = []

    def make(line, **options):
        command = [sys.executable, "-c", SPEAKER.format(line)]
        workload = ProcessWorkload(command=command, **options)
        session = workload.open()
        opened.append((workload, session))
        return lambda key: told(workload, key, session)

    yield make
    for workload, session in opened:
        with contextlib.suppress(ContradictionError):
            workload.close(session)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("print('ok', key, flush=True)", (ACKED, None)),
        ("print('refused', key, 1836, flush=True)", (REFUSED, Fault(1836, "read-only"))),
        ("print('unknown', key, flush=True)", (UNKNOWN, Fault(0, "server"))),
        ("print('unknown', key, 2013, flush=True)", (UNKNOWN, Fault(2013, "reset"))),
        ("print('ok', flush=True)", (UNKNOWN, Fault(0, "client"))),
        ("print('refused', key, 'x', flush=True)", (UNKNOWN, Fault(0, "client"))),
        ("sys.exit(3)", (UNKNOWN, Fault(0, "reset"))),
    ],
)
def test_a_program_tells_what_became_of_a_key(speaker, line, expected):
    assert speaker(line)("run-0-1") == expected


@pytest.mark.parametrize(
    "line",
    [
        "print('inserting', key); print('ok', key, flush=True)",
        "print('x' * 1_200_000); print('ok', key, flush=True)",
        "print('ok', key); print(); print('done', flush=True)",
        "print('ok', 'other'); print('ok', key, flush=True)",
    ],
)
def test_a_line_that_is_no_answer_counts_for_no_key(speaker, capfd, monkeypatch, line):
    monkeypatch.setattr(stray_lines, "_told", {})
    write = speaker(line)
    assert [write(f"k-{number}") for number in range(20)] == [(ACKED, None)] * 20
    said = capfd.readouterr().err
    assert 1 <= said.count("which is no answer") <= 5
    assert f"rdsfailover: {sys.executable} has said" in said  # no argument: it may be a password


@pytest.mark.parametrize(
    ("line", "second"),
    [
        ("print('ok', key); print('refused', key, 1290, flush=True)", "refused k-1 1290"),
        ("print('ok', key); print('ok', key, flush=True)", "ok k-1"),
        ("print('ok', key, flush=True); time.sleep(0.05); print('unknown', key)", "unknown k-1"),
    ],
)
def test_a_program_that_answers_a_key_twice_is_believed_nothing(line, second):
    workload = ProcessWorkload(command=[sys.executable, "-c", SPEAKER.format(line)])
    session = workload.open()
    told(workload, "k-1", session)
    told(workload, "k-2", session)  # whose second answer comes when nothing is asked any more

    with pytest.raises(ContradictionError) as contradiction:
        workload.close(session)

    assert f"said 'ok k-1' and later {second!r}, and 1 such lines more;" in str(contradiction.value)


def test_no_load_goes_on_with_a_program_that_does_not_end(tmp_path):
    file = tmp_path / "pid"
    deaf = f"trap '' TERM HUP; echo $$ > {file}; while read key; do :; done; exec sleep 1000"
    journal = Journal("run", 1)
    choice = choose(
        {"workload": ProcessWorkload(command=["/bin/sh", "-c", deaf])},
        None, retries=0, policy=ReconnectPolicy(), classify=None,
    )  # fmt: skip
    load = ThreadLoad(choice(journal), journal, rate=100.0)
    load.start()
    until(lambda: file.exists() and file.read_text().strip())

    load.stop(timeout=0.1)

    until(lambda: not runs(file.read_text()))
    assert "hangs" in {complaint.error for complaint in load.complaints}


def test_a_wrong_answer_is_followed_by_right_ones(speaker):
    write = speaker(
        "print('ok' + ' ' * (key != 'k-1') + key * (key != 'k-1')); print('ok', key, flush=True)"
    )
    assert write("k-1") == (UNKNOWN, Fault(0, "client"))
    assert [write(f"k-{number}") for number in (2, 3, 4)] == [(ACKED, None)] * 3


@pytest.mark.parametrize("flood", ["", "while True: "])
def test_who_says_other_things_only_has_not_answered_and_hears_what_would_be_an_answer(flood):
    command = [sys.executable, "-c", SPEAKER.format(f"{flood}print('ok other', flush=True)")]
    workload = ProcessWorkload(command=command, answer_within=0.2)
    session = workload.open()

    def said():
        with pytest.raises(ToldError, match=r"has not answered k-1 within 0\.2 s") as told:
            workload.write("k-1", session)
        return told.value.text

    until(lambda: "it has said 'ok other', which is no answer: write `ok KEY`" in said())
    workload.close(session)


def test_who_has_never_answered_is_asked_whether_it_has_flushed():
    silent = ProcessWorkload(command=["sleep", "60"], answer_within=0.05)
    session = silent.open()
    with pytest.raises(ToldError, match=r"within 0\.05 s; has it flushed the line\?"):
        silent.write("k-1", session)
    session.cut()
    silent.close(session)


def test_a_late_answer_is_the_answer_to_no_other_key(speaker):
    write = speaker(
        "time.sleep(0.5 if key == 'k-1' else 0); print('ok', key, flush=True)", answer_within=0.2
    )
    assert write("k-1") == (UNKNOWN, Fault(0, "timeout"))
    later = itertools.count(2)
    until(lambda: write(f"k-{next(later)}") == (ACKED, None))


def test_a_script_that_does_not_say_who_reads_it_is_read_by_the_shell(tmp_path):
    script = tmp_path / "program"
    script.write_text('while read key; do echo "ok $key"; done')
    script.chmod(0o755)
    workload = ProcessWorkload(command=[str(script)])
    session = workload.open()
    assert told(workload, "k-1", session) == (ACKED, None)
    workload.close(session)


def test_a_program_that_has_ended_is_started_again_for_the_next_key(speaker):
    write = speaker("print('ok', key, flush=True); sys.exit(0)")
    assert write("k-1") == (ACKED, None)
    until(lambda: write("k-2") == (ACKED, None))


def test_a_program_ends_with_its_load_and_what_it_has_started_too(tmp_path):
    file = tmp_path / "pids"
    shell = f"sleep 1000 & echo $! $$ > {file}; while :; do sleep 0.1; done"
    workload = ProcessWorkload(command=["/bin/sh", "-c", shell])
    session = workload.open()
    until(lambda: file.exists() and len(file.read_text().split()) == 2)
    workload.close(session)

    until(lambda: not any(map(runs, file.read_text().split())))


def runs(pid):
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    return not _is_zombie(pid)


def _is_zombie(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123
            return file.read().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"command": []}, "a list"),
        ({"command": "python x"}, "a list"),
        ({"command": ["no-such-program"]}, "no program 'no-such-program'"),
        ({"command": ["true"], "answer_within": 0}, "some time"),
    ],
)
def test_a_program_that_cannot_be_started_is_refused(options, said):
    with pytest.raises(SettingError, match=said):
        ProcessWorkload(**options)


def test_both_can_be_told_to_another_process():
    for workload in (HttpWorkload(url="http://a/{key}"), ProcessWorkload(command=["true"])):
        assert pickle.loads(pickle.dumps(workload.write)).__self__ == workload
