"""The structured construction applied to one target, layer by layer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slth.constructions.protocol import Masks, Problems
from slth.constructions.structured.choice import choose
from slth.constructions.structured.piece import Piece
from slth.constructions.two_layer.piece import above
from slth.networks import RandomSource

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class StructuredPlan:
    """All layers; a `slth.constructions.Plan`. A block of problems is one vector problem: its rows share one choice."""

    source: RandomSource
    pieces: tuple[Piece, ...]
    smallest: bool

    @property
    def scales(self) -> tuple[float, ...]:
        return tuple(piece.scale for piece in self.pieces)

    @property
    def unsolved(self) -> int:
        return sum(above(piece.errors, np.finfo(np.float64).max) for piece in self.pieces)

    def rounds(self) -> Iterator[Iterator[Problems]]:
        yield (problems for piece in self.pieces for problems in piece.problems())

    def choose(self, problems: Problems, tolerance: float | None) -> tuple[Bools, Floats]:
        group = self.pieces[problems.layer].groups[int(problems.groups[0])]
        shared = problems.samples[:, : group.neurons.size]
        own = problems.samples[:, -1] if group.input is None else None
        found = choose(np.ascontiguousarray(shared.T), problems.targets, own, tolerance if self.smallest else None)
        chosen = np.broadcast_to(found.chosen, shared.shape)
        if own is not None:
            chosen = np.column_stack([chosen, found.own])
        errors = found.errors
        return chosen, errors if tolerance is None else np.where(errors <= tolerance, 0.0, errors)

    def place(self, problems: Problems, chosen: Bools, errors: Floats) -> None:
        self.pieces[problems.layer].place(problems, chosen, errors)

    def masks(self) -> Masks:
        pairs = [piece.masks() for piece in self.pieces]
        return Masks(tuple(w for weights, _ in pairs for w in weights), tuple(b for _, biases in pairs for b in biases))

    def worst(self, allowed: tuple[float, ...]) -> tuple[float, int, str]:
        over, missed, words = 0.0, 0, ""
        for layer, (piece, tolerance) in enumerate(zip(self.pieces, allowed, strict=True)):
            missed += above(piece.errors, tolerance, piece.scale)
            row, g = divmod(int(np.argmax(piece.errors)), piece.errors.shape[1])
            off = float(piece.errors[row, g]) * piece.scale
            if off > over * tolerance:
                over = off / tolerance
                words = f"layer {layer}, {piece.described(row, g)}, its share of the budget is {tolerance:.3g}"
        return over, missed, words
