"""Toxiproxy: a client for its REST API, and a built-in server that speaks the same API.

The client imports `requests`; the server's process must start fast, so nothing is imported here.
"""
