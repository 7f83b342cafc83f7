"""What the writers of a trial did, what is known beside that, and what is left of it in files."""
