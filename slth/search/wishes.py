"""How long and how to search, as the user says it, checked and turned into the settings of the loop."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import Final

from slth.search.loop import Settings
from slth.validation import positive_float, positive_int

RATE: Final = 0.1
BATCH: Final = 64


@dataclass(frozen=True)
class Wishes:
    """How long and how to search, as the user says it; see `find`."""

    steps: int | None
    epochs: float | None
    rate: float | None
    batch: int | None
    every: int | None
    patience: int | None
    checkpoint: str | os.PathLike[str] | None

    def settings(self, count: int, seed: int) -> Settings:
        """For the loop, with `count` inputs to search on."""
        if (self.steps is None) == (self.epochs is None):
            raise ValueError(f"give steps or epochs, one of the two, got steps={self.steps} and epochs={self.epochs}")
        size = BATCH if self.batch is None else positive_int(self.batch, "batch")
        each = max(1, count // size)
        steps = self.steps if self.steps is not None else max(1, round(positive_float(self.epochs, "epochs") * each))
        positive_int(steps, "steps")
        every = each if self.every is None else positive_int(self.every, "every")
        patience = None if self.patience is None else positive_int(self.patience, "patience")
        rate = RATE if self.rate is None else positive_float(self.rate, "rate")
        return Settings(steps, size, rate, every, patience, seed)

    def flipping(self, seed: int) -> Settings:
        """For a search by losses alone, which has steps only."""
        if self.steps is None or self.epochs is not None:
            raise ValueError(
                f"a search that swaps weights counts steps: give steps= and no epochs=, got steps={self.steps} and epochs={self.epochs}"
            )
        for option in ("rate", "batch"):
            if getattr(self, option) is not None:
                raise ValueError(
                    f"a search that swaps weights uses all inputs in every step and no gradients; leave out {option}="
                )
        every = max(1, positive_int(self.steps, "steps") // 100) if self.every is None else self.every
        return replace(self, every=every).settings(1, seed)

    def refuse(self, name: str) -> None:
        """Raise a ValueError for what a baseline has no use for."""
        for option in ("steps", "epochs", "rate", "batch", "every", "patience", "checkpoint"):
            if getattr(self, option) is not None:
                raise ValueError(f"{name!r} gives its mask at once, without a search; leave out {option}=")
