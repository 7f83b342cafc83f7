"""Where a thread of the user's code is now."""

import sys
import threading
import traceback

OURS = "pytest_rdsfailover/load/"


def stack_of(thread: threading.Thread) -> list[str]:
    """Return where a thread is, the innermost line last, without our frames around the user's code."""
    frame = sys._current_frames().get(thread.ident or 0)  # noqa: SLF001 - the only way to see another thread
    frames = [] if frame is None else traceback.extract_stack(frame)
    return traceback.format_list([frame for frame in frames if OURS not in frame.filename])
