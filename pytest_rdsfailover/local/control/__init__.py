"""The local control plane: the AWS API of a local cluster, in a process of its own."""
