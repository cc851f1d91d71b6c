"""The construction with one extra layer applied to one target: the first layer as two, the others each as one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from slth import spool
from slth.constructions.extra_layer.copies import Copies
from slth.constructions.extra_layer.offsets import Offsets
from slth.constructions.near_zero import RELU, NearZero
from slth.constructions.protocol import Masks, Problems
from slth.constructions.two_layer.piece import Piece, above
from slth.constructions.two_layer.rules import Answer, Rule
from slth.networks import RandomSource
from slth.networks.activations import activation


@dataclass(frozen=True)
class ExtraLayerPlan:
    """All layers; a `slth.constructions.Plan`."""

    source: RandomSource
    first: Piece
    others: tuple[Copies, ...]
    rule: Rule
    inserted: NearZero
    offsets: Offsets | None = None

    @property
    def near_zero(self) -> NearZero:
        """The inserted layer, with its scale once that is chosen."""
        return self.inserted if self.offsets is None else self.offsets.near_zero

    @property
    def scales(self) -> tuple[float, ...]:
        later = tuple(piece.scale for piece in self.others)
        if self.inserted == RELU:
            return self.first.scale, *later
        return self.near_zero.scale, self.first.scale / self.near_zero.unit, *later

    @property
    def _pieces(self) -> list[tuple[int, Piece | Offsets | Copies]]:
        """All of them with the target layer they belong to."""
        offsets = [] if self.offsets is None else [(0, self.offsets)]
        return [(0, self.first), *offsets, *enumerate(self.others, start=1)]

    @property
    def unsolved(self) -> int:
        return sum(above(piece.errors, np.finfo(np.float64).max) for _, piece in self._pieces)

    def rounds(self) -> Iterator[Iterator[Problems]]:
        later = (problems for piece in self.others for problems in piece.problems())
        rescues = [self.first.problems(round_) for round_ in range(1, 1 + self.rule.rescues)]
        if not self.inserted.curved:
            yield chain(self.first.problems(0), later)
            yield from rescues
            return
        yield self.first.problems(0)
        yield from rescues
        if self.offsets is not None:
            yield from self.offsets.rounds()
        if self.others and self.others[0].target.bias is not None:
            self.others[0].constants = self._constants()
        yield later

    def _constants(self) -> NDArray[np.float64]:
        """What the constants behind the first layer have become."""
        first, hidden = self.first, self.near_zero
        start = self.others[0].inputs
        kept_bias = first.first_masks()[1]
        biases = self.source.bias_vector(0)
        silent = hidden.constants(np.zeros(first.hidden) if biases is None or kept_bias is None else biases * kept_bias)
        v = self.source.weight_rows(1, start, first.rows)
        v *= np.unpackbits(first.kept[start:], axis=1, count=first.hidden)
        own = self.source.bias_vector(1)
        level = v @ silent + (0.0 if own is None else own[start:] * first.kept_bias[start:])
        return np.asarray(activation(first.target.activation)(self.scales[1] * level))

    def choose(self, problems: Problems, tolerance: float | None) -> Answer:
        return self.rule.choose(problems, tolerance)

    def place(self, problems: Problems, chosen: NDArray[np.bool_], errors: NDArray[np.float64]) -> None:
        piece: Piece | Offsets | Copies = self.others[problems.layer - 1] if problems.layer else self.first
        if self.offsets is not None and not problems.layer and problems.groups[0] == self.first.deal.inputs.size:
            piece = self.offsets
        piece.place(problems, chosen, errors)

    def masks(self) -> Masks:
        if self.inserted.curved:
            self._drop_constants()
        inner, inner_bias = self.first.first_masks()
        rows = self.source.shapes[1][0]
        outer = spool.zeros((rows, self.first.kept.shape[1]), np.uint8, lasting=True)
        outer[: len(self.first.kept)] = self.first.kept
        weights = [inner, outer, *(piece.kept for piece in self.others)]
        biases: list[NDArray[np.bool_] | None] = [inner_bias]
        own = [self.first.kept_bias, *(piece.kept_bias for piece in self.others)]
        for layer, kept in enumerate(own, start=1):
            count = self.source.biases(layer)
            mask = np.zeros(count, np.bool_)
            mask[: kept.size] = kept[:count]
            if kept.size < count:  # constants that the next layer uses
                above = np.bitwise_or.reduce(self.others[layer - 1].kept, axis=0)
                mask[kept.size :] = np.unpackbits(above, count=self.source.shapes[layer][0])[kept.size : count]
            biases.append(mask if count else None)
        return Masks(tuple(weights), tuple(biases))

    def worst(self, allowed: tuple[float, ...]) -> tuple[float, int, str]:
        over, missed, words = 0.0, 0, ""
        for layer, piece in self._pieces:
            tolerance = allowed[layer]
            missed += above(piece.errors, tolerance, piece.scale)
            row, group = divmod(int(np.argmax(piece.errors)), piece.errors.shape[1])
            off = float(piece.errors[row, group]) * piece.scale
            if off > over * tolerance:
                over = off / tolerance
                copies = self.others[0].copies if self.others else 1
                where = piece.where(row if layer else row // copies, group)
                words = f"layer {layer}, {where}, is {off:.3g} off, its share of the budget is {tolerance:.3g}"
        return over, missed, words

    def _drop_constants(self) -> None:
        """Prune the constants behind the first layer that the next does not use."""
        if self.others and self.first.rows > self.others[0].inputs:
            start = self.others[0].inputs
            used = np.unpackbits(np.bitwise_or.reduce(self.others[0].kept, axis=0), count=self.first.rows)[start:]
            self.first.kept[start:][used == 0] = 0
            self.first.kept_bias[start:][used == 0] = False
