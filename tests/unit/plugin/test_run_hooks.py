"""What a run does around each test; tests and reports are stand-ins, nothing is started."""

from types import SimpleNamespace

import pytest
from populations import document

from pytest_rdsfailover.model.errors import DiedError, NotHereError, UnaskedFindingWarning
from pytest_rdsfailover.model.live_settings import LiveSettings
from pytest_rdsfailover.model.settings import Settings
from pytest_rdsfailover.plugin.options import SEED, STARTED
from pytest_rdsfailover.plugin.run import ATTRIBUTE, ERRORED, ORDER, Run

LIVE = LiveSettings(
    cluster="orders", account="111122223333", region="eu-west-1", schema="s", started=3.0
)
BROKEN = {"name": "lost", "severity": "broken", "evidence": "lost it", "cure": "",
          "expectation": "lost=0"}  # fmt: skip
WHERE = {"mode": "local", "versions": {}, "parts": {}, "worker": "master"}


class Item:
    """A test with markers of its own."""

    nodeid, config = "t.py::test_it", SimpleNamespace(rootpath=None)

    def __init__(self, *own_markers):
        self.own_markers = [marker.mark for marker in own_markers]
        self.stash, self.user_properties, self.added = pytest.Stash(), [], []

    def iter_markers(self):
        return iter(self.own_markers)

    def get_closest_marker(self, name):
        return next((marker for marker in self.own_markers if marker.name == name), None)

    def add_marker(self, marker):
        self.added.append(marker.name)


def run(*, unreported=tuple, **changes):
    given = changes.pop("config", {})
    return Run(SimpleNamespace(**given), Settings(**changes), unreported)


def through(wrapper, result=None, error=None):
    """Go through a hook around something that returns a result or raises; return what comes out."""
    next(wrapper)
    try:
        if error is None:
            wrapper.send(result)
        else:
            wrapper.throw(error)
    except StopIteration as ended:
        return ended.value
    raise AssertionError("it goes on")


def passes(made, item):
    """Let a test pass, and be torn down."""
    through(made.pytest_runtest_call(item))
    through(made.pytest_runtest_teardown(item))


def measured(made, item, *names, **changes):
    for name in names:
        made.note(item, document(1.0, name, **changes), [f"drawing of {name}"], WHERE)


TRIALS, LIVE_ONLY = pytest.mark.rds_trials(3), pytest.mark.rds_live
WRONG = pytest.mark.rds_trials(0)


@pytest.mark.parametrize(("live", "added"), [(None, ["skip"]), (LIVE, [])])
def test_tests_are_numbered_and_those_of_a_real_cluster_skipped_without_one(live, added):
    items = [Item(), Item(LIVE_ONLY), Item(TRIALS)]
    run(live=live).pytest_collection_finish(SimpleNamespace(items=items))

    assert [item.stash[ORDER] for item in items] == [0, 1, 2]
    assert [item.added for item in items] == [[], added, []]


def test_a_marker_that_cannot_be_honoured_ends_the_run_before_its_first_test():
    with pytest.raises(pytest.UsageError, match=r"t\.py::test_it: .*at least one trial"):
        run().pytest_collection_finish(SimpleNamespace(items=[Item(), Item(WRONG)]))


def test_on_a_worker_such_a_marker_fails_its_test_only():
    made, item = run(config={"workerinput": {}}), Item(WRONG)
    made.pytest_collection_finish(SimpleNamespace(items=[item]))
    with pytest.raises(pytest.UsageError, match="at least one trial"):
        through(made.pytest_runtest_setup(item))

    assert through(run().pytest_runtest_setup(item), result="done") == "done"


@pytest.mark.parametrize("hook", [Run.pytest_runtest_setup, Run.pytest_runtest_call])
def test_what_this_run_cannot_do_skips_a_test(hook):
    with pytest.raises(pytest.skip.Exception, match="only there"):
        through(hook(run(), Item()), error=NotHereError("only there"))


@pytest.mark.parametrize("marker", [TRIALS, pytest.mark.rds_expect(lost=0)])
def test_a_test_that_is_about_trials_and_takes_none_fails(marker):
    made, item = run(), Item(marker)
    with pytest.raises(pytest.fail.Exception, match=f"{marker.name} holds nothing"):
        passes(made, item)

    failing = Item(marker)
    with pytest.raises(ZeroDivisionError):
        through(made.pytest_runtest_call(failing), error=ZeroDivisionError())
    through(made.pytest_runtest_teardown(failing))  # it has its failure already
    passes(made, Item(pytest.mark.rds_profile("quick")))

    with_trial = Item(marker)
    measured(made, with_trial, "one")
    passes(made, with_trial)


def report(made, item, when="call", *, failed=False, error=None):
    """Make a test's report as pytest does."""
    call = SimpleNamespace(when=when, excinfo=error and SimpleNamespace(value=error))
    plain = SimpleNamespace(failed=failed, sections=[], outcome="", longrepr=None, nodeid="t")
    return through(made.pytest_runtest_makereport(item, call), plain)


def test_a_report_carries_the_trials_of_its_test_once_with_their_place():
    made, item = run(), Item(TRIALS)
    item.stash[ORDER] = 4
    measured(made, item, "one", "two")
    setup, call, teardown = (report(made, item, when) for when in ("setup", "call", "teardown"))

    assert not hasattr(setup, ATTRIBUTE)
    assert [(one["trial"]["scenario"], one["order"]) for one in getattr(call, ATTRIBUTE)] == [
        ("one", 4), ("two", 4),
    ]  # fmt: skip
    assert not hasattr(teardown, ATTRIBUTE)
    assert call.sections == []
    assert dict(item.user_properties)["rds_trials"] == 2
    passes(made, item)  # it has taken trials, though they are reported


