"""Which statements pin a session to its connection, by their text."""
