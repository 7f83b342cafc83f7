"""The result document, and the failover profile recorded of what was measured."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from pytest_rdsfailover.model.errors import NotWrittenError
from pytest_rdsfailover.model.files import write_text
from pytest_rdsfailover.model.paths import shown_path
from pytest_rdsfailover.plugin.report_files import Write
from pytest_rdsfailover.plugin.run import Run


def result_files(run: Run) -> Iterator[Write]:
    """Yield what writes each of the two that the settings ask for."""
    if run.settings.json is not None:
        yield partial(_write_document, run, run.settings.json)
    if run.settings.record is not None:
        yield partial(_write_profile, run, run.settings.record)


def _write_document(run: Run, where: str) -> str:
    write_text(Path(where), json.dumps(run.document(), indent=2) + "\n")
    return ""


def _write_profile(run: Run, where: str) -> str:
    """Write a failover profile; return the line that says so.

    Raises:
        NotWrittenError: if the trials show none: what was asked for is not there.
    """
    from pytest_rdsfailover.local.profiles.recorder import NothingRecordedError, profile_text

    live = run.settings.live
    source = "local" if live is None else f"{live.cluster} in {live.region}"
    try:
        text = profile_text(run.trials(), source=source)
    except NothingRecordedError as error:
        raise NotWrittenError(shown_path(where), error) from None
    write_text(Path(where), text)
    shown = shown_path(where)
    return f"recorded: {shown}, to be replayed with --rds-profile={shown}"
