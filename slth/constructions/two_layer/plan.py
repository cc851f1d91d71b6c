"""The two-layer construction applied to one target, layer by layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from slth.constructions.protocol import Masks, Problems
from slth.constructions.two_layer.piece import Piece, Solved
from slth.constructions.two_layer.rules import Answer, Rule
from slth.networks import RandomSource


class TwoLayerPlan:
    """One layer after another, so that only the masks and errors of all are held; a `slth.constructions.Plan`.

    Attributes
    ----------
    source : RandomSource
    rule : Rule
    pieces : dict of Piece
        By their layer, those whose rounds have begun and not ended.
    unsolved : int
    """

    def __init__(self, source: RandomSource, rule: Rule, layers: int, size: int, piece: Callable[[int], Piece]) -> None:
        """`piece` prepares one of so many layers, which have `size` problems together."""
        self.source, self.rule, self.unsolved = source, rule, size
        self._layers, self._piece = layers, piece
        self.pieces: dict[int, Piece] = {}
        self._solved: list[Solved] = []

    @property
    def scales(self) -> tuple[float, ...]:
        return tuple(layer.scale for layer in self._solved)

    def rounds(self) -> Iterator[Iterator[Problems]]:
        for layer in range(self._layers):
            piece = self.pieces[layer] = self._piece(layer)
            for round_ in range(1 + self.rule.rescues):
                yield piece.problems(round_)
            self._solved.append(piece.solved())
            del self.pieces[layer]

    def prepared(self) -> list[Piece]:
        """All layers at once, for those who look at the candidates and solve nothing."""
        return [self._piece(layer) for layer in range(self._layers)]

    def choose(self, problems: Problems, tolerance: float | None) -> Answer:
        return self.rule.choose(problems, tolerance)

    def place(self, problems: Problems, chosen: NDArray[np.bool_], errors: NDArray[np.float64]) -> None:
        self.pieces[problems.layer].place(problems, chosen, errors)
        self.unsolved -= 0 if problems.again else problems.targets.size

    def masks(self) -> Masks:
        return Masks(
            tuple(weights for layer in self._solved for weights in layer.weights),
            tuple(bias for layer in self._solved for bias in layer.biases),
        )

    def worst(self, allowed: tuple[float, ...]) -> tuple[float, int, str]:
        return worst(self._solved, allowed)


def worst(solved: Sequence[Solved], allowed: tuple[float, ...]) -> tuple[float, int, str]:
    """Of answered layers and their tolerances what `Plan.worst` tells."""
    missed = sum(layer.missed(tolerance) for layer, tolerance in zip(solved, allowed, strict=True))
    layer, tolerance = max(zip(solved, allowed, strict=True), key=lambda pair: pair[0].largest / pair[1])
    if layer.largest == 0:
        return 0.0, missed, ""
    return layer.largest / tolerance, missed, f"{layer.words}, its share of the budget is {tolerance:.3g}"
