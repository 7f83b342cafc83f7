"""What workers write for their controller, whole, torn, and for other controllers."""

import threading
from collections import Counter
from types import SimpleNamespace

import pytest

from pytest_rdsfailover.plugin.progress import TOLD, LiveProgress
from pytest_rdsfailover.plugin.run import ORDER


class Config(SimpleNamespace):
    """A run of pytest, which shows lines."""

    def __init__(self, **more):
        super().__init__(**more)
        self.shown = []
        reporter = SimpleNamespace(
            verbosity=0, ensure_newline=lambda: None, write_line=self.shown.append
        )
        self.pluginmanager = SimpleNamespace(get_plugin=lambda _: reporter)


ITEM = SimpleNamespace(nodeid="t", stash={ORDER: 3})


@pytest.fixture
def controller(tmp_path):
    """A controller that reads when it is told to."""
    progress = LiveProgress(Config(), lambda: tmp_path)
    progress._file = tmp_path / "progress.jsonl"
    progress._file.write_text("")
    return progress


def worker(controller):
    told = {TOLD: str(controller._file)}
    return LiveProgress(Config(workerinput=told), lambda: None)


def torn(controller, text):
    with controller._file.open("ab") as file:
        file.write(text)


HALVES = [
    b"{", b'{"line": "ha', b'{"line": "\\ud8', b"\xff\xfe", b"\n\n", b'{"line": 1}}', b"nul",
    b"null", b"12", b"[]", b"{}", b'{"entry": {}}',
]  # fmt: skip


@pytest.mark.parametrize("half", HALVES)
def test_half_a_word_spoils_no_other(controller, half):
    writes = worker(controller)
    writes._send({"line": "before"})
    torn(controller, half)
    writes._send({"line": "after"})
    writes.keep(ITEM, {"trial": 1})
    torn(controller, half + b"\n")
    writes._send({"line": "at last"})

    controller._drain()

    assert controller._config.shown == ["before", "after", "at last"]
    assert controller._entries == {"t": [{"trial": 1, "order": 3}]}


def test_a_word_that_is_not_finished_is_waited_for(controller):
    torn(controller, b'{"line": "wa')
    controller._drain()
    torn(controller, b'it"}\n')
    controller._drain()

    assert controller._config.shown == ["wait"]


def test_the_words_of_workers_that_write_at_once_do_not_mix(controller):
    def write(number):
        for _ in range(30):
            worker(controller)._send({"line": str(number) * 200_000})

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    controller._drain()

    shown = Counter(controller._config.shown)
    assert shown == {str(number) * 200_000: 30 for number in range(4)}


def test_two_controllers_have_files_of_their_own_and_those_of_the_dead_go(tmp_path):
    """In containers that share a cache both may have the same process id."""
    (tmp_path / "progress-dead.jsonl").write_text("")
    controllers = [LiveProgress(Config(), lambda: tmp_path) for _ in range(2)]
    nodes = [SimpleNamespace(workerinput={}) for _ in controllers]
    for controller, node in zip(controllers, nodes, strict=True):
        controller.pytest_configure_node(node)

    assert len(list(tmp_path.iterdir())) == 2
    assert nodes[0].workerinput[TOLD] != nodes[1].workerinput[TOLD]
    for controller in controllers:
        controller.pytest_unconfigure()
    assert list(tmp_path.iterdir()) == []


def test_a_run_without_workers_removes_what_dead_ones_left_as_well(tmp_path):
    (tmp_path / "progress-dead.jsonl").write_text("")
    LiveProgress(Config(), lambda: tmp_path).pytest_unconfigure()

    assert list(tmp_path.iterdir()) == []


def report(when):
    return SimpleNamespace(nodeid="t", when=when, sections=[])


def test_the_report_of_a_setup_leaves_the_trials_of_the_call_to_a_worker_that_dies(controller):
    """The controller may read them before it hears that the setup has passed."""
    worker(controller).keep(ITEM, {"trial": 1})
    controller._drain()

    controller._recover(report("setup"))
    assert controller.unreported() == [{"trial": 1, "order": 3}]
    died = report("???")
    controller._recover(died)
    assert died.rdsfailover == [{"trial": 1, "order": 3}]
    assert controller.unreported() == []


@pytest.mark.parametrize("when", ["call", "teardown"])
def test_a_test_that_came_to_its_end_has_its_trials_on_its_own_report(controller, when):
    worker(controller).keep(ITEM, {"trial": 1})
    controller._drain()
    ended = report(when)
    controller._recover(ended)

    assert not hasattr(ended, "rdsfailover")
    assert (ended.sections, controller.unreported()) == ([], [])


def test_the_report_of_a_dead_worker_says_how_many_trials_it_had_finished(controller):
    for number in (1, 2):
        worker(controller).keep(ITEM, {"trial": number})
    controller._drain()
    died = report("???")
    controller._recover(died)

    assert died.sections == [("failover trials", "2 trials were finished and are reported below")]
    nothing = report("???")
    controller._recover(nothing)
    assert (nothing.sections, hasattr(nothing, "rdsfailover")) == ([], False)


def test_a_report_is_heard_with_what_workers_have_written_before_it(controller):
    controller._thread = object()
    worker(controller).keep(ITEM, {"trial": 1})
    died = report("???")
    wrapper = controller.pytest_runtest_logreport(died)
    next(wrapper)
    assert died.rdsfailover == [{"trial": 1, "order": 3}]
