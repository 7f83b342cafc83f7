"""All that can be expected of a trial; what takes long to measure is measured when it is asked for."""

from collections.abc import Iterator, Mapping

from pytest_rdsfailover.analysis.figure import Figure
from pytest_rdsfailover.analysis.service_figures import MEASURED, ServiceFigures


class Figures(Mapping[str, Figure]):
    """Figures by their names in `expect`; what there was nothing to measure of is missing.

    Args:
        known: those that are measured.
        service: measures the others.
    """

    def __init__(self, known: Mapping[str, Figure], service: ServiceFigures) -> None:
        self._known, self._service = known, service
        self._measured: dict[str, Figure | None] = {}

    def __getitem__(self, name: str) -> Figure:
        """Return a figure; `served_within_500ms` has any latency.

        Raises:
            SettingError: if it has a latency that is none.
        """
        if name in self._known:
            return self._known[name]
        if name not in self._measured:
            self._measured[name] = self._service.measure(name)
        found = self._measured[name]
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        """Yield all names, the same ones whatever was asked for."""
        yield from self._known
        yield from (name for name in MEASURED if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)
