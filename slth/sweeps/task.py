"""What to measure: a task is its parameters, its name is their hash, and a block of it is a pure function of (task, seed, block index)."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from slth.sweeps.tally import Tally

Point = Mapping[str, int | float | str]  # what distinguishes one measured number of a task from its others


@dataclass(frozen=True)
class Task(ABC):
    """A measurement: a frozen dataclass of plain values (numbers, text, None, tuples of them), checked in ``__post_init__``.

    Subclasses stand one a file in `slth.sweeps.tasks`, and one entry each of `KINDS` there.

    Attributes
    ----------
    kind : str
        Its name in specifications and stores.
    version : int
        Raised when the numbers of a block change: old results are then no longer those of this task.
    holds_gil : bool
        Whether blocks mostly hold the interpreter, so that processes serve better than threads.
    trials_a_block : int
        Independent trials of one block; part of the identity.
    """

    kind: ClassVar[str]
    version: ClassVar[int] = 1
    holds_gil: ClassVar[bool] = False

    trials_a_block: int

    @abstractmethod
    def measure(self, rng: np.random.Generator, trials: int) -> Tally:
        """So many independent trials, all randomness from `rng`, on one thread; called from any thread or process."""

    @property
    @abstractmethod
    def points(self) -> tuple[Point, ...]:
        """What each entry of `successes` is about: ``({"n": 8, "epsilon": 0.01}, ...)``; empty where nothing is a success or a failure."""

    @abstractmethod
    def successes(self, tally: Tally) -> tuple[int, ...]:
        """Successful trials of each point, out of ``tally.trials``."""

    @property
    def parameters(self) -> dict[str, Any]:
        """By name, as plain JSON values."""
        return {entry.name: _plain(getattr(self, entry.name), entry.name) for entry in fields(self)}

    def to_json(self) -> str:
        """Canonical: equal tasks have equal text, and a float is written so that it reads back as itself."""
        whole = {"kind": self.kind, "version": self.version, **self.parameters}
        return json.dumps(whole, sort_keys=True, separators=(",", ":"), allow_nan=False)

    @cached_property
    def id(self) -> str:
        """The first 32 hexadecimal digits of the SHA-256 of `to_json`."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:32]

    def block(self, seed: int, index: int) -> Tally:
        """Block `index` of the task: the same integers wherever, whenever and beside whatever it runs.

        Raises
        ------
        TypeError
            If `measure` gives no Tally.
        ValueError
            If it gives one of another number of trials.
        """
        words = [int(self.id[i : i + 8], 16) for i in range(0, 32, 8)]
        root = np.random.SeedSequence(seed, spawn_key=(*words, index))
        found = self.measure(np.random.Generator(np.random.PCG64(root)), self.trials_a_block)
        if not isinstance(found, Tally):
            raise TypeError(f"{type(self).__name__}.measure must give a Tally, got {found!r:.60}")
        if found.trials != self.trials_a_block:
            raise ValueError(
                f"{type(self).__name__}.measure made {found.trials} trials instead of {self.trials_a_block}"
            )
        return found


def _plain(value: Any, name: str) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, tuple | list):
        return [_plain(entry, name) for entry in value]
    raise TypeError(f"{name} of a task must be plain (numbers, text, None, tuples of them), got {value!r:.60}")
