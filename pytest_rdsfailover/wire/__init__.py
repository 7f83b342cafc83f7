"""MySQL's protocol without any I/O: packets, handshake, responses, results, statements."""
