"""Burkholz, "Most activation functions can win the lottery without excessive depth" (NeurIPS 2022): depth L + 1 instead of 2 L.

Every hidden neuron of the target is made `width` times over. The first target layer is found by the two-layer construction, once for each
copy; from then on a target weight w_ji is, for every copy of neuron j, a subset sum over the random weights from the copies of neuron i,
which all carry (approximately) the same number. No layer is inserted but the first, and no weight needs two halves. The last layer has
one copy. Biases: each hidden layer has `width` further neurons that keep their bias alone and so are constants; their products with the
random weights, and the neuron's own random bias, are the candidates.

Since the copies of a neuron differ, an error is carried by the sum of the absolute kept weights, not by that of the target's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from slth.constructions.extra_layer.copies import Copies
from slth.constructions.extra_layer.effective import later_layer, without_constants
from slth.constructions.extra_layer.plan import ExtraLayerPlan
from slth.constructions.protocol import Construction, Effective, Masks, Shapes, Weights
from slth.constructions.signs import halves
from slth.constructions.two_layer.deal import Deal
from slth.constructions.two_layer.effective import effective_layer
from slth.constructions.two_layer.piece import Piece
from slth.constructions.two_layer.rules import AnySubset, Rule
from slth.networks import Dense, Domain, Layer, Network, RandomSource
from slth.networks.layers import DenseForm

__all__ = ["ExtraLayer", "ExtraLayerPlan"]


@dataclass(frozen=True)
class ExtraLayer:
    """The construction; see the module."""

    rule: Rule = field(default_factory=AnySubset)
    law: str = "uniform"

    follows: ClassVar[bool] = True

    @property
    def name(self) -> str:
        return "one-extra-layer"

    def attempts(self, budget: bool) -> Iterator[Construction]:
        for rule in self.rule.attempts(budget):
            yield ExtraLayer(rule, self.law)

    def random_layers(self, target: Network, width: tuple[int, ...]) -> tuple[Shapes, tuple[int, ...]]:
        shapes, biases, _ = _layout(_dense(target), width)
        return tuple(shapes), tuple(biases)

    def plan(self, source: RandomSource, target: Network, width: tuple[int, ...], domain: Domain) -> ExtraLayerPlan:
        made = _layout(_dense(target), width)[2]
        (above, below), *_ = halves(target, domain)
        layers = target.linear
        first = layers[0]
        tiled = Dense(
            np.repeat(first.weight, made[0], axis=0),
            None if first.bias is None else np.repeat(first.bias, made[0]),
            first.activation,
            first.scale,
        )
        deal = Deal.of(source, 0, width[0], above, below, first.bias is not None, self.rule.most)
        piece = Piece(tiled, source, 0, deal, self.rule)
        others: list[Copies] = []
        scale = piece.scale
        for i, layer in enumerate(layers[1:]):
            before = layers[i].activation, scale
            others.append(Copies(layer, source, i + 2, made[i], made[i + 1], before, self.rule))
            scale = others[-1].scale
        return ExtraLayerPlan(source, piece, tuple(others), self.rule)

    def sufficient_width(
        self, target: Network, tolerances: tuple[float, ...], domain: Domain, law: str
    ) -> float | None:
        return None

    def check(self, source: RandomSource, skeleton: Network) -> None:
        forms = _dense(skeleton)
        if source.depth != len(forms) + 1:
            raise ValueError(f"a ticket with one extra layer has {len(forms) + 1} random layers, got {source.depth}")
        shapes, biases, _ = _layout(forms, _widths(source, forms))
        if tuple(shapes) != source.shapes or tuple(biases) != source.bias:
            raise ValueError(f"a source of shapes {source.shapes} does not stand for layers {forms}")

    def layers(
        self, source: RandomSource, weights: Weights, skeleton: Network, scales: tuple[float, ...], at: int
    ) -> tuple[Layer, ...]:
        form = skeleton.forms[at]
        outer, outer_bias = weights(at + 1)
        layer = Dense(outer, outer_bias, form.activation, scales[at])
        if at:
            return (layer,)
        inner, inner_bias = weights(0)
        return Dense(inner, inner_bias, "relu"), layer

    def effective(
        self, source: RandomSource, masks: Masks, skeleton: Network, scales: tuple[float, ...]
    ) -> list[Effective]:
        self.check(source, skeleton)
        forms = _dense(skeleton)
        made = _widths(source, forms)[1:]
        copies = (*made, 1)
        first = DenseForm(source.shapes[1][0], forms[0].d_in, source.biases(1) > 0, forms[0].activation)
        piece = effective_layer(source, masks, 0, scales[0], first)
        found = [without_constants(piece, forms[0].d_out * copies[0], copies[0])]
        for i, form in enumerate(forms[1:], start=1):
            found.append(
                later_layer(source, masks, i + 1, form, copies[i - 1], copies[i], scales[i - 1 : i + 1], forms[i - 1])
            )
        return found


def _dense(network: Network) -> tuple[DenseForm, ...]:
    if not (network.is_dense or network.is_dense_skeleton):
        raise ValueError(f"one-extra-layer takes networks of dense layers, got {network!r}; use 'two-layer'")
    return tuple(form for form in network.forms if isinstance(form, DenseForm))


def _layout(
    forms: tuple[DenseForm, ...], width: tuple[int, ...]
) -> tuple[list[tuple[int, int]], list[int], tuple[int, ...]]:
    """Shapes and numbers of biases of the source's layers, and the copies of each target layer's outputs."""
    made = (*width[1:], 1)
    columns = forms[0].d_in
    rows = width[0] * columns
    shapes, biases = [(rows, columns)], [rows * forms[0].bias]
    for i, form in enumerate(forms):
        columns = rows
        fixed = i + 1 < len(forms) and forms[i + 1].bias
        rows = made[i] * (form.d_out + fixed)
        shapes.append((rows, columns))
        biases.append(rows if form.bias or fixed else 0)
    return shapes, biases, made


def _widths(source: RandomSource, forms: tuple[DenseForm, ...]) -> tuple[int, ...]:
    """The widths that give a source of these shapes, if any do."""
    found = [source.shapes[0][0] // forms[0].d_in]
    for i, form in enumerate(forms[:-1]):
        found.append(max(source.shapes[i + 1][0] // (form.d_out + forms[i + 1].bias), 1))
    return tuple(found)
