"""Pensia, Rajput, Nagle, Vishwakarma, Papailiopoulos, "Optimal lottery tickets via SubsetSum" (NeurIPS 2020), section 3.

A target weight w acts on a number x as w x = w relu(x) - w relu(-x). In the random network a hidden layer of `width` neurons for every
input stands before each target layer. A hidden neuron h keeps one weight u = U[h, i] and computes relu(u x_i): |u| relu(x_i) if u > 0,
|u| relu(-x_i) if u < 0; its sign decides which half it serves. For output j the candidates of w_ji are the products v |u|, v = V[j, h],
over the neurons of a half: keep V[j, h] for the subset whose sum is closest to w_ji (positive half) or -w_ji (negative half). The
neurons are shared by all outputs, the second-layer weights are not. Depth 2 L; Theorem 1 needs width 2 n, n = C log(...).

Beyond the paper:

* The half that an input never enters (after ReLU, or by the domain) is left out.
* Neurons are dealt evenly (`deal.py`). A block of `width` neurons has about width / 2 of each sign, sometimes far fewer; a neuron that
  its own half does not need serves a half that lacks candidates, through its weight to that half's input.
* A few neurons are held back; when all weights have been solved, they go to the halves of the worst ones, which are solved once
  more with the larger choice (`piece.py`). A weight whose candidates happen to have nearly all the wrong sign is rescued so.
* Biases: a hidden neuron with bias b > 0 and all weights pruned is the constant b; such neurons and the output's own random bias are the
  candidates of the target's bias.
* One scale a layer: the candidates approximate w / s, s chosen from the candidates that were drawn (`scale.py`).

Attention, after Otsuka et al., "The strong lottery ticket hypothesis for multi-head attention mechanisms" (AAAI 2026), Lemmas 4 and 7: what
a head amounts to is the matrix A = Q^T K / sqrt(d_K) of its scores and the matrix B = O V of its values, so that a random attention layer
needs only pairs of linear layers, (K, Q^T) for A and (V, O) for B, without a ReLU in between. A hidden dimension keeps one weight u of K or
V, and both signs of u v serve every entry: a block of `width` dimensions gives an entry twice the candidates of a ReLU layer, all
`width`. The biases of queries are one more row of Q^T, those of keys do nothing, those of values and output are one vector, whose
candidates are the output's own random bias and dimensions of the first head's V with nothing but their bias. The two scales of a head
stand for the factor n_K^(1/4) of Q and K in the paper, and for that of its values.

`effective.py` goes the other way, from seed and masks to the target layers they stand for.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from slth.constructions.protocol import Construction, Effective, Inserted, Masks, Shapes, Weights
from slth.constructions.signs import halves
from slth.constructions.two_layer.deal import Deal, fair_share
from slth.constructions.two_layer.effective import effective_layer
from slth.constructions.two_layer.piece import Piece
from slth.constructions.two_layer.plan import TwoLayerPlan
from slth.constructions.two_layer.rules import AnySubset, FixedSize, Rule
from slth.constructions.two_layer.scale import SOLVED, predictable, sufficient_candidates
from slth.constructions.two_layer.served import served
from slth.networks import Domain, Form, Layer, Network, RandomSource

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class TwoLayer:
    """The construction; see the module."""

    rule: Rule = field(default_factory=AnySubset)
    law: str = "uniform"

    follows: ClassVar[bool] = True

    @property
    def name(self) -> str:
        return self.rule.name

    def attempts(self, budget: bool) -> Iterator[Construction]:
        for rule in self.rule.attempts(budget):
            yield replace(self, rule=rule)

    def random_layers(self, target: Network, width: tuple[int, ...]) -> tuple[Shapes, tuple[int, ...]]:
        shapes: list[tuple[int, int]] = []
        biases: list[int] = []
        for layer, factor in zip(target.linear, width, strict=True):
            form = layer.form
            hidden = form.columns * factor
            shapes += [(hidden, form.columns), (form.rows, hidden)]
            biases += [hidden * form.bias, form.outputs * form.bias]
        return tuple(shapes), tuple(biases)

    def plan(self, source: RandomSource, target: Network, width: tuple[int, ...], domain: Domain) -> TwoLayerPlan:
        self.check(source, target.skeleton)
        entered = list(halves(target, domain))

        def piece(i: int) -> Piece:
            deal = self._deal(source, 2 * i, target.linear[i].form, *entered[i])
            return Piece(target.linear[i], source, 2 * i, deal, self.rule)

        size = sum(_problems(layer.form, *sides) for layer, sides in zip(target.linear, entered, strict=True))
        return TwoLayerPlan(source, self.rule, len(entered), size, piece)

    def _deal(self, source: RandomSource, first: int, form: Form, above: Bools, below: Bools) -> Deal:
        width = source.shapes[first][0] // form.columns
        return Deal.of(source, first, width, above, below, form.bias, self.rule.most, form.rectified)

    def sufficient_width(
        self, target: Network, tolerances: tuple[float, ...], domain: Domain, law: str
    ) -> float | None:
        if not (isinstance(self.rule, AnySubset) and predictable(law)):
            return None
        width = 1
        for layer, tolerance, (above, below) in zip(target.linear, tolerances, halves(target, domain), strict=True):
            needed = sufficient_candidates(layer, tolerance, law)
            if needed is None:
                return math.inf
            form = layer.form
            groups = (int(above.sum() + below.sum()) if form.rectified else form.columns) + form.bias
            while fair_share(width, form.columns, groups, SOLVED, form.rectified) < needed:
                width += 1
        return width

    def count_scales(self, skeleton: Network) -> int:
        return len(skeleton.forms)

    def check(self, source: RandomSource, skeleton: Network) -> None:
        forms = skeleton.forms
        if source.depth != 2 * len(forms):
            raise ValueError(f"a two-layer ticket has two random layers for each of {len(forms)}, got {source.depth}")
        for i, form in enumerate(forms):
            hidden = source.shapes[2 * i][0]
            shapes = (hidden, form.columns), (form.rows, hidden)
            biases = hidden * form.bias, form.outputs * form.bias
            if source.shapes[2 * i : 2 * i + 2] != shapes or (source.biases(2 * i), source.biases(2 * i + 1)) != biases:
                raise ValueError(f"layers {2 * i} and {2 * i + 1} of the source do not stand for layer {i}, {form!r}")
        hidden_of = iter([source.shapes[2 * i][0] for i in range(len(forms))])
        for whole in skeleton.mapped:
            whole.check_hidden([next(hidden_of) for _ in whole.forms])

    def layers(
        self, source: RandomSource, weights: Weights, skeleton: Network, scales: tuple[float, ...], at: int
    ) -> tuple[Layer, ...]:
        form = skeleton.forms[at]
        (inner, inner_bias), (outer, outer_bias) = weights(2 * at), weights(2 * at + 1)
        hidden = form.before(inner, inner_bias)
        return hidden, form.widened(source.shapes[2 * at][0]).build(outer, outer_bias, scales[at])

    def effective(
        self, source: RandomSource, masks: Masks, skeleton: Network, scales: tuple[float, ...]
    ) -> Iterator[Effective]:
        self.check(source, skeleton)
        return (effective_layer(source, masks, 2 * i, scales[i], form) for i, form in enumerate(skeleton.forms))

    def inserted(self, source: RandomSource, masks: Masks, skeleton: Network, domain: Domain) -> Iterator[Inserted]:
        self.check(source, skeleton)
        k = self.rule.k if isinstance(self.rule, FixedSize) else None
        for i, (form, sides) in enumerate(zip(skeleton.forms, halves(skeleton, domain), strict=True)):

            def groups(i: int = i, form: Form = form, sides: tuple[Bools, Bools] = sides) -> NDArray[np.int64]:
                return served(source, masks, 2 * i, self._deal(source, 2 * i, form, *sides), form.rectified)

            # Natale et al. 2024, proof of Theorem 3: k candidates of each half in either layer; linear neurons have no halves
            theorem = None if k is None else (4 if form.rectified else 2) * _entries(form) * k
            yield Inserted(i, 2 * i, form.rows, groups, theorem)


def _entries(form: Form) -> int:
    """How many weights a layer has, biases aside."""
    return form.readers * form.columns


def _problems(form: Form, above: Bools, below: Bools) -> int:
    """How many weights and biases a layer has, twice those that act on numbers of both signs."""
    sides = above.astype(np.int64) + below if form.rectified else np.ones(form.columns, np.int64)
    return form.readers * int(sides.sum()) + form.outputs * form.bias
