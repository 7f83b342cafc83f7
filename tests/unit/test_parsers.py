"""Whatever comes in, a parser returns a value or refuses it in its own way, and shows no secret."""

import asyncio
import contextlib
import tomllib
from http import HTTPStatus

from hypothesis import example, given
from hypothesis import strategies as st

from pytest_rdsfailover.analysis.verdicts.bounds import parse_expectations
from pytest_rdsfailover.local.profiles.profiles import load_profile, parse_profile
from pytest_rdsfailover.local.server.programs import find_server, parse_url
from pytest_rdsfailover.local.toxiproxy.answer import Answer
from pytest_rdsfailover.local.toxiproxy.api import Api
from pytest_rdsfailover.local.toxiproxy.program import find_toxiproxy
from pytest_rdsfailover.local.toxiproxy.request import BadRequestError, read
from pytest_rdsfailover.model.durations import parse_duration, parse_share
from pytest_rdsfailover.model.errors import SettingError
from pytest_rdsfailover.report.rules import parse_rules

SECRET = "hunter2"
NOISE = st.text(alphabet=st.characters(), max_size=40)
PIECES = st.lists(
    st.sampled_from(["mysql", "://", ":", "@", "[", "]", "/", "?", "#", "%", "%5B", "ca=", "\u2100",
                     "1", "99999", "localhost", "::1", "\0", " ", "\n"]), max_size=12,
).map("".join)  # fmt: skip
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from(["1s", "-1s", "nan", "250ms", "reset", "hang"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=10,
)  # fmt: skip
FIELDS = st.sampled_from(
    ["onset", "refused", "promotion", "dns", "cut", "proxy_hold", "share", "hold", "read_only"]
)


@given(NOISE | PIECES)
def test_options(text):
    for parse in (parse_duration, parse_share, parse_rules):
        with contextlib.suppress(SettingError):
            parse(text)
    with contextlib.suppress(SettingError):
        parse_expectations(downtime=text, lost=text)


@given(before=PIECES, after=PIECES, parse=st.sampled_from([parse_url, find_server, find_toxiproxy]))
@example("http://user:", "127.0.0.1:1", find_toxiproxy)
@example("http://user:", "elsewhere", find_toxiproxy)
@example("http://[", "", find_toxiproxy)
def test_urls_with_a_secret(before, after, parse):
    said = ""
    try:
        parse(f"{before}{SECRET}@{after}")
    except SettingError as error:
        said = str(error)
    assert SECRET not in said


@given(before=PIECES, after=PIECES, parse=st.sampled_from([find_server, find_toxiproxy]))
@example("mysql:root:", "%40localhost", find_server)
def test_urls_whose_at_sign_was_forgotten_or_escaped(before, after, parse):
    said = ""
    try:
        parse(f"{before}root:{SECRET}{after}")
    except SettingError as error:
        said = str(error)
    assert SECRET not in said


@given(st.dictionaries(FIELDS | NOISE, PLAIN, max_size=5))
def test_profiles(table):
    with contextlib.suppress(SettingError):
        parse_profile("p", table)


@given(st.binary(max_size=200) | NOISE.map(lambda text: text.encode("utf-8", "replace")))
def test_profile_files(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "p.toml"
    path.write_bytes(data)
    with contextlib.suppress(SettingError):
        load_profile(str(path))
    with contextlib.suppress(ValueError):
        tomllib.loads(data.decode())


HTTP = st.lists(
    st.sampled_from([b"GET", b"POST", b" ", b"/", b"http://x", b"%2e", b"%zz", b"?", b" HTTP/1.1\r\n",
                     b"Host: x\r\n", b"Content-Length: ", b"Transfer-Encoding: ", b"chunked\r\n",
                     b"Expect: 100-continue\r\n", b"\r\n", b"\r\n\r\n", b"0", b"1", b"f;x", b"{}"])
    | st.binary(max_size=5), max_size=20,
).map(b"".join)  # fmt: skip


@given(st.binary(max_size=200) | HTTP)
@example(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n0\r\n\r\n")
def test_requests_of_http(data):
    async def receive():
        async def go_on():
            pass

        reader = asyncio.StreamReader()
        reader.feed_data(data + b"\r\n\r\n")
        reader.feed_eof()
        return await read(reader, go_on)

    with contextlib.suppress(BadRequestError, asyncio.IncompleteReadError):
        assert asyncio.run(receive()).path.startswith("/")


@given(
    method=st.sampled_from(["GET", "POST", "PATCH", "DELETE", "X"]),
    path=st.sampled_from(["/proxies", "/populate", "/proxies/a", "/proxies/a/toxics", "/reset"])
    | st.binary(max_size=40).map(lambda line: line.decode("latin-1")),  # as http.server reads it
    body=st.binary(max_size=100),
)
def test_requests_to_the_built_in_toxiproxy(method, path, body):
    found = Api().route(method, path)
    answer = found if isinstance(found, Answer) else found(body)
    assert answer.status in set(HTTPStatus)
