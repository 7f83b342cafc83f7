"""A profile and a seed survive the way through a header; nothing else does."""

import pytest

from pytest_rdsfailover.local.aws_api.script import decode_script, encode_script
from pytest_rdsfailover.local.profiles.choreography import choreography
from pytest_rdsfailover.local.profiles.profiles import load_profile, shipped
from pytest_rdsfailover.model.errors import SettingError


@pytest.mark.parametrize("name", shipped())
def test_every_profile_plays_the_same_after_the_way_through_a_header(name):
    profile = load_profile(name)
    text = encode_script(profile, 7)
    script = decode_script(text)

    assert script.profile == profile
    assert "\n" not in text
    assert text.isascii()
    roles = {"writer": "a", "target": "b"}
    assert choreography(script.profile, seed=script.seed, **roles) == choreography(
        profile, seed=7, **roles
    )


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"name": "x", "profile": {}, "seed": 1}', "7"])
def test_anything_else_is_refused(text):
    with pytest.raises(SettingError):
        decode_script(text)
