"""What meets pytest: options, markers, fixtures, hooks, and what a run shows and writes.

Every run of pytest imports this package; what a run does not use, it does not import.
"""
