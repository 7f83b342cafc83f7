"""Lines for the terminal, at most 80 columns wide and without colours."""

import math
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from pytest_rdsfailover.analysis.findings.finding import in_words as findings_in_words
from pytest_rdsfailover.analysis.phases import Phase
from pytest_rdsfailover.analysis.pulse import Pulse
from pytest_rdsfailover.analysis.staleness import Reads
from pytest_rdsfailover.analysis.summary import Summary
from pytest_rdsfailover.journal.complaints import Complaint
from pytest_rdsfailover.model.durations import format_duration, format_moment
from pytest_rdsfailover.model.records import Milestone, Window
from pytest_rdsfailover.report.felt_milestones import felt_milestones
from pytest_rdsfailover.report.figure_documents import figure_of, in_words
from pytest_rdsfailover.report.scenarios import is_reliable
from pytest_rdsfailover.report.served_lines import served_lines
from pytest_rdsfailover.report.trial_schema import TrialDocument

WIDTH = 80
NAME = 15  # columns left of the drawing
MOST_PHASES = 12  # the largest ones say what happened; a flapping log has hundreds
MOST_OUTAGES = 6
MOST_COMPLAINTS, LONGEST_COMPLAINT = 5, 4  # kinds of errors, and lines of each
BARS = "▁▂▃▄▅▆▇█"
# Code that the user of an error has not written.
OF_OTHERS = ("site-packages", "/pytest_rdsfailover/")


def downtime(trial: TrialDocument) -> str:
    """Return a trial's downtime with its resolution, or that it is no figure."""
    return _words(trial, "downtime", trial["downtime_s"], trial["resolution_s"])


def attempts_downtime(trial: TrialDocument) -> str:
    """Return what a trial's attempts say of the downtime; a figure if the operations' is one."""
    found = trial["attempts"]
    return _words(trial, "attempts_downtime", found["downtime_s"], found["resolution_s"])


def _words(trial: TrialDocument, name: str, seconds: float | None, resolution: float) -> str:
    if seconds is None or not is_reliable(trial):
        return "unreliable"
    return in_words(figure_of(trial, name, seconds, resolution))


def duration(seconds: float | None) -> str:
    """Return a duration; a dash for none."""
    return "-" if seconds is None else format_duration(seconds)


def _moment(milestone: Milestone) -> str:
    """Return when it happened, with its uncertainty if another machine's clock tells it."""
    uncertain = f" ±{milestone.uncertainty:.1f} s" if milestone.uncertainty else ""
    return f"{format_moment(milestone.at)}{uncertain}"


def timeline(summary: Summary) -> list[str]:
    """Return a drawing of a trial: what was acknowledged, what the cluster did, which errors.

    All lines share one scale of time, in seconds from the trigger.
    """
    lines = [*_scale(summary.pulse), _bars(summary)]
    lines += [
        _line("no writes", _span(summary.pulse, outage.start, outage.stop, "="),
              f"{format_duration(outage.seconds)}{' or more' if summary.is_open(outage) else ''}"
              f" from {format_moment(outage.start)}")
        for outage in _largest(summary.outage_windows)
    ]  # fmt: skip
    lines += [
        _line(milestone.name, _span(summary.pulse, milestone.at, milestone.at, "^"),
              f"{_moment(milestone)} {milestone.instance or ''}")
        for milestone in felt_milestones(summary)
    ]  # fmt: skip
    lines += _errors(summary)
    drawn = [line[:WIDTH].rstrip() for line in lines]
    return [*_headline(summary), "", *drawn, *_wrapped([*_remarks(summary), *_beside(summary)])]


def _wrapped(lines: Iterable[str]) -> Iterator[str]:
    """Yield lines of prose as far as the width goes, and on in a line below."""
    for line in lines:
        indent = " " * (len(line) - len(line.lstrip()))
        yield from textwrap.wrap(
            line.strip(), WIDTH, initial_indent=indent, subsequent_indent=f"{indent}  ",
            break_on_hyphens=False,
        )  # fmt: skip


def _largest(outages: Sequence[Window]) -> list[Window]:
    return sorted(sorted(outages, key=lambda outage: -outage.seconds)[:MOST_OUTAGES])


def _headline(summary: Summary) -> Iterator[str]:
    move = f"{summary.writer_before or '?'} -> {summary.writer_after or '?'}"
    profile = f"profile {summary.profile or 'none'}, seed {summary.seed}"
    first = f"{profile}, {summary.endpoint} endpoint"
    # Identifiers in AWS may have 63 characters each; a cut one would name another instance.
    yield from textwrap.wrap(
        f"{first}, writer {move}", WIDTH, subsequent_indent="  ", break_on_hyphens=False
    )
    if not summary.valid:
        yield "INVALID, this trial proves nothing:"
        yield from textwrap.wrap(summary.reason, WIDTH, initial_indent="  ", subsequent_indent="  ")
    for line in findings_in_words(summary.findings):
        yield from textwrap.wrap(line, WIDTH, subsequent_indent="  ")
    lost = f"{len(summary.lost)} lost" if summary.audited else "not audited"
    for wrong in ("duplicated", "unexpected") if summary.audited else ():
        if keys := getattr(summary, wrong):
            lost += f", {len(keys)} {wrong}"
    counts = f"{summary.acked} acked, {lost}, {summary.refused} refused, {summary.unknown} unknown"
    yield from _wrapped([f"{summary.down}; {counts}"])


