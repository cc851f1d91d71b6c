"""Subset sums of vectors: samples (n, d), targets (d,), max-norm or l2."""
