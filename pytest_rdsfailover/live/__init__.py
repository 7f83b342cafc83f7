"""Live mode: the same trial against a real Aurora cluster, behind gates."""
