"""As whom to connect, and how long a token lasts."""

import logging
import pickle
import traceback
import warnings
from dataclasses import replace
from functools import partial

import pytest
from facts import cluster, proxy, settings

from pytest_rdsfailover.aws.client import AwsError
from pytest_rdsfailover.live.credentials import (
    ASK_EVERY,
    LOST_AFTER,
    RotatedPassword,
    Tokens,
    find_credentials,
)
from pytest_rdsfailover.model.endpoints import Endpoint, Hidden
from pytest_rdsfailover.model.errors import SettingError


class Region:
    """Secrets by name, hidden as the real region hides them."""

    def __init__(self, **secrets):
        self.secrets = secrets

    def secret(self, arn, *, brief=False):  # noqa: ARG002 - waits for nothing
        return Hidden(self.secrets[arn])

    def brief_client(self, _):
        pass


class Clock:
    def __init__(self):
        self.time = 100.0

    def now(self):
        return self.time


GOOD = '{"username": "admin", "password": "s3cret", "host": "elsewhere"}'


def test_the_cluster_s_own_secret_is_read_before_the_proxy_s():
    region = Region(own=GOOD, proxied='{"username": "other", "password": "x"}')
    through = proxy(secret="proxied")

    assert find_credentials(settings(), region, cluster(secret="own"), through).user == "admin"
    assert find_credentials(settings(), region, cluster(), through).user == "other"
    named = settings(secret="own")
    assert find_credentials(named, region, cluster(secret="gone"), None).password == "s3cret"


def test_no_secret_at_all_names_the_ways_out():
    with pytest.raises(SettingError, match="--rds-secret"):
        find_credentials(settings(), Region(), cluster(), None)


def frames(error):
    """Return every frame that pytest would show of an error and of what it came from."""
    found, waiting = [], [error]
    while waiting:
        each = waiting.pop()
        if each is not None:
            found += [frame for frame, _ in traceback.walk_tb(each.__traceback__)]
            waiting += [each.__cause__, None if each.__suppress_context__ else each.__context__]
    return [frame for frame in found if "pytest_rdsfailover" in frame.f_code.co_filename]


@pytest.mark.parametrize("text", ["s3cret", '["s3cret"]', '{"password2": "s3cret"}', '"s3cret"'])
def test_a_secret_that_is_none_is_named_and_never_shown(text):
    with pytest.raises(SettingError, match="the secret own is no JSON") as caught:
        find_credentials(settings(), Region(own=text), cluster(secret="own"), None)

    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert frames(caught.value)
    shown = [repr(frame.f_locals) for frame in frames(caught.value)]
    assert "s3cret" not in "".join(shown)


def test_a_repr_shows_no_password():
    found = find_credentials(settings(), Region(own=GOOD), cluster(secret="own"), None)

    assert "s3cret" not in repr(found)
    assert "own" in found.source


def test_the_environment_holds_the_password_and_the_option_the_user(monkeypatch):
    asked = settings(auth="environment", user="tester")
    monkeypatch.setenv("RDS_PASSWORD", "p")
    found = find_credentials(asked, Region(), cluster(), None)

    assert (found.user, found.password) == ("tester", "p")
    monkeypatch.delenv("RDS_PASSWORD")
    with pytest.raises(SettingError, match="RDS_PASSWORD"):
        find_credentials(asked, Region(), cluster(), None)


def test_the_password_of_a_secret_is_read_anew_once_it_is_refused():
    region = Region(own=GOOD)
    found = find_credentials(settings(), region, cluster(secret="own"), None)
    assert found.rotated() == found.password == "s3cret"
    region.secrets["own"] = GOOD.replace("s3cret", "n3w")
    assert found.rotated() == "s3cret"  # nobody has refused it

    assert found.rotated.renew("s3cret")
    assert found.rotated() == "n3w"
    region.secrets.clear()
    assert found.rotated.renew("s3cret")  # another thread has read it: nothing is asked
    assert "n3w" not in repr(vars(found.rotated))


def test_a_password_that_stays_refused_is_read_once_a_second_at_most():
    clock, told = Clock(), ["s3cret", AwsError("get_secret_value", "AccessDenied", "no"), "n3w"]

    def read():
        answer = told.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return Hidden(answer)

    held = RotatedPassword(read, Hidden("s3cret"), clock)
    assert [held.renew("s3cret"), held.renew("s3cret"), len(told)] == [False, False, 2]
    clock.time += ASK_EVERY
    assert not held.renew("s3cret")  # AWS refuses: the old one stays
    clock.time += ASK_EVERY
    assert held.renew("s3cret")
    assert told == []


def test_a_rotated_password_goes_to_another_process():
    here = RotatedPassword(partial(str, "n3w"), "s3cret", Clock())
    there = pickle.loads(pickle.dumps(here))
    with here._lock:
        assert there.renew("s3cret")

    assert (there(), here()) == ("n3w", "s3cret")


def test_a_password_that_no_server_could_be_told_is_no_secret():
    with pytest.raises(SettingError, match="is no JSON object"):
        text = r'{"username": "u", "password": "\ud800"}'
        find_credentials(settings(), Region(own=text), cluster(secret="own"), None)


