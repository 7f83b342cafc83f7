"""What a test expects of a trial or of all its trials, against what the figures say."""
