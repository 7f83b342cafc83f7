"""MySQL's protocol without any I/O, and PyMySQL as the driver: its bounds and its errors."""
