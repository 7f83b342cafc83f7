"""What the numbers of faults and instances in a file of events mean, in a file beside it."""

import json
import threading
from pathlib import Path

from pytest_rdsfailover.model.errors import FileWriteError
from pytest_rdsfailover.model.files import parsed_json, read_bytes
from pytest_rdsfailover.model.records import Fault
from pytest_rdsfailover.model.typed import typed

MOST_FAULTS, MOST_INSTANCES = 0xFFFF, 0xFF  # that an event has room for


class Names:
    """What the numbers of faults and instances in the events of one file mean; 0 is none.

    Args:
        path: where each is written down before its number is first used; None for nowhere.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.faults: list[Fault | None] = [None]
        self.instances: list[str | None] = [None]
        self._path = path
        self._lock = threading.Lock()

    def fault(self, fault: Fault | None) -> int:
        """Return the number of a fault; 0 if all numbers are taken."""
        with self._lock:
            if fault in self.faults:
                return self.faults.index(fault)
            if fault is None or len(self.faults) > MOST_FAULTS:
                return 0
            self._write([fault.code, fault.kind])
            self.faults.append(fault)
            return len(self.faults) - 1

    def instance(self, instance: str | None) -> int:
        """Return the number of an instance; 0 if all numbers are taken."""
        with self._lock:
            if instance in self.instances:
                return self.instances.index(instance)
            if len(self.instances) > MOST_INSTANCES:
                return 0
            self._write(instance)
            self.instances.append(instance)
            return len(self.instances) - 1

    def _write(self, entry: object) -> None:
        if self._path is None:
            return
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry) + "\n")
        except OSError as error:
            raise FileWriteError(self._path, error) from error

    @classmethod
    def read(cls, path: Path) -> "Names":
        """Return the names that a file holds, but for a last one that was cut off."""
        names = cls()
        data = read_bytes(path) if path.exists() else b""
        text = data.decode("utf-8", errors="replace")
        for line in text[: text.rfind("\n") + 1].split("\n")[:-1]:
            entry = parsed_json(line)
            if isinstance(entry, str):
                names.instances.append(entry)
            else:
                names.faults.append(Fault(*typed(tuple[int, str], entry, "a fault")))
        return names


def names_of(path: Path) -> Path:
    """Return where the names for the events of a file are."""
    return path.with_suffix(".names")
