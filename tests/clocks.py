"""Clocks for tests."""


class SteppingClock:
    """Time passes only when somebody sleeps."""

    def __init__(self, moment=0.0):
        self.moment = moment

    def now(self):
        return self.moment

    def sleep(self, seconds):
        self.moment += seconds
