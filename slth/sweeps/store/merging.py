"""Stores put together: the same whatever the order, and however often."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from slth.sweeps.store.errors import StoreError
from slth.sweeps.store.results import Entry, Store

_CHUNK = 4096  # blocks read at a time
_END = 2**63 - 1


def merge(into: Store, others: Iterable[str | os.PathLike[str]]) -> int:
    """As `Store.merge`. Sums and decisions are taken over with the blocks that they follow from."""
    new, before = 0, ""
    with into.transaction():
        for path in others:
            if Path(path).exists() and os.path.samefile(path, into.path):
                continue
            with Store(path) as other, other.snapshot():
                try:
                    new += sum(_take_over(into, other, entry) for entry in other.entries())
                except StoreError as error:
                    raise type(error)(f"{other.path} cannot be merged{before}: {error}") from None
                before = f"{before or ' after'} {other.path}"
    return new


def _take_over(into: Store, other: Store, entry: Entry) -> int:
    new, first = 0, 0
    own = into.make_entry(entry.id, entry.seed, entry.task)
    while tallies := other.read(entry, first, _END, _CHUNK):
        new += into.add(own, tallies)
        first = max(tallies) + 1
    for length in other.prefix_lengths(entry):
        into.add_prefixes(own, {length: other.prefix(entry, length)})
    for rule in other.rules(entry):
        if (decision := other.decision(entry, rule)) is not None:
            into.decide(own, rule, decision)
    return new
