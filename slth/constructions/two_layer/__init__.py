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
  more with the larger choice (`plan.py`). A weight whose candidates happen to have nearly all the wrong sign is rescued so.
* Biases: a hidden neuron with bias b > 0 and all weights pruned is the constant b; such neurons and the output's own random bias are the
  candidates of the target's bias.
* One scale a layer: the candidates approximate w / s, s chosen from the candidates that were drawn (`scale.py`).

`effective.py` goes the other way, from seed and masks to the target layers they stand for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slth.constructions.protocol import Effective, Masks
from slth.constructions.two_layer.deal import Deal, fair_share
from slth.constructions.two_layer.effective import effective_layer
from slth.constructions.two_layer.plan import Piece, TwoLayerPlan
from slth.constructions.two_layer.scale import sufficient_candidates
from slth.networks import Domain, Network, RandomSource


def _signs(target: Network, domain: Domain) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """For each target layer: which inputs have a positive half, which a negative one; an input that is always 0 keeps one."""
    below = domain.lower < 0
    above = (domain.upper > 0) | ~below
    for layer in target.layers:
        yield above, below
        above, below = np.ones(layer.d_out, np.bool_), np.full(layer.d_out, layer.activation != "relu")


@dataclass(frozen=True)
class TwoLayer:
    """The construction; see the module."""

    name: str = "two-layer"

    def plan(self, target: Network, width: tuple[int, ...], domain: Domain, law: str, seed: int) -> TwoLayerPlan:
        widths = [target.widths[0]]
        bias: list[bool] = []
        for layer, factor in zip(target.layers, width, strict=True):
            widths += [layer.d_in * factor, layer.d_out]
            bias += [layer.bias is not None] * 2
        source = RandomSource(seed, law, tuple(widths), tuple(bias))
        pieces = []
        for i, (layer, (above, below)) in enumerate(zip(target.layers, _signs(target, domain), strict=True)):
            deal = Deal.of(source, 2 * i, width[i], above, below, layer.bias is not None)
            pieces.append(Piece(layer, source, 2 * i, deal))
        return TwoLayerPlan(source, tuple(pieces))

    def sufficient_width(self, target: Network, tolerances: tuple[float, ...], domain: Domain, law: str) -> int | None:
        width = 1
        for layer, tolerance, (above, below) in zip(target.layers, tolerances, _signs(target, domain), strict=True):
            needed = sufficient_candidates(layer, tolerance, law)
            if needed is None:
                return None
            groups = int(above.sum() + below.sum()) + (layer.bias is not None)
            while fair_share(width, layer.d_in, groups) < needed:
                width += 1
        return width

    def check(self, source: RandomSource, scales: tuple[float, ...], activations: tuple[str, ...]) -> None:
        if source.depth % 2:
            raise ValueError(f"a two-layer ticket has an even number of layers, got {source.depth}")
        if any(scale != 1.0 for scale in scales[::2]) or any(name != "relu" for name in activations[::2]):
            raise ValueError(
                "the inserted layers of a two-layer ticket have ReLU and the scale 1, this one's have others"
            )

    def effective(
        self, source: RandomSource, masks: Masks, scales: tuple[float, ...], activations: tuple[str, ...]
    ) -> list[Effective]:
        self.check(source, scales, activations)
        return [effective_layer(source, masks, i, scales[i + 1], activations[i + 1]) for i in range(0, source.depth, 2)]
