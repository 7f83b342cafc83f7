"""What a run collects of its tests, from this process and from workers."""

from types import SimpleNamespace

import pytest
from populations import document

from pytest_rdsfailover.model.errors import DiedError, NotHereError, SettingError
from pytest_rdsfailover.model.settings import Settings
from pytest_rdsfailover.plugin.run import ATTRIBUTE, ERRORED, Run, skipping, why_no_trial


class Hooks:
    """The hooks of a project that adds to the document and to the reports."""

    def pytest_rdsfailover_update_json(self, config, document):
        document["of_the_project"] = config.project

    def pytest_rdsfailover_report_section(self, config, document):
        return [(config.project, [str(len(document["trials"]))])]


def run(**changes):
    config = SimpleNamespace(hook=Hooks(), project="orders", **changes)
    return Run(config, Settings(seed=7))


def entry(name="one", *, order=0, worker="master", mode="local"):
    where = {"mode": mode, "versions": {"server": "8.0"}, "parts": {}, "worker": worker}
    return {"trial": document(1.0, name), "timeline": [], "environment": where, "order": order}


def report(*entries, failed=False, outcome="passed", **attributes):
    made = SimpleNamespace(nodeid="t.py::test_it", failed=failed, outcome=outcome, longrepr=None)
    setattr(made, ATTRIBUTE, list(entries))
    for name, value in attributes.items():
        setattr(made, name, value)
    return made


def test_trials_are_in_the_order_of_their_tests_with_what_became_of_these():
    crash = SimpleNamespace(reprcrash=SimpleNamespace(message="it broke"))
    made = run()
    made.pytest_runtest_logreport(report(entry("last", order=2), failed=True, longrepr=crash))
    made.pytest_runtest_logreport(report(entry("first", order=1)))
    made.pytest_runtest_logreport(report(entry("again", order=3), outcome="rerun"))

    assert [(one["trial"]["scenario"], one["failed"], one["why"]) for one in made.measured] == [
        ("first", False, ""), ("last", True, "it broke"), ("again", True, ""),
    ]  # fmt: skip


def test_a_test_whose_trial_ended_with_an_error_is_kept():
    made = run()
    made.pytest_runtest_logreport(report(**{ERRORED: "DiedError: gone"}))
    made.pytest_runtest_logreport(report(**{ERRORED: ""}))

    assert made.errored == [("t.py::test_it", "DiedError: gone")]


def test_the_document_says_where_it_was_taken_and_is_made_once():
    made = run()
    made.pytest_runtest_logreport(report(entry(mode="live")))
    found = made.document()

    assert (found["mode"], found["seed"]) == ("live", 7)
    assert found["versions"]["server"] == "8.0"
    assert found["of_the_project"] == "orders"
    assert made.document() is found


def test_a_run_without_trials_is_local_and_has_no_sections():
    made = run()

    assert (made.document()["mode"], made.sections()) == ("local", [])
    assert made.environment_lines() == []


def test_the_project_s_sections_are_shown_beside_trials():
    made = run()
    made.pytest_runtest_logreport(report(entry()))

    assert made.sections() == [("orders", ["1"])]


def test_workers_that_shared_the_cpu_are_named():
    said = "taken by several workers at once, which shared the CPU"
    one, two = run(), run()
    for made, workers in ((one, ("gw0", "gw0")), (two, ("gw0", "gw1"))):
        for worker in workers:
            made.pytest_runtest_logreport(report(entry(worker=worker)))

    assert said not in one.environment_lines()
    assert said in two.environment_lines()


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (DiedError("server", "status 1", "its log"), "DiedError: server died (status 1)"),
        (SettingError("rds_rate"), ""),
        (ValueError("of the test"), ""),
    ],
)
def test_only_an_error_of_ours_tells_why_there_is_no_trial(error, why):
    assert why_no_trial(error).removesuffix("; its last lines:") == why


def test_what_cannot_be_done_here_skips_the_test():
    with pytest.raises(pytest.skip.Exception, match="only there"), skipping():
        raise NotHereError("only there")


def test_a_worker_shows_nothing():
    shown = []
    terminal = SimpleNamespace(verbosity=0, write_sep=lambda *parts: shown.append(parts))
    made = run(workerinput={})
    made.pytest_runtest_logreport(report(entry()))
    made.pytest_terminal_summary(terminal)

    assert shown == []
