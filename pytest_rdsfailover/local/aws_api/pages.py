"""Pages of a list, as RDS' calls divide their answers. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_rdsfailover.local.aws_api.plane import RefusalError

USUAL = 20, 100  # records of a page
PREDEFINED = 100  # records of a page whose size nobody says


def page(
    key: str,
    records: Sequence[object],
    parameters: Mapping[str, Any],
    limits: tuple[int, int] = USUAL,
) -> Mapping[str, object]:
    """Return the part of an answer that a caller asks for, and where the next part begins.

    Args:
        key: what the answer calls the list.
        records: all of it.
        parameters: `MaxRecords` and `Marker` among them.
        limits: of how few and of how many records a page may consist.

    Raises:
        RefusalError: if they are not such as RDS takes or gives.
    """
    fewest, largest = limits
    most = int(parameters.get("MaxRecords", PREDEFINED))
    marker = parameters.get("Marker") or "0"
    if not fewest <= most <= largest:
        raise RefusalError(
            "InvalidParameterValue",
            f"Invalid value {most} for MaxRecords. Must be between {fewest} and {largest}",
        )
    if not (marker.isascii() and marker.isdigit() and int(marker) <= len(records)):
        raise RefusalError("InvalidParameterValue", f"Invalid marker {marker}.")
    start = int(marker)
    following = {"Marker": str(start + most)} if start + most < len(records) else {}
    return {key: list(records[start : start + most]), **following}
