"""Clusters that stand until they are told to end, for programs in any language."""
