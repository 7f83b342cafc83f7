"""The AWS API of a local cluster, in a process of its own, and what keeps tests off AWS."""
