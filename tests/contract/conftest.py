"""What the contract tests of Toxiproxy share."""

from toxiproxies import client, ends, raw, server, toxiproxy_url

__all__ = ["client", "ends", "raw", "server", "toxiproxy_url"]
