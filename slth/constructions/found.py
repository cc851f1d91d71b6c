"""Masks that a search has found: the layers of the random network are the layers of the ticket, with no proof behind them.

Ramanujan, Wortsman, Kembhavi, Farhadi, Rastegari, "What's hidden in a randomly weighted neural network?" (CVPR 2020) and its followers
prune a random network of any shape until it does well. Its layers do not stand for those of a target, so that there is nothing to plan
and no error of a weight; what can be certified is how far the outputs of the two are apart (`slth.certificate.apart`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, NoReturn

import numpy as np

from slth.constructions.protocol import Construction, Effective, Inserted, Masks, Plan, Shapes, Weights
from slth.networks import Dense, Domain, Layer, Network, RandomSource


@dataclass(frozen=True)
class Found:
    """The construction; see the module."""

    law: str = "uniform"

    follows: ClassVar[bool] = False

    @property
    def name(self) -> str:
        return "found"

    def attempts(self, budget: bool) -> Iterator[Construction]:
        yield self

    def random_layers(self, target: Network, width: tuple[int, ...]) -> tuple[Shapes, tuple[int, ...]]:
        self._refuse()

    def plan(self, source: RandomSource, target: Network, width: tuple[int, ...], domain: Domain) -> Plan:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise ValueError(
            "construction 'found' is that of masks found by slth.search and plans none; use "
            "slth.search.edge_popup(source, slth.search.imitation(target), density=0.5, epochs=10).ticket(), or another construction"
        )

    def sufficient_width(
        self, target: Network, tolerances: tuple[float, ...], domain: Domain, law: str
    ) -> float | None:
        return None

    def count_scales(self, skeleton: Network) -> int:
        return len(skeleton.forms)

    def check(self, source: RandomSource, skeleton: Network) -> None:
        if not skeleton.is_dense_skeleton:
            raise ValueError(f"a found ticket has dense layers only, got {skeleton!r}")
        wanted = tuple(((form.rows, form.columns), form.outputs * form.bias) for form in skeleton.forms)
        given = tuple((shape, source.biases(i)) for i, shape in enumerate(source.shapes))
        if given != wanted:
            raise ValueError(
                f"the layers of a found ticket are those of its source, (outputs, inputs) and biases {wanted}, got {given}"
            )

    def layers(
        self, source: RandomSource, weights: Weights, skeleton: Network, scales: tuple[float, ...], at: int
    ) -> tuple[Layer, ...]:
        weight, bias = weights(at)
        return (skeleton.forms[at].build(weight, bias, scales[at]),)

    def effective(
        self, source: RandomSource, masks: Masks, skeleton: Network, scales: tuple[float, ...]
    ) -> Iterator[Effective]:
        self.check(source, skeleton)

        def piece(at: int) -> Effective:
            bits = np.unpackbits(masks.weights[at], axis=1, count=source.shapes[at][1])
            bias, kept = source.bias_vector(at), masks.biases[at]
            pruned = None if bias is None or kept is None else bias * kept
            return Effective.of(Dense(source.weight(at) * bits, pruned, skeleton.forms[at].activation, scales[at]))

        return map(piece, range(source.depth))

    def inserted(self, source: RandomSource, masks: Masks, skeleton: Network, domain: Domain) -> Iterator[Inserted]:
        yield from ()
