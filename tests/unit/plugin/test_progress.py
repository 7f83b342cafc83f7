"""What workers write for their controller, whole, torn, and for other controllers."""

import contextlib
import threading
import time
from collections import Counter
from types import SimpleNamespace

import pytest

from pytest_rdsfailover.plugin import progress as module
from pytest_rdsfailover.plugin.progress import TOLD, LiveProgress
from pytest_rdsfailover.plugin.run import ORDER


class Config(SimpleNamespace):
    """A run of pytest, which shows lines."""

    def __init__(self, **more):
        super().__init__(**more)
        self.shown, self.begun = [], []  # lines, and before which of them a line was begun
        reporter = SimpleNamespace(
            verbosity=0, ensure_newline=lambda: self.begun.append(len(self.shown)),
            write_line=self.shown.append,
        )  # fmt: skip
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
    b'{"line": 5}', b'{"test": 5, "entry": {}}', b'{"test": "t", "entry": 5}',
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


# Lines -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("verbosity", "shows"), [(0, True), (1, True), (-1, False)])
def test_a_line_is_shown_unless_the_run_is_quiet(controller, verbosity, shows):
    reporter = controller._config.pluginmanager.get_plugin("terminalreporter")
    reporter.verbosity = verbosity
    paused = []

    @contextlib.contextmanager
    def disabled():
        paused.append("begin")
        yield
        paused.append("end")

    capture = SimpleNamespace(global_and_fixture_disabled=disabled)
    controller._config.pluginmanager.get_plugin = {
        "terminalreporter": reporter, "capturemanager": capture,
    }.get  # fmt: skip
    controller._show("a line")
    assert controller._config.shown == ["a line"] * shows
    assert paused == ["begin", "end"] * shows
    controller._hear({"line": "another"})
    assert controller._config.shown == ["a line", "another"] * shows
    assert controller._config.begun == [0, 1] * shows


@pytest.mark.parametrize("missing", ["terminalreporter", "capturemanager"])
def test_without_a_terminal_nothing_is_shown_and_without_capture_nothing_is_paused(
    controller, missing
):
    reporter = controller._config.pluginmanager.get_plugin("terminalreporter")
    parts = {"terminalreporter": reporter}
    if missing == "terminalreporter":
        parts = {}
    controller._config.pluginmanager.get_plugin = parts.get
    controller._show("a line")
    controller._hear({"line": "another"})
    assert controller._config.shown == ["a line", "another"] * (missing == "capturemanager")


def test_a_worker_s_line_goes_to_its_controller_with_the_worker_s_name(controller, monkeypatch):
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw3")
    monkeypatch.setattr(module, "progress_line", lambda *what: " ".join(map(str, what)))
    writes = worker(controller)
    item = SimpleNamespace(name="test_it")
    writes.tell(item, 5, [1])
    assert (writes._config.shown, controller._config.shown) == ([], [])
    controller._drain()
    assert controller._config.shown == ["[gw3] test_it 5 [1]"]
    reporter = controller._config.pluginmanager.get_plugin("terminalreporter")
    controller._config.pluginmanager.get_plugin = {"terminalreporter": reporter}.get
    controller.tell(item, 5, [1, 2])
    assert controller._config.shown[1:] == ["test_it 5 [1, 2]"]


def test_a_disk_that_is_read_only_and_no_directory_at_all_tell_workers_nothing(
    tmp_path, monkeypatch
):
    for directory in (lambda: None, lambda: tmp_path):
        progress, node = LiveProgress(Config(), directory), SimpleNamespace(workerinput={})

        def fails(_):
            raise OSError("read-only")

        monkeypatch.setattr(module, "OwnedFile", fails)
        progress.pytest_configure_node(node)
        assert (node.workerinput, progress._thread, progress._file) == ({}, None, None)
        progress.pytest_unconfigure()


def test_what_workers_write_is_shown_while_they_run(tmp_path):
    progress, nodes = LiveProgress(Config(), lambda: tmp_path), [
        SimpleNamespace(workerinput={}) for _ in range(2)
    ]  # fmt: skip
    for node in nodes:
        progress.pytest_configure_node(node)
    assert nodes[0].workerinput == nodes[1].workerinput
    assert len([*tmp_path.iterdir()]) == 1
    assert progress._thread.daemon
    LiveProgress(Config(workerinput=nodes[0].workerinput), lambda: None)._send({"line": "now"})
    deadline = time.monotonic() + 10
    while not progress._config.shown and time.monotonic() < deadline:
        time.sleep(0.001)
    assert progress._config.shown == ["now"]
    progress.pytest_unconfigure()
    assert not progress._thread.is_alive()


def test_who_has_no_controller_s_file_writes_nowhere(tmp_path):
    LiveProgress(Config(workerinput={}), lambda: tmp_path)._send({"line": "lost"})
    LiveProgress(Config(), lambda: tmp_path)._send({"line": "lost"})
    assert [*tmp_path.iterdir()] == []


def sample(downtime="1.0 s", *, measured=True, valid=True, lost=0.0):
    return SimpleNamespace(
        downtime=downtime, measured=measured, valid=valid, figures={"lost": lost}
    )


@pytest.mark.parametrize(
    ("latest", "says"),
    [
        (sample(), "2/5: down 1.0 s; median M"),
        (sample(measured=False), "2/5: unreliable; median M"),
        (sample(valid=False), "2/5: INVALID; median M"),
        (sample(lost=3.0), "2/5: down 1.0 s, 3 LOST; median M"),
    ],
)
def test_a_line_tells_the_latest_trial_and_what_all_say(monkeypatch, latest, says):
    from pytest_rdsfailover.analysis import population
    from pytest_rdsfailover.report import tables

    monkeypatch.setattr(population, "population_of", lambda found: SimpleNamespace(median=found))
    monkeypatch.setattr(tables, "typical", lambda found: "M" if len(found) == 2 else "?")
    assert module.progress_line("test_it", 5, [sample("9 s"), latest]) == f"test_it {says}"
    long = module.progress_line("t" * 200, 5, [sample(), latest])
    assert len(long.partition(" 2/5")[0]) <= module.NAME
