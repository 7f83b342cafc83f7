"""What is wrong with an application, whether or not a test asked for it."""