def test_a_token_is_kept_while_it_is_fresh_and_renewed_before_it_expires():
    clock, made = Clock(), []

    def make():
        made.append(f"token-{len(made)}")
        return made[-1]

    tokens = Tokens(make, clock)
    assert [tokens(), tokens()] == ["token-0", "token-0"]
    clock.time += 599
    assert tokens() == "token-0"
    clock.time += 2
    assert tokens() == "token-1"


def test_a_token_that_is_fresh_goes_to_another_process_and_is_renewed_there():
    clock = Clock()
    here = Tokens(partial(str, "renewed"), clock)
    here._token, here._until = "token", clock.time + 1
    there = pickle.loads(pickle.dumps(here))

    assert there() == "token"
    with here._lock:
        assert there() == "token"  # nobody waits for another process
    there._clock.time += 2
    assert there() == "renewed"


def test_an_endpoint_asks_for_a_token_at_every_connection():
    endpoint = Endpoint(
        name="cluster", kind="writer", host="h", port=1, user="u", password="", database="d"
    )
    tokens = iter(["one", "two"])
    renewed = replace(endpoint, token=lambda: next(tokens))

    assert [renewed.secret(), renewed.secret()] == ["one", "two"]
    assert endpoint.secret() == ""


def test_boto3_signs_a_token_for_the_endpoint_and_the_user(monkeypatch):
    pytest.importorskip("boto3")
    from pytest_rdsfailover.live.region import Region as Real

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "k3y")
    real = Real("eu-west-1")
    token = real.token("orders.proxy-x.eu-west-1.rds.amazonaws.com", 3306, "tester")

    assert token.startswith("orders.proxy-x.eu-west-1.rds.amazonaws.com:3306/?")
    assert "Action=connect" in token
    assert "DBUser=tester" in token
    assert "X-Amz-Expires=900" in token
    assert "k3y" not in token
    assert "X-Amz-Signature" not in repr(token)
    assert real.calls == []


def test_another_process_signs_tokens_by_the_same_credentials(monkeypatch):
    pytest.importorskip("boto3")
    from pytest_rdsfailover.live.region import Region as Real

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "k3y")
    real = Real("eu-west-1", "http://127.0.0.1:1")
    real.client("rds")
    tokens = pickle.loads(pickle.dumps(Tokens(partial(real.token, "orders.example", 3306, "me"))))

    region = tokens._make.func.__self__
    assert (region.name, region.url) == ("eu-west-1", "http://127.0.0.1:1")
    assert region is not real
    assert tokens().startswith("orders.example:3306/?Action=connect&DBUser=me")
    assert "AKIAEXAMPLE" in tokens()


def test_boto3_logs_nothing_from_which_a_token_could_be_made(monkeypatch, caplog):
    pytest.importorskip("boto3")
    from pytest_rdsfailover.live.region import Region as Real

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "k3y")
    real = Real("eu-west-1")
    with caplog.at_level(logging.DEBUG):
        token = real.token("orders.example", 3306, "tester")
        signature = token.rpartition("X-Amz-Signature=")[2]
        assert len(signature) == 64
        assert signature not in caplog.text
        real.client("rds").generate_db_auth_token("orders.example", 3306, "tester")
    assert "Signature" in caplog.text  # so it is we who keep it out


@pytest.mark.parametrize("action", ["always", "error"])
def test_a_secret_that_cannot_be_read_anew_is_told_once_and_is_no_error_of_the_login(action):
    clock = Clock()

    def read():
        raise AwsError("get_secret_value", "AccessDeniedException", "not you")

    held = RotatedPassword(read, "s3cret", clock)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter(action)
        for _ in range(3):
            assert not held.renew("s3cret")
            clock.time += 2.0

    told = (
        "the database refuses the password, and its secret cannot be read anew: get_secret_value"
        " failed: AccessDeniedException: not you"
    )
    assert [str(each.message) for each in warned] == [told] * (action == "always")


def test_a_secret_is_lost_once_it_could_not_be_read_for_a_while_and_no_more_once_it_can():
    clock, answers = Clock(), [AwsError("get_secret_value", "AccessDeniedException", "no")] * 8

    def read():
        if answers:
            raise answers.pop()
        return "new"

    held, seen = RotatedPassword(read, "old", clock), []
    while not held.renew("old"):
        seen.append(bool(held.lost()))
        clock.time += 1.0

    assert seen == [False] * int(LOST_AFTER) + [True] * (8 - int(LOST_AFTER))
    assert held.lost() == ""


def test_two_failed_looks_with_nothing_known_of_the_time_between_lose_no_secret():
    clock = Clock()

    def read():
        raise AwsError("get_secret_value", "ThrottlingException", "later")

    held = RotatedPassword(read, "old", clock)
    for moment in (0.0, 100.0, 101.0, 104.0):
        clock.time = moment
        assert not held.renew("old")
        assert not held.lost()
    clock.time = 105.0
    assert not held.renew("old")
    assert held.lost()


def test_a_look_that_takes_long_is_not_repeated_by_those_who_waited_for_it():
    clock, asked = Clock(), []

    def read():
        asked.append(clock.time)
        clock.time += LOST_AFTER
        raise AwsError("get_secret_value", "ReadTimeoutError", "nobody")

    held = RotatedPassword(read, "old", clock)
    assert not held.renew("old")
    assert not held.renew("old")
    assert len(asked) == 1
    assert "cannot be read anew: get_secret_value failed: ReadTimeoutError" in held.lost()
