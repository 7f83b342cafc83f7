"""Processes that end with pytest: their supervisor, their ports, and what is kept between runs."""
