"""Burkholz, "Most activation functions can win the lottery without excessive depth" (NeurIPS 2022): depth L + 1 instead of 2 L.

Every hidden neuron of the target is made `width` times over. The first target layer is found by the two-layer construction, once for each
copy; from then on a target weight w_ji is, for every copy of neuron j, a subset sum over the random weights from the copies of neuron i,
which all carry (approximately) the same number. No layer is inserted but the first, and no weight needs two halves. The last layer has
one copy. Biases: each hidden layer has `width` further neurons that keep their bias alone and so are constants; their products with the
random weights, and the neuron's own random bias, are the candidates.

Since the copies of a neuron differ, an error is carried by the sum of the absolute kept weights, not by that of the target's.

The paper's theorem is about sources of the target's own activation, whatever it is, under an assumption: near 0, phi(y) - phi(0) is about
m_+ y for y >= 0 and m_- y for y < 0, with m_+ + m_- != 0. ``ExtraLayer(activation="tanh")``, by name "one-extra-layer(tanh)", has that
activation in the inserted layer, so that a random tanh network contains a tanh target with no ReLU in it; the later layers carry the
target's activation in any case. `slth.constructions.near_zero` has the algebra and how far phi is from its lines, `offsets` what becomes of
phi(0) != 0. The inputs of the inserted layer have a scale s, the first of the ticket's scales, and the layer behind it undoes it. The own
biases of that layer would be scaled up with everything else, so that they are left alone where phi is curved (with phi(0) != 0 they are in
proportion, and serve), and the constants behind it are made as in the paper: rows without weights whose bias is to be 1. The certificate
adds the curvature, as a bound that holds for all inputs of the domain, and the rounding of phi.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from slth.constructions.extra_layer.copies import Copies, constants
from slth.constructions.extra_layer.effective import biased, later_layer, made_of_nothing, without_constants
from slth.constructions.extra_layer.first import deal_of, first_layer
from slth.constructions.extra_layer.plan import ExtraLayerPlan
from slth.constructions.near_zero import RELU, NearZero
from slth.constructions.protocol import Construction, Effective, Inserted, Masks, Shapes, Weights
from slth.constructions.signs import halves
from slth.constructions.two_layer.effective import effective_layer
from slth.constructions.two_layer.rules import AnySubset, Rule
from slth.constructions.two_layer.served import served
from slth.networks import Domain, Layer, Network, RandomSource
from slth.networks.activations import activation
from slth.networks.layers import DenseForm

__all__ = ["ExtraLayer", "ExtraLayerPlan"]


@dataclass(frozen=True)
class ExtraLayer:
    """The construction; see the module."""

    rule: Rule = field(default_factory=AnySubset)
    law: str = "uniform"
    activation: str = "relu"
    scale: float | None = None

    follows: ClassVar[bool] = True

    def __post_init__(self) -> None:
        curved = self._near_zero.curved  # raises if the activation does not do
        if self.scale is not None and not curved:
            raise ValueError(
                f"activation {self.activation!r} is straight on both sides of 0 at any scale, got scale={self.scale!r}; leave it out"
            )

    @property
    def name(self) -> str:
        scale = "" if self.scale is None else f", {self.scale!r}"
        return "one-extra-layer" if self._near_zero == RELU else f"one-extra-layer({self.activation}{scale})"

    @property
    def _near_zero(self) -> NearZero:
        return NearZero(self.activation, 1.0 if self.scale is None else float(self.scale))

    def attempts(self, budget: bool) -> Iterator[Construction]:
        for rule in self.rule.attempts(budget):
            yield replace(self, rule=rule)

    def random_layers(self, target: Network, width: tuple[int, ...]) -> tuple[Shapes, tuple[int, ...]]:
        shapes, biases, _ = _layout(_dense(target), width, self._near_zero)
        return tuple(shapes), tuple(biases)

    def plan(self, source: RandomSource, target: Network, width: tuple[int, ...], domain: Domain) -> ExtraLayerPlan:
        near_zero = self._near_zero
        made = _layout(_dense(target), width, near_zero)[2]
        (above, below), *_ = halves(target, domain)
        layers = target.linear
        reach = np.abs(np.stack(target.ends(domain))).reshape(-1, layers[0].form.columns).max(axis=0)
        dealt = deal_of(source, width[0], above, below, self.rule.most, near_zero)
        fixed = made[0] if len(layers) > 1 and layers[1].bias is not None else 0
        piece, inserted, offsets = first_layer(
            layers[0], source, made[0], fixed, dealt, near_zero, self.scale is not None, reach, self.rule
        )
        others: list[Copies] = []
        scale = piece.scale
        for i, layer in enumerate(layers[1:]):
            name, start = layers[i].activation, layer.d_in * made[i]
            values = np.zeros(0)
            if layer.bias is not None:  # those of rows that are to be 1 are not yet known
                rough = i == 0 and near_zero.curved
                values = activation(name)(np.ones(fixed)) if rough else constants(source, i + 1, start, name, scale)
            others.append(Copies(layer, source, i + 2, made[i], made[i + 1], values, self.rule))
            scale = others[-1].scale
        return ExtraLayerPlan(source, piece, tuple(others), self.rule, inserted, offsets)

    def sufficient_width(
        self, target: Network, tolerances: tuple[float, ...], domain: Domain, law: str
    ) -> float | None:
        return None

    def count_scales(self, skeleton: Network) -> int:
        return len(skeleton.forms) + (self._near_zero != RELU)

    def check(self, source: RandomSource, skeleton: Network) -> None:
        forms = _dense(skeleton)
        if source.depth != len(forms) + 1:
            raise ValueError(f"a ticket with one extra layer has {len(forms) + 1} random layers, got {source.depth}")
        shapes, biases, _ = _layout(forms, _widths(source, forms), self._near_zero)
        if tuple(shapes) != source.shapes or tuple(biases) != source.bias:
            raise ValueError(f"a source of shapes {source.shapes} does not stand for layers {forms}")

    def layers(
        self, source: RandomSource, weights: Weights, skeleton: Network, scales: tuple[float, ...], at: int
    ) -> tuple[Layer, ...]:
        form = skeleton.forms[at]
        outer, outer_bias = weights(at + 1)
        inserted, behind = self._scaled(scales)
        layer = _layer(outer, outer_bias, form.activation, behind[at])
        if at:
            return (layer,)
        inner, inner_bias = weights(0)
        return _layer(inner, inner_bias, inserted.activation, inserted.scale), layer

    def _scaled(self, scales: tuple[float, ...]) -> tuple[NearZero, tuple[float, ...]]:
        """The inserted layer with its scale, and the scales of the layers behind it."""
        return (RELU, scales) if self._near_zero == RELU else (NearZero(self.activation, scales[0]), scales[1:])

    def effective(
        self, source: RandomSource, masks: Masks, skeleton: Network, scales: tuple[float, ...]
    ) -> Iterator[Effective]:
        self.check(source, skeleton)
        return self._effective(source, masks, _dense(skeleton), scales)

    def _effective(
        self, source: RandomSource, masks: Masks, forms: tuple[DenseForm, ...], scales: tuple[float, ...]
    ) -> Iterator[Effective]:
        made = _widths(source, forms)[1:]
        copies = (*made, 1)
        first = DenseForm(source.shapes[1][0], forms[0].d_in, source.biases(1) > 0, forms[0].activation)
        inserted, behind = self._scaled(scales)
        piece = effective_layer(source, masks, 0, behind[0], first, inserted)
        yield without_constants(piece, forms[0].d_out * copies[0], copies[0])
        for i, form in enumerate(forms[1:], start=1):
            start, fixed = form.d_in * copies[i - 1], (np.zeros(0), np.zeros(0))
            if form.bias and i == 1 and inserted.curved:
                fixed = made_of_nothing(piece, start)
            elif form.bias:
                fixed = biased(source, masks, i, forms[i - 1], behind[i - 1], start)
            yield later_layer(source, masks, i + 1, form, copies[i - 1], copies[i], behind[i], fixed)

    def inserted(self, source: RandomSource, masks: Masks, skeleton: Network, domain: Domain) -> Iterator[Inserted]:
        """The first layer alone; the others take their subsets of the copies of the layer before them."""
        self.check(source, skeleton)
        forms = _dense(skeleton)
        width, *made = (*_widths(source, forms), 1)
        above, below = next(halves(skeleton, domain))

        def groups() -> NDArray[np.int64]:
            deal, _ = deal_of(source, width, above, below, self.rule.most, self._near_zero)
            return served(source, masks, 0, deal, deal.rectified)

        yield Inserted(0, 0, forms[0].d_out * made[0], groups)


def _layer(matrix: Any, bias: NDArray[np.float64] | None, activation: str, scale: float) -> Layer:
    rows, columns = matrix.shape
    return DenseForm(rows, columns, bias is not None, activation).build(matrix, bias, scale)


def _dense(network: Network) -> tuple[DenseForm, ...]:
    if not (network.is_dense or network.is_dense_skeleton):
        raise ValueError(f"one-extra-layer takes networks of dense layers, got {network!r}; use 'two-layer'")
    return tuple(form for form in network.forms if isinstance(form, DenseForm))


def _layout(
    forms: tuple[DenseForm, ...], width: tuple[int, ...], near_zero: NearZero
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
    if near_zero.lines.value:  # constants are there without biases
        biases[0] = 0
    elif near_zero.curved:  # constants need them, outputs cannot use theirs
        biases[:2] = shapes[0][0] * (biases[1] > 0), 0
    return shapes, biases, made


def _widths(source: RandomSource, forms: tuple[DenseForm, ...]) -> tuple[int, ...]:
    """The widths that give a source of these shapes, if any do."""
    found = [source.shapes[0][0] // forms[0].d_in]
    for i, form in enumerate(forms[:-1]):
        found.append(max(source.shapes[i + 1][0] // (form.d_out + forms[i + 1].bias), 1))
    return tuple(found)
