"""`rdsfailover trial --functions`: writers in the local Lambda, from the shell."""

import json

import pytest
from commands import done, judged

pytest.importorskip("moto")
pytest.importorskip("awslambdaric")

pytestmark = pytest.mark.local
SHORT = ("--writers", "2", "--rate", "100", "--warmup", "300ms", "--bound", "3s", "--seed", "7",
         "--calm-not-issued", "90%", "--cooldown", "300ms")  # fmt: skip


def test_functions_write_and_their_trial_is_judged(tmp_path):
    result = tmp_path / "result.json"
    taken = judged(
        lambda: done(
            "trial", "--functions", "2", *SHORT, "--expect", "lost == 0",
            "--json", str(result), cwd=tmp_path,
        )
    )  # fmt: skip

    assert taken.returncode == 0, taken.stdout + taken.stderr
    assert "2 of 2 functions of AWS Lambda reported" in taken.stdout
    [trial] = json.loads(result.read_text())["trials"]
    assert trial["acked"] > 0


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--functions", "0"], "functions: from 1 to 10,000, not 0"),
        (["--function", "mine"], "--function: only with --functions N"),
        (["--functions-bucket", "b"], "--functions-bucket: only with --functions N"),
        (["--functions", "2", "--exec", "program"], "leave out --http and --exec"),
        (["--functions", "2", "--bound", "20m"], "Lambda lets them for 890 s at most"),
    ],
)
def test_wrong_options_are_refused_before_anything_starts(options, why):
    refused = done("trial", *options)
    assert refused.returncode == 2
    assert why in refused.stderr
