"""What the command `rdsfailover` can do, one module for each."""
