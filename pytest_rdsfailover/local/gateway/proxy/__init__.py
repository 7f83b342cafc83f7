"""RDS Proxy: its listeners, its clients' sessions, and the database connections they share."""
