"""How tests wait for what follows from something else a little later."""

import time


def until(condition, within=20.0):
    """Wait until something holds."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.005)
