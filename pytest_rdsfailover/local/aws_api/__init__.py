"""The AWS API of a local cluster, in a process of its own, and the wall that keeps tests off AWS."""
