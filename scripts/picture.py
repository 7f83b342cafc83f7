"""Draws docs/timeline.svg, the picture of the README: a failover as the profile `aurora` plays it.

The trial is made up, with the moments of a real one, so that the same picture comes out each time;
it is judged as any other. `tests/test_readme.py` compares. Usage: scripts/picture.py
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "unit")]

from builders import (  # noqa: E402
    acks,
    course,
    everything_acked,
    journal,
    milestone,
    refused,
    unknown,
)

from pytest_rdsfailover.analysis.judging import summarise  # noqa: E402
from pytest_rdsfailover.analysis.summary import Summary  # noqa: E402
from pytest_rdsfailover.journal.stored import Stored  # noqa: E402
from pytest_rdsfailover.report.felt_milestones import felt_milestones  # noqa: E402

PICTURE = ROOT / "docs" / "timeline.svg"
WRITERS, EVERY = 16, 0.005
WIDTH, HEIGHT = 880, 330
LEFT, RIGHT = 130, 850  # where the first and the last moment stand
NAMES, BARS, ERRORS, AXIS = 76, 136, 236, 306  # rows, by their upper edge
HIGH, ROW = 84, 24
COLOURS = {"refused": "#e69f00", "read-only": "#0072b2", "reset": "#d55e00"}
STYLE = """
  .paper { fill: #ffffff; stroke: #d8dee4; } text { fill: #1b1f24; } .soft { fill: #57606a; }
  .band { fill: #d55e00; opacity: .1; } .acked { fill: #009e73; } .bad { fill: #b83c00; }
  line { stroke: #57606a; stroke-dasharray: 2 3; } line.trigger { stroke-dasharray: none; }
  text { font: 13px system-ui, sans-serif; } .head { font-size: 18px; font-weight: 600; }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #0f1318; stroke: #2d343d; } text { fill: #e8ecf1; } .soft { fill: #9aa5b1; }
    .bad { fill: #ff8a4c; } line { stroke: #9aa5b1; }
  }
"""


def failover() -> Summary:
    """Return the trial: the writer is cut after 0.3 s, and DNS leads to the new one after 8.2 s."""
    old, new = "instance-1", "instance-2"
    events = []
    for writer in range(WRITERS):
        late, each = writer * EVERY, WRITERS * EVERY
        events += acks(9.0 + late, 10.3, each, writer=writer, instance=old)
        events.append(unknown(10.302 + late / 100, writer=writer, instance=old))
        events += [refused(10.31 + late + n * each, writer=writer) for n in range(75)]
        events += [
            refused(16.332 + late + n * each, 1836, writer=writer, instance=old) for n in range(24)
        ]
        events += acks(18.26 + late, 20.0, each, writer=writer, instance=new)
    made = journal(events, writers=WRITERS)
    happened = [
        milestone("trigger", 10.0),
        milestone("writer_cut", 10.301, old),
        milestone("promoted", 12.061, new),
        milestone("old_writer_back", 16.327, old),
        milestone("dns_flip", 18.239, new),
    ]
    seen = course(
        start=9.0, stop=19.93, settled=18.3, milestones=happened, profile="aurora", rate=1 / EVERY
    )  # fmt: skip
    return summarise(made, seen, Stored(positions=everything_acked(made)))


class Drawing:
    """The picture of a trial.

    Args:
        trial: the trial, judged.
    """

    def __init__(self, trial: Summary) -> None:
        self._trial = trial

    def _x(self, moment: float) -> float:
        pulse = self._trial.pulse
        return LEFT + (RIGHT - LEFT) * (moment - pulse.start) / (pulse.stop - pulse.start)

    def lines(self) -> Iterator[str]:
        """Yield the lines of the file."""
        trial = self._trial
        said = f"{trial.down}; {len(trial.lost)} of {trial.acked} acknowledged writes lost"
        yield (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
            f' width="{WIDTH}" height="{HEIGHT}" aria-label="{escape(said)}">'
        )
        yield f"<style>{STYLE}</style>"
        yield _rect("paper", 0.5, 0.5, WIDTH - 1, HEIGHT - 1)
        yield _text(16, 32, said, "head")
        yield _text(16, 52, f"profile {trial.profile}, {trial.writers} writers", "soft")
        yield from self._outage()
        yield from self._acknowledged()
        yield from self._milestones()
        yield from self._errors()
        yield from self._axis()
        yield "</svg>"

    def _outage(self) -> Iterator[str]:
        for window in self._trial.outage_windows:
            left, right = self._x(window.start), self._x(window.stop)
            yield _rect("band", left, BARS, right - left, AXIS - BARS)
            middle = (left + right) / 2
            yield _text(middle, BARS + 46, "no write is acknowledged", "bad", "middle")

    def _acknowledged(self) -> Iterator[str]:
        pulse = self._trial.pulse
        most, slice_ = max(pulse.counts), (RIGHT - LEFT) / len(pulse.counts)
        yield _text(16, BARS + HIGH, "writes")
        for at, count in enumerate(pulse.counts):
            high = HIGH * count / most
            yield _rect("acked", LEFT + at * slice_, BARS + HIGH - high, slice_ - 1, high)

    def _milestones(self) -> Iterator[str]:
        for at, felt in enumerate(felt_milestones(self._trial)):
            x, y = self._x(felt.at), NAMES + 14 * (at % 3)
            kind = ' class="trigger"' * (felt.name == "trigger")
            yield f'<line{kind} x1="{x:.1f}" x2="{x:.1f}" y1="{y}" y2="{AXIS}"/>'
            yield _text(x + 4, y + 10, felt.name.replace("_", " "))

    def _errors(self) -> Iterator[str]:
        yield _text(16, ERRORS + 13, "errors")
        shown = [phase for phase in self._trial.phases if phase.count > WRITERS]
        for at, phase in enumerate(shown):
            left, right, y = self._x(phase.first), self._x(phase.last), ERRORS + at * ROW
            yield f'<g fill="{COLOURS[phase.kind]}">{_rect("", left, y, right - left, 16)}</g>'
            words = f"{phase.code} {phase.kind} \N{MULTIPLICATION SIGN}{phase.count}"
            yield (
                _text(left - 6, y + 13, words, "", "end") if at else _text(right + 6, y + 13, words)
            )

    def _axis(self) -> Iterator[str]:
        for second in range(0, 10, 2):
            yield _text(self._x(second), AXIS + 16, f"{second} s", "soft", "middle")


def _rect(kind: str, x: float, y: float, width: float, height: float) -> str:
    named = f' class="{kind}"' * bool(kind)
    size = f'width="{width:.1f}" height="{height:.1f}"'
    return f'<rect{named} x="{x:.1f}" y="{y:.1f}" {size}/>'


def _text(x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> str:
    named = f' class="{kind}"' * bool(kind)
    placed = f' text-anchor="{anchor}"' * (anchor != "start")
    return f'<text{named} x="{x:.1f}" y="{y:.1f}"{placed}>{escape(words)}</text>'


def picture() -> str:
    """Return the file's text."""
    return "\n".join([*Drawing(failover()).lines(), ""])


if __name__ == "__main__":
    PICTURE.write_text(picture())
