"""What a store holds, read as answers without running anything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from slth.sweeps.answer import Collected
from slth.sweeps.series import Series
from slth.sweeps.stopping import Stop, stop_from_json
from slth.sweeps.store import Entry, Store
from slth.sweeps.task import Task
from slth.sweeps.tasks import KINDS


def stored(store: Store, stop: Stop | None = None) -> tuple[Collected, ...]:
    """One answer for each task and seed of a store, in the order in which they came to it.

    Parameters
    ----------
    store : Store
    stop : Stop, optional
        Read the blocks by this rule; by default by the one that was recorded with them, the farthest decided where there are several.

    Raises
    ------
    ValueError
        If a task is of a kind or version that this slth does not know.
    StoreError
        If the store is damaged.

    Notes
    -----
    Time is that of going on from the store: milliseconds a task with a rule that was decided on it, else some microseconds a block.
    """
    return tuple(iter_stored(store, stop))


def iter_stored(store: Store, stop: Stop | None = None) -> Iterator[Collected]:
    """The same, one after the other."""
    for entry in store.entries():
        task = task_from_json(entry.task)
        yield Series(task, entry.seed, recorded_rule(store, entry) if stop is None else stop, store).answer()


def recorded_rule(store: Store, entry: Entry) -> Stop:
    """The stopping rule of a series that was decided farthest."""
    rules = {rule: found.blocks for rule in store.rules(entry) if (found := store.decision(entry, rule)) is not None}
    if not rules:
        raise ValueError(f"{store.path} has no stopping rule for {entry.task}; name one, or run its sweep again")
    return stop_from_json(max(rules, key=lambda rule: rules[rule]))


def task_from_json(text: str) -> Task:
    """Read what `Task.to_json` wrote; a task of one of the `KINDS`.

    Raises
    ------
    ValueError
        If it is anything else, or of another version.
    """
    try:
        found = json.loads(text)
        kind, version = found.pop("kind"), found.pop("version")
        known: Any = KINDS.get(kind)
        if known is None:
            raise ValueError(f"its kind {kind!r} is none of {', '.join(sorted(KINDS))}")
        if version != known.version:
            raise ValueError(f"it is of version {version}, this slth has version {known.version}")
        task: Task = known(**{name: _tuples(value) for name, value in found.items()})
        if task.to_json() != text:
            raise ValueError("its parameters are written otherwise")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError(f"not a task of this slth: {text[:200]} ({error}); use the slth that wrote it") from None
    return task


def _tuples(value: object) -> object:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
