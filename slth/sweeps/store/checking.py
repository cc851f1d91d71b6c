"""A store looked through from one end to the other."""

from __future__ import annotations

from slth.sweeps.store.errors import AGAIN, StoreError
from slth.sweeps.store.results import Decision, Entry, Store
from slth.sweeps.tally import Tally

_CHUNK = 4096  # blocks read at a time
_END = 2**63 - 1


def check(store: Store) -> int:
    """Read everything, add all sums up again; returns the number of blocks.

    Raises
    ------
    StoreError
        If SQLite finds a fault, a hash does not match, or a sum is not that of its blocks.

    Notes
    -----
    Some ten microseconds a block.
    """
    if not store.sound():
        raise StoreError(f"{store.path} is a damaged store (SQLite's own check fails); {AGAIN}")
    return sum(_check(store, entry) for entry in store.entries())


def _check(store: Store, entry: Entry) -> int:
    """Of one series."""
    claims: dict[int, list[Tally]] = {}
    for length in store.prefix_lengths(entry):
        claims.setdefault(length, []).append(store.prefix(entry, length))
    for rule in store.rules(entry):
        decision: Decision | None = store.decision(entry, rule)
        if decision is not None:
            claims.setdefault(decision.blocks, []).append(decision.tally)
    total, length, number, first = Tally(), 0, 0, 0
    _agree(store, entry, claims.pop(0, []), total, 0)
    while blocks := store.read(entry, first, _END, _CHUNK):
        for block, tally in blocks.items():
            number += 1
            if block == length:  # otherwise there is a gap, and no sum beyond it
                total, length = total + tally, length + 1
                _agree(store, entry, claims.pop(length, []), total, length)
        first = max(blocks) + 1
    for length, claimed in claims.items():
        _agree(store, entry, claimed, None, length)
    return number


def _agree(store: Store, entry: Entry, claimed: list[Tally], total: Tally | None, length: int) -> None:
    if any(one != total for one in claimed):
        raise StoreError(f"{store.path} is damaged: the sum of {length} blocks of {entry.task} is not theirs; {AGAIN}")
