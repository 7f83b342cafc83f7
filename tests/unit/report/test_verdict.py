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
