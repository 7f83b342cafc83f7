"""Replica lag: readers answer from snapshots of the cluster's volume that are somewhat old."""
