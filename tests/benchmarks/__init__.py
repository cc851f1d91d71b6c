"""Speed and quality side by side in one run; never part of the test suite. Run one: ``python -m tests.benchmarks.closest``."""
