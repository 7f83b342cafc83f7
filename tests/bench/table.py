"""The figures of one run as a Markdown table."""

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Table:
    """Rows of (figure, who, value, aim), and what else kept the machine busy meanwhile."""

    rows: list[tuple[str, str, str, str]] = field(default_factory=list)
    busy: dict[str, float] = field(default_factory=dict)
    server: str = ""

    def add(
        self, figure: str, value: str, *, who: str = "pytest-rdsfailover", aim: str = ""
    ) -> None:
        self.rows.append((figure, who, value, aim))

    def lines(self) -> Iterator[str]:
        yield "| figure | of | measured | aim |"
        yield "|---|---|---|---|"
        yield from (f"| {' | '.join(row)} |" for row in self.rows)
        loud = {name: cpus for name, cpus in self.busy.items() if cpus > 0.1}
        yield ""
        if loud:
            yield "Other programs kept CPUs busy meanwhile, so read these with care: " + ", ".join(
                f"{name} ({cpus:.2f})" for name, cpus in loud.items()
            )
        else:
            yield "Other programs used less than 0.1 CPU during each of them."
