"""Speed and quality side by side in one run; never part of the test suite (quick forms of papers/ and targets/ are).

Run one: ``python -m tests.benchmarks.closest``.
"""
