"""Counting the subsets within epsilon of a target, by size: exactly, between two bounds, by estimate, by sampling, in expectation."""
