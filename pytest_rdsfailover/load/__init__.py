"""Concurrent writers on a schedule that no stall can slow down."""
