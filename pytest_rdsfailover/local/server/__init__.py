"""The real server behind a local cluster: found, prepared, started, and its accounts."""
