"""From the figures of trials to documents and text: pure functions, no I/O."""
