"""One trial, from its load to its verdict, and its repeats."""
