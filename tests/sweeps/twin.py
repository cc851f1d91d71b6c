"""What a sweep must find, the slow way: block after block in one thread, the rule asked after each."""

from __future__ import annotations

from itertools import count

from slth.sweeps import Collected, Stop, Tally, Task


def collected(task: Task, stop: Stop, seed: int = 0) -> Collected:
    """As one entry of `slth.sweeps.collect`, without failures."""
    total = Tally()
    for block in count():
        last = task.block(seed, block)
        total = total + last
        if stop.met(task, total):
            return Collected(task, seed, stop, block + 1, total, last, True)
    raise AssertionError
