"""Writes a failover profile from what trials measured, real ones or local; pure.

It reads trial documents, as `--rds-json` writes them, so that trials of all workers come together.
"""

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_rdsfailover.model.errors import RdsFailoverError

Plain = Mapping[str, Any]
OLD_ERROR, NEW_ERROR = 1290, 1836  # by which readers refuse writes, in older and newer Aurora MySQL
FEW = 4  # errors; more than these cannot all be of statements that were under way at the cut
FEWEST, APART = 2, 4  # values in each of two spans; how much wider the gap is than either
REFUSED_BY_PROXY = 1105  # what it tells new clients if it lets none wait
ABORTED = 1105  # by which a session that a restart keeps learns of its transaction
RESET, CLOSED = 2006, 2013  # by which an idle connection learns of a reset, and of a close


class NothingRecordedError(RdsFailoverError):
    """The trials do not show all that a profile must say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One failover as it was measured. All times are seconds since the onset, but for the onset's.

    Attributes:
        onset: from the trigger to the moment the old writer was cut.
        refused: until the old writer answered again; None if it was not seen back.
        promotion: until the new writer took writes; None if nobody was promoted.
        flips: until the cluster endpoint changed sides, each time.
        hold: from the promotion, or from the restart in place, until the proxy served again; None
            if that was not seen.
    """

    onset: float
    refused: float | None
    promotion: float | None
    flips: tuple[float, ...]
    hold: float | None


def measure(trial: Plain) -> Measured | None:
    """Return what a trial's document tells of its failover; None if that is no valid failover."""
    times: dict[str, list[float]] = {}
    for milestone in trial["milestones"]:
        times.setdefault(milestone["name"], []).append(milestone["at_s"])
    if not trial["valid"] or "writer_cut" not in times:
        return None
    onset = times["writer_cut"][0]

    def since(name: str) -> float | None:
        return max(0.0, times[name][0] - onset) if name in times else None

    promotion = since("promoted")
    # A writer that restarts in place has no successor; either milestone may tell that it is back.
    back = since("old_writer_back")
    if back is None and promotion is None:
        back = since("instance_back")
    served = back if promotion is None else promotion
    hold = None
    if served is not None:
        follows = since("proxy_follow")
        hold = _hold(trial, onset + served) if follows is None else max(0.0, follows - served)
    return Measured(
        onset=max(0.0, onset),
        refused=back,
        promotion=promotion,
        flips=tuple(max(0.0, at - onset) for at in sorted(times.get("dns_flip", ()))),
        hold=hold,
    )


def _hold(trial: Plain, served: float) -> float | None:
    """Return how long clients of the proxy went on waiting once there was a writer again, if they did.

    That is the end of the outage of that moment: others, before and after, are none of the failover.
    """
    if trial["endpoint"] != "proxy":
        return None
    around = [
        outage
        for outage in trial["outages"]
        if outage["start_s"] <= served + trial["resolution_s"] and served <= outage["stop_s"]
    ]
    if any("open" in outage for outage in around):
        return None
    return max((outage["stop_s"] - served for outage in around), default=0.0)


def profile_text(trials: Sequence[Plain], *, source: str) -> str:
    """Return a profile as the TOML text that `--rds-profile` reads.

    Each duration ranges from the shortest to the longest that was measured. Trials of a restart
    in place are left out if other trials promoted an instance.

    Args:
        trials: trial documents.
        source: where they were measured, for the profile's `about`.

    Raises:
        NothingRecordedError: if no trial shows a whole failover, or if they are of several profiles.
    """
    names = sorted({trial["profile"] for trial in trials})
    if len(names) > 1:
        raise NothingRecordedError(
            f"the trials are of several profiles ({', '.join(names)}), which no single one can be;"
            " record one at a time"
        )
    whole = [
        failover for failover in map(measure, trials) if failover and failover.refused is not None
    ]
    moved = [failover for failover in whole if failover.promotion is not None and failover.flips]
    used = moved or [failover for failover in whole if failover.promotion is None]
    if not used:
        raise NothingRecordedError(
            f"none of {len(trials)} trials shows a whole failover, so there is no profile to write"
        )
    resolution = max(trial["resolution_s"] for trial in trials if trial["valid"])
    lines = [
        f'about = "Recorded from {len(used)} trials, {source}; downtimes to {resolution:.3f} s."',
        f"onset = {_span([failover.onset for failover in used])}",
        f'cut = "{_cut(trials, in_place=not moved)}"',
        f"refused = {_span([failover.refused or 0.0 for failover in used])}",
    ]
    if moved:
        lines += [
            f"promotion = {_span([failover.promotion or 0.0 for failover in used])}",
            f"dns = {_flips([failover.flips for failover in used])}",
            f"read_only_error = {_read_only(trials)}",
        ]
    holds = [failover.hold for failover in used if failover.hold is not None]
    if holds:
        lines.append(f"proxy_hold = {_shape(holds)}")
    if any(code == REFUSED_BY_PROXY for code, _ in _errors(_by(trials, proxy=True))):
        lines.append('proxy_connect = "error"')
    return "\n".join(lines) + "\n"


