"""Memory, disk and time against the size of the target, out of core."""
