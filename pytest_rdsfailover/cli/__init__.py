"""What the command `rdsfailover` can do, one module each; none of them starts a database."""
