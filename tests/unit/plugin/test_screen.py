"""What the terminal shows at the end of a run, and in which colours."""

from types import SimpleNamespace

from populations import document

from pytest_rdsfailover.plugin.screen import show


class Terminal:
    """Keeps what is written, with its colour."""

    def __init__(self, verbosity=0):
        self.verbosity, self.lines = verbosity, []
        self.config = SimpleNamespace(
            get_terminal_writer=lambda: SimpleNamespace(fullwidth=80), getoption=lambda _: 0
        )

    def write_sep(self, sign, title):
        self.lines.append((sign + title, ""))

    def write_line(self, line, **colours):
        self.lines.append((line, " ".join(name for name, wanted in colours.items() if wanted)))

    def colour(self, start):
        return next(colour for line, colour in self.lines if line.startswith(start))

    def says(self, line):
        return line in [text for text, _ in self.lines]


def entry(name, *, failed=False, **changes):
    trial = document(1.0, name, test="t.py::test_it", **changes)
    return {"trial": trial, "failed": failed, "timeline": [f"drawing of {name}"]}


def shown(*entries, errored=(), verbosity=0):
    terminal = Terminal(verbosity)
    show(terminal, entries, errored, ["server: one"])
    return terminal


def test_rows_have_the_colour_of_their_tests_and_what_proves_nothing_its_own():
    slow = {"reliable": False, "problem": "900 of 1000 slots found no free writer"}
    terminal = shown(
        entry("good"),
        entry("broken", failed=True),
        entry("void", failed=True, valid=False),
        entry("slow", clock=slow),
        errored=[("t.py::test_none", "DiedError: gone")],
    )

    assert terminal.lines[0] == ("=database failover", "")
    assert terminal.lines[1][1] == "bold"
    assert terminal.says("server: one")
    assert terminal.colour("test ") == "bold"
    assert terminal.colour("t.py::test_it[good]") == ""
    assert terminal.colour("t.py::test_it[broken]") == "red"
    assert terminal.colour("t.py::test_it[void]") == "yellow"
    assert terminal.colour("t.py::test_none") == "red"
    assert terminal.colour("unreliable:") == "yellow"


def test_the_only_trial_is_drawn():
    assert shown(entry("one")).lines[-2:] == [("", ""), ("drawing of one", "")]


def test_a_failed_test_has_drawn_its_trial_already():
    assert not shown(entry("one", failed=True)).says("drawing of one")


def test_more_trials_are_drawn_if_asked_for_under_the_names_of_their_tests():
    two = entry("one"), entry("two")

    assert not shown(*two).says("drawing of one")
    assert not shown(two[0], verbosity=-1).says("drawing of one")
    assert shown(*two, verbosity=1).lines[-6:] == [
        ("", ""), ("t.py::test_it[one]", "bold"), ("drawing of one", ""),
        ("", ""), ("t.py::test_it[two]", "bold"), ("drawing of two", ""),
    ]  # fmt: skip
