"""Experiments of the literature done again, one module a paper: stored results, a table with the published numbers, a figure.

Run one: ``python -m tests.benchmarks.papers.lenet5``, ``python -m tests.benchmarks.papers.attention``; ``--quick`` takes seconds and
stores nothing. The targets, trained once by `train`, lie in notebooks/data with the results.
"""
