"""Whether a load's work reached the cluster, by what the cluster's own side saw of it."""

from collections.abc import Mapping

from pytest_rdsfailover.analysis.reached_commits import (
    why_early,
    why_hidden_unsaved,
    why_only_read,
    why_unsaved,
)
from pytest_rdsfailover.analysis.reached_hidden import lacking_hidden
from pytest_rdsfailover.analysis.reached_keys import (
    FEWEST_STATEMENTS,
    Acked,
    astray,
    tolerated,
    why_elsewhere,
    why_lacking,
    why_unseen,
)
from pytest_rdsfailover.analysis.reached_server import doubts_of_server, why_idle
from pytest_rdsfailover.journal.witnessed import Witnessed
from pytest_rdsfailover.model.traffic import SERVER, Traffic

HALF = (
    "{} acknowledged writes have their key in one statement that was stored and in a later one that was"
    " not: whether anything of them is missing, only stored= can tell"
)
OTHERS = "{} keys came to other endpoints than the {} endpoint: the figures are of all of them"
# Endpoints whose names may lead to an instance's address.
BY_NAME = frozenset({"cluster", "reader"})


def why_untouched(witnessed: Witnessed, seen: Mapping[str, Traffic], acked: Acked) -> str:
    """Return why acknowledged writes show nothing of the cluster; empty if they may.

    Args:
        witnessed: what is known of the load's endpoint.
        seen: what came to each endpoint.
        acked: how many writes were acknowledged in the same time, by the number of their writer.
    """
    total = sum(acked.values())
    where = f"the {witnessed.endpoint} endpoint at {witnessed.address}"
    if SERVER in seen:
        return why_idle(where, seen[SERVER], total)
    there = _come_to(witnessed, seen, by_name=not witnessed.address[:1].isdigit())
    marked = {name: traffic.marked for name, traffic in seen.items() if traffic.marked}
    peers = ", ".join(witnessed.peers)
    used = f"; meanwhile this process was connected to {peers}" if peers else ""
    if total == 0:
        return ""
    if marked and not there.marked and not there.connections:
        others = ", ".join(f"{name} ({count} statements)" for name, count in marked.items())
        return f"nothing of the workload came to {where}, but to others: {others}"
    if marked:
        anywhere = Traffic.total(list(seen.values()))
        unseen = why_unseen(anywhere, acked)
        near = _come_to(witnessed, seen, by_name=True)
        return f"{unseen}{used}" if unseen else why_elsewhere(where, near, anywhere)
    if max(there.statements, there.rows) >= FEWEST_STATEMENTS * total:
        return why_hidden_unsaved(there, total)
    return (
        f"{total} writes count as acknowledged, and {there.statements} statements came to {where}"
        f" meanwhile, none with a key of the load: the workload writes elsewhere, or nowhere, or only after it"
        f" has returned{used}"
    )


def why_unconfirmed(witnessed: Witnessed, *, calm: Acked, acked: Acked) -> str:
    """Return how many acknowledged writes the cluster never confirmed; empty if that may be right.

    Args:
        witnessed: what came to the cluster.
        calm: how many writes were acknowledged when the calm was looked at, by writer.
        acked: how many were in the whole load.
    """
    if witnessed.calm is None or witnessed.whole is None or sum(calm.values()) == 0:
        return ""
    before = Traffic.total(list(witnessed.calm.values()))
    after = Traffic.total(list(witnessed.whole.values()))
    total = sum(acked.values())
    if before.keys:
        lacking = "" if why_lacking(before, calm) else why_lacking(after, acked)
    elif SERVER in witnessed.calm:
        lacking = ""
    elif before.confirmed:
        lacking = _some_of(total, _lacking_marked(before, after, calm, acked))
    else:
        lacking = _some_of(total, lacking_hidden(before, after, calm, acked))
    if not lacking:
        return ""
    return (
        f"{lacking} were never confirmed by the cluster: the workload acknowledges what has failed, or"
        " is still to be done; let it raise its errors, and wait for its work"
    )


def why_untrue(witnessed: Witnessed, *, calm: Acked, acked: Acked) -> str:
    """Return why acknowledged writes cannot be in the cluster, by all that was seen; else empty."""
    seen, count = _latest(witnessed, calm, acked)
    return (
        why_unsaved(seen, count)
        or why_unconfirmed(witnessed, calm=calm, acked=acked)
        or why_untouched(witnessed, seen, count)
        or why_early(Traffic.total(list(seen.values())), count, witnessed.ahead)
        or why_only_read(witnessed.calm or {}, calm, witnessed.changed)
    )


def doubts(witnessed: Witnessed, *, calm: Acked, acked: Acked, failed: Acked) -> list[str]:
    """Return what was seen of a load and can be explained in two ways.

    Args:
        witnessed: what came to the cluster.
        calm: how many writes were acknowledged when the calm was looked at, by writer.
        acked: how many were in the whole load.
        failed: how many were not, but tried.
    """
    seen, count = _latest(witnessed, calm, acked)
    if SERVER in seen:
        return doubts_of_server(seen[SERVER], sum(count.values()))
    anywhere = Traffic.total(list(seen.values()))
    lacking = why_lacking(anywhere, count) if anywhere.keys else ""
    hidden = "no confirmed statement shows the keys of {}: some hide theirs, or go elsewhere"
    half = sum(
        max(0, number - failed.get(writer, 0)) for writer, number in anywhere.failing_keys.items()
    )
    others = astray(_come_to(witnessed, seen, by_name=True), anywhere)
    return [
        *([hidden.format(lacking)] if lacking else []),
        *(
            [OTHERS.format(others, witnessed.endpoint)]
            if others > tolerated(sum(count.values()))
            else []
        ),
        *([HALF.format(half)] if half > tolerated(sum(count.values())) else []),
    ]


def _lacking_marked(before: Traffic, after: Traffic, calm: Acked, acked: Acked) -> int:
    """Return how many writes lack a confirmed statement, where each had one of its own in the calm."""
    total = sum(acked.values())
    missing = total - after.confirmed
    return missing if before.confirmed >= sum(calm.values()) and missing > tolerated(total) else 0


def _some_of(total: int, count: int) -> str:
    return f"{count} of {total} acknowledged writes" if count else ""


def _latest(witnessed: Witnessed, calm: Acked, acked: Acked) -> tuple[Mapping[str, Traffic], Acked]:
    """Return what was seen at last, and how many writes were acknowledged by then."""
    if witnessed.whole is None:
        return witnessed.calm or {}, calm
    return witnessed.whole, acked


def _come_to(witnessed: Witnessed, seen: Mapping[str, Traffic], *, by_name: bool) -> Traffic:
    """Return what came to the load's endpoint, or by its name to the instances behind it.

    The names that AWS would use lead to an instance's own address, as DNS does; and some drivers
    find their own way from the endpoint to the instances.
    """
    names = [witnessed.endpoint]
    if by_name and witnessed.endpoint in BY_NAME:
        names += [name for name in seen if name.startswith("instance-")]
    return Traffic.total([seen[name] for name in names if name in seen])
