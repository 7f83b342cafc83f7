"""The one sentence that stands above the table of a run."""

from populations import document

from pytest_rdsfailover.report.verdict import verdict

SLOW = {"reliable": False, "problem": "busy"}


def finding(name, severity):
    return {
        "name": name, "severity": severity, "evidence": f"{name} were seen", "cure": f"mend {name}",
        "expectation": "",
    }  # fmt: skip


def test_the_worst_finding_is_told_with_its_count_and_what_helps():
    risky, broken = finding("long_waits", "risky"), finding("lost", "broken")
    trials = [
        document(1.0, findings=[risky]),
        document(1.0, findings=[broken, risky]),
        document(1.0, findings=[finding("torn", "broken"), broken]),
        document(1.0, findings=[finding("torn", "broken")], valid=False),
    ]

    assert verdict(trials) == "broken: in 2 of 4 trials: lost were seen: mend lost"
    assert verdict(trials[:1]) == "risky: in the one trial: long_waits were seen: mend long_waits"


def test_what_proves_nothing_is_no_praise():
    assert verdict([]) == ""
    assert (
        verdict([document(1.0), document(1.0)])
        == "sound: nothing broken was found in 2 of 2 trials"
    )
    assert verdict([document(1.0), document(1.0, valid=False)]).startswith(
        "invalid: in 1 of 2 trials the failover"
    )
    assert verdict([document(1.0), document(1.0, clock=SLOW)]).startswith("unreliable: in 1 of 2")


UNMET = """1 of 2 expectations not met
  FAIL: downtime < 2 s: was 3.1 s \N{PLUS-MINUS SIGN}0.02
    no write acknowledged from 0.3 s to 3.4 s"""


def test_a_test_that_failed_is_told_before_what_is_risky_and_after_what_is_broken():
    risky, broken = finding("long_waits", "risky"), finding("lost", "broken")
    plain, warned = document(1.0), document(1.0, findings=[risky])

    told = verdict([plain, warned], [UNMET])
    assert told == "failed: in 1 of 2 trials: downtime < 2 s: was 3.1 s \N{PLUS-MINUS SIGN}0.02"
    assert verdict([plain], ["boom\nand more"]) == "failed: in the one trial: boom"
    assert verdict([plain], [""]) == "failed: in the one trial: a test failed"
    assert verdict([document(1.0, findings=[broken])], [UNMET]).startswith("broken")


def test_tests_that_failed_for_several_reasons_are_not_all_said_to_have_the_first():
    trials = [document(1.0)] * 3
    later = UNMET.replace("3.1", "4.2")
    invalid = "pytest_rdsfailover.InvalidTrialError: this trial proves nothing"

    assert verdict(trials, [UNMET, later]).startswith("failed: in 2 of 3 trials: downtime < 2 s")
    told = verdict(trials, [invalid, UNMET, later])
    assert told == (
        "failed: in 3 of 3 trials, for 2 reasons; the first: InvalidTrialError: this trial proves"
        " nothing"
    )


def test_a_trial_that_proves_nothing_is_not_called_sound_though_its_test_passed():
    assert verdict([document(1.0, valid=False)], []).startswith("invalid")
