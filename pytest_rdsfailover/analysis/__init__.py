"""From the journal of a trial to its figures: pure functions, no I/O, no clocks."""
