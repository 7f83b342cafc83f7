"""A cluster on this machine: one real server, simulated instances, a real network between."""
