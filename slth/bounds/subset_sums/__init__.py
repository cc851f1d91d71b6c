"""Random subset sums: how many samples, how many subsets, of any size or of a fixed one; number partitioning."""
