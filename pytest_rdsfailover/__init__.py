"""Prove in a pytest test that an application survives an Aurora MySQL failover."""