def test_a_failed_test_shows_the_drawings_of_its_trials():
    made, item = run(), Item()
    measured(made, item, "one")

    assert report(made, item, failed=True).sections == [("failover timeline", "drawing of one")]


def test_a_report_says_why_there_was_no_trial():
    made, died = run(), DiedError("server", "status 1", "")

    assert getattr(report(made, Item(), failed=True, error=died), ERRORED).startswith("DiedError")
    assert not hasattr(report(made, Item(), error=died), ERRORED)
    item = Item()
    measured(made, item, "one")
    assert not hasattr(report(made, item, failed=True, error=died), ERRORED)
    assert getattr(report(made, Item(), "setup", failed=True, error=died), ERRORED)


def test_what_is_broken_and_not_asked_about_is_told_when_a_test_has_passed():
    made, item = run(), Item()
    measured(made, item, "one", findings=[BROKEN])
    with pytest.warns(UnaskedFindingWarning, match="lost it"):
        through(made.pytest_runtest_call(item))

    late = Item()  # a fixture has measured around the test
    through(made.pytest_runtest_call(late))
    measured(made, late, "one", findings=[BROKEN])
    with pytest.warns(UnaskedFindingWarning, match="lost it"):
        through(made.pytest_runtest_teardown(late))

    asking = Item()
    measured(made, asking, "one", findings=[BROKEN])
    made.asked(asking).add("lost")
    passes(made, asking)


def test_a_strict_run_fails_such_a_test():
    made, item = run(strict=True), Item()
    measured(made, item, "one", findings=[BROKEN])
    with pytest.raises(pytest.fail.Exception, match="passed, and yet broken"):
        through(made.pytest_runtest_call(item))


def test_trials_of_tests_that_made_no_report_are_collected_at_the_end():
    lost = {"trial": document(1.0, "of a dead worker"), "order": 0}
    made, item = run(unreported=lambda: [lost]), Item()
    item.stash[ORDER] = 1
    measured(made, item, "of an interrupted test")
    made.pytest_sessionfinish(SimpleNamespace(items=[Item(), item]))

    assert [(one["trial"]["scenario"], one["failed"], one["why"]) for one in made.measured] == [
        ("of a dead worker", False, ""), ("of an interrupted test", False, ""),
    ]  # fmt: skip


def test_workers_are_told_the_seed_and_when_a_live_run_began():
    for live, told in ((None, {SEED: 5}), (LIVE, {SEED: 5, STARTED: 3.0})):
        node = SimpleNamespace(workerinput={})
        run(seed=5, live=live).pytest_configure_node(node)
        assert node.workerinput == told


@pytest.mark.parametrize("kept", [{"portrait": "p"}, {}])
def test_what_is_kept_beside_a_trial_is_kept_with_the_last_one(kept):
    made, item = run(), Item()
    measured(made, item, "one", "two")
    made.note_more(item, {"rerun": "pytest t", "unwritten": ["full"], **kept})
    made.measured += made.noted(item)

    one, two = made.measured
    assert "rerun" not in one
    assert {name: two[name] for name in ("rerun", *kept)} == {"rerun": "pytest t", **kept}
    assert ("portrait" in two) is bool(kept)
    assert made.unwritten() == ["full"]


@pytest.mark.parametrize(
    ("fixtures", "live", "said"),
    [
        (("tmp_path",), None, []),
        (("rds_cluster",), LIVE, ["live: ", "load: in schema s"]),
        (("rds_clusters",), None, ["server: ", "toxiproxy: ", "profile: quick, seed: 7"]),
    ],
)
def test_a_run_says_what_its_clusters_are_only_if_a_test_uses_one(
    monkeypatch, tmp_path, fixtures, live, said
):
    from pytest_rdsfailover.local.processes import cache
    from pytest_rdsfailover.local.server import programs
    from pytest_rdsfailover.local.toxiproxy import program

    monkeypatch.setattr(cache, "cache_directory", lambda _: tmp_path)
    monkeypatch.setattr(programs, "find_server", lambda _: "MariaDB")
    monkeypatch.setattr(program, "find_toxiproxy", lambda _: "the real one")
    items = [SimpleNamespace(fixturenames=()), SimpleNamespace(fixturenames=fixtures)]
    lines = run(seed=7, live=live).pytest_report_collectionfinish(items)

    assert len(lines) == len(said)
    assert all(line.startswith(start) for line, start in zip(lines, said, strict=True))


def test_a_comparison_with_a_downtime_that_does_not_hold_is_explained():
    from pytest_rdsfailover.analysis.figure import Figure
    from pytest_rdsfailover.analysis.verdicts import expectations

    assert expectations
    assert run().pytest_assertrepr_compare("==", 1, 2) is None
    assert run().pytest_assertrepr_compare("<", Figure(3.0, 3.5), 2.0)


@pytest.mark.parametrize(("verbosity", "shown"), [(0, True), (-1, True), (-2, False)])
def test_the_summary_is_left_out_where_pytests_own_is(verbosity, shown):
    made, lines = run(), []
    made.errored = [("t.py::test_it", "DiedError: gone")]
    terminal = SimpleNamespace(
        verbosity=verbosity,
        write_sep=lambda *_: None,
        write_line=lambda line, **_: lines.append(line),
        config=SimpleNamespace(get_terminal_writer=lambda: SimpleNamespace(fullwidth=80)),
    )
    made.pytest_terminal_summary(terminal)

    assert any("DiedError: gone" in line for line in lines) is shown
    del lines[:]
    made.errored = []
    made.pytest_terminal_summary(terminal)
    assert lines == []
