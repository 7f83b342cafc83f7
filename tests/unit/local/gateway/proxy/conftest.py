"""Makes the proxy without sockets importable."""
