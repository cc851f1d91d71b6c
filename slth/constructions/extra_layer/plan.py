"""The construction with one extra layer applied to one target: the first layer as two, the others each as one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slth.constructions.extra_layer.copies import Copies
from slth.constructions.protocol import Masks, Problems
from slth.constructions.two_layer.piece import Piece
from slth.constructions.two_layer.rules import Answer, Rule
from slth.networks import RandomSource


@dataclass(frozen=True)
class ExtraLayerPlan:
    """All layers; a `slth.constructions.Plan`."""

    source: RandomSource
    first: Piece
    others: tuple[Copies, ...]
    rule: Rule

    @property
    def scales(self) -> tuple[float, ...]:
        return self.first.scale, *(piece.scale for piece in self.others)

    @property
    def unsolved(self) -> int:
        errors = self.first.errors, *(piece.errors for piece in self.others)
        return sum(int(np.isinf(some).sum()) for some in errors)

    def rounds(self) -> Iterator[Iterator[Problems]]:
        def every() -> Iterator[Problems]:
            yield from self.first.problems(0)
            for piece in self.others:
                yield from piece.problems()

        yield every()
        for round_ in range(1, 1 + self.rule.rescues):
            yield self.first.problems(round_)

    def choose(self, problems: Problems, tolerance: float | None) -> Answer:
        return self.rule.choose(problems, tolerance)

    def place(self, problems: Problems, chosen: NDArray[np.bool_], errors: NDArray[np.float64]) -> None:
        piece = self.others[problems.layer - 1] if problems.layer else self.first
        piece.place(problems, chosen, errors)

    def masks(self) -> Masks:
        inner, inner_bias = self.first.first_masks()
        rows = self.source.shapes[1][0]
        outer = np.zeros((rows, self.first.kept.shape[1]), np.uint8)
        outer[: len(self.first.kept)] = self.first.kept
        weights = [inner, outer, *(piece.kept for piece in self.others)]
        biases: list[NDArray[np.bool_] | None] = [inner_bias]
        own = [self.first.kept_bias, *(piece.kept_bias for piece in self.others)]
        for layer, kept in enumerate(own, start=1):
            count = self.source.biases(layer)
            mask = np.zeros(count, np.bool_)
            mask[: kept.size] = kept[:count]
            if layer <= len(self.others):  # constants that the next layer uses
                above = np.bitwise_or.reduce(self.others[layer - 1].kept, axis=0)
                mask[kept.size :] = np.unpackbits(above, count=self.source.shapes[layer][0])[kept.size : count]
            biases.append(mask if count else None)
        return Masks(tuple(weights), tuple(biases))

    def worst(self, allowed: tuple[float, ...]) -> tuple[float, int, str]:
        over, missed, words = 0.0, 0, ""
        pieces: tuple[Piece | Copies, ...] = (self.first, *self.others)
        for layer, (piece, tolerance) in enumerate(zip(pieces, allowed, strict=True)):
            errors = piece.errors * piece.scale
            missed += int((errors > tolerance).sum())
            row, group = (int(i) for i in np.unravel_index(int(np.argmax(errors)), errors.shape))
            if errors[row, group] > over * tolerance:
                over = float(errors[row, group] / tolerance)
                copies = self.others[0].copies if self.others else 1
                where = (
                    self.first.where(row // copies, group) if layer == 0 else self.others[layer - 1].where(row, group)
                )
                words = f"layer {layer}, {where}, is {errors[row, group]:.3g} off, its share of the budget is {tolerance:.3g}"
        return over, missed, words