def _scale(pulse: Pulse) -> Iterator[str]:
    left, right = format_moment(pulse.start), format_moment(pulse.stop)
    room = len(pulse.counts) - len(left) - len(right)
    slice_ = (pulse.stop - pulse.start) / len(pulse.counts)
    yield _line("", left + " " * room + right, f"1 column = {format_duration(slice_)}")


def _bars(summary: Summary) -> str:
    counts, pulse = summary.pulse.counts, summary.pulse
    most = max(counts, default=0)
    bars = "".join(BARS[(len(BARS) * n - 1) // most] if n else "." for n in counts)
    seconds = (pulse.stop - pulse.start) / len(counts)
    peak = f"peak {most / seconds:.0f}/s" if seconds > 0 else ""
    return _line("acknowledged", bars, peak)


def _errors(summary: Summary) -> Iterator[str]:
    largest = sorted(summary.phases, key=lambda phase: -phase.count)[:MOST_PHASES]
    for phase in (phase for phase in summary.phases if phase in largest):
        name = f"{phase.code} {phase.kind}" if phase.code else phase.kind
        yield _line(name, _span(summary.pulse, phase.first, phase.last, "x"), _when(phase))
    rest = len(summary.phases) - len(largest)
    if rest > 0:
        yield f"{'':{NAME}} and {rest} smaller error phases"


def _when(phase: Phase) -> str:
    moments = (phase.first, phase.last) if phase.count > 1 else (phase.first,)
    times = "..".join(format_moment(moment).removesuffix(" s") for moment in moments)
    on = " and on" * phase.open
    return f"{phase.count}x {times}{on} {phase.instance or ''}"


def _remarks(summary: Summary) -> Iterator[str]:
    """Yield what the drawing cannot show."""
    for remark in summary.clock.remarks:
        yield f"clock: {remark}"
    if summary.clock.problem:
        text = f"clock: {summary.clock.problem}"
        yield from textwrap.wrap(text, WIDTH, subsequent_indent="  ")
    if len(summary.outage_windows) > MOST_OUTAGES:
        yield f"{len(summary.outage_windows)} outages in all; the longest {MOST_OUTAGES} are drawn"
    yield from _back(summary)
    yield from served_lines(summary.figures)
    if stale := summary.stale_writes.value:
        yield f"stale: {stale:g} writes acknowledged by an instance no longer writer"
    for complaint in summary.complaints[:MOST_COMPLAINTS]:
        yield from _complaint(complaint)
    for note in summary.notes:
        yield from textwrap.wrap(f"note: {note}", WIDTH, subsequent_indent="  ")
    if summary.not_issued:
        yield f"not issued: {summary.not_issued} slots of the schedule found no free writer"


def _back(summary: Summary) -> Iterator[str]:
    """Yield when all writers were served again, or which of them were not."""
    back = summary.last_writer_back
    if summary.stuck:
        shown = ", ".join(map(str, summary.stuck[:10])) + (", ..." if summary.stuck[10:] else "")
        yield (f"stuck: {len(summary.stuck)} of {summary.writers} writers never came back: {shown}")
    elif math.isinf(back.upper):
        yield "some writers were not back when observation ended"
    elif back.value:
        yield f"all {summary.writers} writers were back at {format_moment(back.value)}"


def _complaint(complaint: Complaint) -> Iterator[str]:
    """Yield what an error said, and the last line of the user's own code that it came from."""
    text = f"{format_moment(complaint.first)} first: {complaint}"
    yield from textwrap.wrap(text, WIDTH, subsequent_indent="  ", max_lines=LONGEST_COMPLAINT)
    places = [line.strip() for line in complaint.trace.splitlines() if "File " in line]
    own = [place for place in places if not any(part in place for part in OF_OTHERS)]
    if own:
        yield f"  {_shortened(own[-1], WIDTH - 2)}"


def _shortened(place: str, width: int) -> str:
    """Return a line of a traceback without the first folders, as far as it is too long."""
    over = len(place) - width
    start = len('File "')
    return place if over <= 0 else f"{place[:start]}…{place[start + over + 1 :]}"


def _beside(summary: Summary) -> Iterator[str]:
    """Yield torn writes, attempts and reads, each only if the workload has any."""
    if summary.audited and summary.torn:
        yield f"torn: {len(summary.torn)} writes of several rows are stored in part"
    tried = summary.attempts
    if tried is not None:
        yield f"attempts: {tried.count} in {summary.attempted} operations, {tried.retried} retried"
        yield f"  {summary.in_words(tried.downtime)} by the attempts"
    if summary.reads is not None:
        yield from _reads(summary.reads)


def _reads(reads: Reads) -> Iterator[str]:
    yield f"reads: {reads.count} answered, {reads.failed} failed"
    if reads.compared:
        yield (
            f"  {reads.stale} of {reads.compared} on the replica were stale, by"
            f" {reads.staleness} at most"
        )
    if reads.unseen:
        yield f"  {reads.unseen} did not see their own writer's acknowledged write"


def _line(name: str, drawing: str, words: str) -> str:
    return f"{name[:NAME]:{NAME}} {drawing} {words}"


def _span(pulse: Pulse, start: float, stop: float, mark: str) -> str:
    """Return a drawing that is marked from one time to another, one column at least."""
    columns = len(pulse.counts)
    scale = columns / (pulse.stop - pulse.start) if pulse.stop > pulse.start else 0.0
    first, last = (
        min(columns - 1, max(0, int((time - pulse.start) * scale))) for time in (start, stop)
    )
    return " " * first + mark * (last - first + 1) + " " * (columns - 1 - last)
