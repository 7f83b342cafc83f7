"""HTML pages of trials whose course is known, and what a browser shows of them."""

from builders import ack, acks, course, everything_acked, journal, milestone, refused, unknown

from pytest_rdsfailover.analysis.judging import judge
from pytest_rdsfailover.journal.evidence import Evidence
from pytest_rdsfailover.journal.stored import Stored
from pytest_rdsfailover.report import document, html
from pytest_rdsfailover.report.trial_drawing import portrait

HOSTILE = "</script><script>window.hacked=1</script><img src=x onerror='window.hacked=2'>"


def failover(writers=4, *, stuck=(), lost=0):
    """Return a failover from 10.3 s to 12.5 s; the *stuck* writers never come back."""
    events = []
    for number in range(writers):
        events += acks(1.0 + number / 100, 10.3, 0.05, writer=number, instance="instance-1")
        events.append(unknown(10.35, writer=number, instance="instance-1"))
        events += [refused(10.5 + n / 10, writer=number) for n in range(5)]
        if number in stuck:
            events += [
                refused(11.0 + n / 10, 1290, writer=number, instance="instance-1")
                for n in range(89)
            ]
        else:
            events += [ack(12.5, writer=number, instance="instance-2")]
            events += acks(12.6 + number / 100, 19.9, 0.05, writer=number, instance="instance-2")
    made = journal(events, writers=writers)
    stored = everything_acked(made)[lost:]
    return Evidence(journal=made, course=course(), stored=Stored(positions=stored))


def entry(evidence, *, test="tests/test_shop.py::test_orders", **more):
    summary = judge(evidence)
    found = document.trial_document(summary, test=test, scenario="cluster")
    return html.entry(found, portrait(summary, evidence), rerun="pytest --rds-seed=7", **more)


def hostile():
    """Return a trial that says `HOSTILE` wherever a text of others can stand."""
    evidence = failover()
    course_ = course(
        writer_before=HOSTILE, profile=HOSTILE, notes=[HOSTILE],
        milestones=[milestone("trigger", 10.0), milestone(HOSTILE, 10.3, HOSTILE)],
    )  # fmt: skip
    made = Evidence(journal=evidence.journal, course=course_, stored=evidence.stored)
    return entry(made, test=f"test_a.py::test_b[{HOSTILE}]", failed=True, why=HOSTILE)


def beside(**more):
    """Return a trial of a workload that tries again, reads and stores transactions in part."""
    made = entry(failover(), **more)
    error = {"code": 2003, "kind": HOSTILE, "count": 68, "first_s": 0.3, "last_s": 1.9}
    attempts = {"count": 168, "acked": 90, "refused": 70, "unknown": 8, "retried": 12,
                "downtime_s": 1.7, "resolution_s": 0.05, "errors": [error]}  # fmt: skip
    reads = {"count": 41, "failed": 3, "compared": 29, "stale": 5, "staleness_s": 0.651,
             "resolution_s": 0.002, "unseen": 4}  # fmt: skip
    trial = made["trial"] | {"attempts": attempts, "reads": reads, "torn": ["run-0-7", HOSTILE]}
    return html.entry(trial, made["portrait"], **more)


def written(path, entries, **more):
    """Write a page and return its path."""
    trials = [each["trial"] for each in entries]
    run = document.run_document(trials, mode="local", seed=7, versions={"server": HOSTILE})
    path.write_text(html.page(entries, run, notes=[f"server: {HOSTILE}"], **more))
    return path


def text(browser, selector):
    return browser.run(f"document.querySelector({selector!r}).textContent")


def count(browser, selector):
    return browser.run(f"document.querySelectorAll({selector!r}).length")
