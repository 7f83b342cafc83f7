"""Host names as AWS gives them, and where they lead in the test process."""
