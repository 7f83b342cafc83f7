"""What a run of pytest holds of this machine: itself and all that it has started."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

PAGE_KB = os.sysconf("SC_PAGE_SIZE") // 1024
LISTENING = "0A"
NAMES = ("processes", "threads", "descriptors", "ports", "files", "memory_kb")
Gauges = dict[str, int]


def family(root: int) -> list[int]:
    """Return the ids of a process and of everything below it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found, waiting = [], [root]
    while waiting:
        found.append(waiting.pop())
        waiting += children.get(found[-1], [])
    return found


def gauges(root: int, *places: Path) -> Gauges:
    """Return what a process and its descendants hold now, and the files in some places."""
    found = dict.fromkeys(NAMES, 0)
    sockets: set[str] = set()
    for pid in family(root):
        about = Path(f"/proc/{pid}")
        try:
            links = list(_links(about / "fd"))
            found["threads"] += len(list((about / "task").iterdir()))
            found["memory_kb"] += int((about / "statm").read_text().split()[1]) * PAGE_KB
        except OSError:  # it has ended meanwhile
            continue
        found["processes"] += 1
        found["descriptors"] += len(links)
        sockets |= {link for link in links if link.startswith("socket:")}
    found["ports"] = sum(f"socket:[{inode}]" in sockets for inode in _listeners())
    found["files"] = sum(
        len(files) for place in places for _, _, files in os.walk(place, onerror=lambda _: None)
    )
    return found


def _links(directory: Path) -> Iterator[str]:
    """Yield what a process's descriptors lead to."""
    for link in directory.iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile, as the one that lists them
            yield str(link.readlink())


def _listeners() -> list[str]:
    """Return the inodes of all sockets that listen for TCP."""
    rows = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path("/proc/net", table).read_text().splitlines()[1:]
    ]
    return [row[9] for row in rows if row[3] == LISTENING]