def _span(values: Sequence[float]) -> str:
    low, high = (f"{1000 * value:.0f}ms" for value in (min(values), max(values)))
    return f'"{low}"' if low == high else f'["{low}", "{high}"]'


def _shape(values: Sequence[float]) -> str:
    """Return a span, or two with their shares if nothing was seen between them that is as common."""
    ordered = sorted(values)
    gaps = [after - before for before, after in itertools.pairwise(ordered)]
    place = max(range(len(gaps)), key=gaps.__getitem__, default=0) + 1
    parts = ordered[:place], ordered[place:]
    widest = max(part[-1] - part[0] for part in parts if part)
    if min(map(len, parts)) < FEWEST or gaps[place - 1] <= APART * widest:
        return _span(values)
    texts = [
        f"{{ share = {len(part) / len(ordered):.4f}, range = {_span(part)} }}" for part in parts
    ]
    return f"[{', '.join(texts)}]"


def _flips(trials: Sequence[tuple[float, ...]]) -> str:
    """Return when the endpoint flipped, by the trials with the most frequent odd count of flips.

    After an even count the endpoint leads to where it led before, so that is no whole flip.
    """
    odd = [flips for flips in trials if len(flips) % 2]
    if not odd:
        return _span([flips[-1] for flips in trials])
    count = Counter(map(len, odd)).most_common(1)[0][0]
    if count == 1:
        return _span([flips[-1] for flips in trials if len(flips) % 2])
    columns = zip(*(flips for flips in odd if len(flips) == count), strict=True)
    spans, earliest = [], 0.0
    for column in columns:
        low = max(earliest, min(column))
        earliest = max(low, *column)
        spans.append(f'["{1000 * low:.0f}ms", "{1000 * earliest:.0f}ms"]')
    return f"[{', '.join(spans)}]"


def _errors(trials: Sequence[Plain]) -> Counter[tuple[int, str]]:
    counts: Counter[tuple[int, str]] = Counter()
    for trial in trials:
        for error in trial["errors"]:
            counts[error["code"], error["kind"]] += error["count"]
    return counts


def _by(trials: Sequence[Plain], *, proxy: bool) -> Sequence[Plain]:
    """Return the trials that wrote through the proxy, or those that did not."""
    return [trial for trial in trials if (trial["endpoint"] == "proxy") is proxy]


def _cut(trials: Sequence[Plain], *, in_place: bool) -> str:
    """Return how sessions ended: `hang`, `close`, or, which is usual, `reset`.

    It is `keep` if the writer restarted in place and they did not.
    """
    kinds: Counter[str] = Counter()
    codes: Counter[int] = Counter()
    # What a client of the proxy meets is the proxy's doing: its sessions are not cut.
    for (code, kind), count in _errors(_by(trials, proxy=False)).items():
        kinds[kind] += count
        if kind in ("reset", "server"):
            codes[code] += count
    if in_place and codes[ABORTED] and not kinds["reset"] + kinds["refused"]:
        return "keep"
    if kinds["timeout"] > kinds["reset"] + kinds["refused"]:
        return "hang"
    # The code CLOSED also ends a statement that is under way at a reset. But more than a few such
    # errors cannot all come from statements that were under way.
    return "close" if codes[CLOSED] > FEW and not codes[RESET] else "reset"


def _read_only(trials: Sequence[Plain]) -> int:
    counts = _errors(_by(trials, proxy=False)) or _errors(trials)
    old, new = (counts[code, "read-only"] for code in (OLD_ERROR, NEW_ERROR))
    return OLD_ERROR if old > new else NEW_ERROR
