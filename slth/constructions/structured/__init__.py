"""Da Cunha, d'Amore, Natale, "Polynomially over-parameterized convolutional neural networks contain structured strong winning lottery
tickets" (NeurIPS 2023): pruning removes whole filters.

In the random network a 1x1 convolution with `width` channels for every input channel stands before each target convolution, ReLU between
them. A mask fixed beforehand makes it channel-blocked: each hidden filter keeps the one weight u to its own input channel, and its sign
says which half of a number it carries on, relu(x) or relu(-x). From then on a filter is kept or removed as a whole, with everything that
reads it. For input channel i and a half, the filters S that are kept are the same for all output channels and all places of the kernel:

    sum over s in S of |u_s| V[:, s]  is to approximate  W[:, i]  (or -W[:, i]),

a subset sum of vectors of dimension d = outputs * kernel height * kernel width, normally scaled normal vectors (NSN) if the weights are
normal. Dense layers are the 1x1 case: whole neurons go. What is left can be stored as a smaller network (`compact`).

About d log2(1/epsilon) filters are necessary (first moment; `slth.bounds.mrss_target_lower`), and the theorem asks for far more
(`slth.bounds.structured_cnn_width`). Subsets are proven optimal up to `proven(d)` candidates, and heuristic beyond; `report` shows which.
Measured: for d to 4 the closest subset of n candidates of a half is within a factor of 3.4 of what the first moment expects, 2.07 times
the root mean square weight times 2^(-n/d). For a layer of 32 outputs the heuristic leaves the largest error at 25 % of the largest weight
with 100 candidates, 8 % with 400, 1.5 % with 1,000. Of a trained convolution with d = 288 it leaves 65 % with 200 and 16 % with 2,000,
where the first moment would allow 1 % from 1,800 on; with d = 576 it leaves 31 % with 2,000. Convolutions of that size are out of reach at
widths that fit into memory.

Beyond the paper:

* Inputs of both signs have two halves; a half that an input never enters is left out.
* Biases: a hidden filter with bias b > 0 whose weight is pruned is the constant b. Such filters serve the biases of all outputs at once,
  as whole filters; each output's own random bias is kept or not on its own. The border of zeros is put around the input of the 1x1
  layer, so that a constant is one there, too.
* Where edges are missing, by the law or given as such, a whole filter is what there is of it.
* In a grouped convolution a filter is read by the outputs of its group alone, by a mask fixed beforehand.
* One scale a layer, from the candidates that were drawn (`scale.py`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from statistics import NormalDist
from typing import ClassVar

from slth.constructions.protocol import Construction, Effective, Inserted, Masks, Shapes, Weights
from slth.constructions.signs import halves
from slth.constructions.structured.choice import proven
from slth.constructions.structured.compact import compact
from slth.constructions.structured.effective import effective_layer
from slth.constructions.structured.filters import served
from slth.constructions.structured.piece import Piece
from slth.constructions.structured.plan import StructuredPlan
from slth.constructions.structured.report import Kept, report
from slth.constructions.structured.scale import predictable, sufficient_candidates, vectors
from slth.constructions.two_layer import TwoLayer
from slth.networks import Domain, Layer, Network, RandomSource

__all__ = ["Kept", "Structured", "StructuredPlan", "compact", "proven", "report"]

_LAYERS = TwoLayer()  # the random network is the same


@dataclass(frozen=True)
class Structured:
    """The construction; see the module.

    Parameters
    ----------
    smallest : bool
        With a budget, take few filters within each layer's tolerance rather than the closest sums.
    """

    smallest: bool = True
    law: str = "normal"

    follows: ClassVar[bool] = True

    @property
    def name(self) -> str:
        return "structured"

    def attempts(self, budget: bool) -> Iterator[Construction]:
        yield self
        if budget:
            yield Structured(smallest=False)

    def random_layers(self, target: Network, width: tuple[int, ...]) -> tuple[Shapes, tuple[int, ...]]:
        _refuse_attention(target)
        return _LAYERS.random_layers(target, width)

    def plan(self, source: RandomSource, target: Network, width: tuple[int, ...], domain: Domain) -> StructuredPlan:
        pieces = [
            Piece(layer, source, 2 * i, above, below)
            for i, (layer, (above, below)) in enumerate(zip(target.linear, halves(target, domain), strict=True))
        ]
        return StructuredPlan(source, tuple(pieces), self.smallest)

    def sufficient_width(
        self, target: Network, tolerances: tuple[float, ...], domain: Domain, law: str
    ) -> float | None:
        """By the first moment, as far as closest subsets are found by exact search; None beyond: what the heuristic reaches with many
        more filters is not predicted."""
        if not predictable(law):
            return None
        width = 1
        for layer, tolerance, (above, below) in zip(target.linear, tolerances, halves(target, domain), strict=True):
            targets = vectors(layer, above, below)
            needed = sufficient_candidates(targets, tolerance)
            if math.isinf(needed):
                return None
            # signs fall unevenly: the half with the fewest of all, in 99 of 100 sources
            unlucky = -NormalDist().inv_cdf(0.01 / max(len(targets), 1)) / 2
            share = 0.5 - (1 / (len(targets) + 1) if layer.form.bias and below.any() else 0.0) / 2
            while share * width - unlucky * math.sqrt(width) < needed:
                width += 1
        return width

    def count_scales(self, skeleton: Network) -> int:
        return len(skeleton.forms)

    def check(self, source: RandomSource, skeleton: Network) -> None:
        _refuse_attention(skeleton)
        _LAYERS.check(source, skeleton)
        for i, form in enumerate(skeleton.forms):
            hidden = source.shapes[2 * i][0]
            if hidden % form.columns:
                raise ValueError(
                    f"layer {2 * i} has {hidden} filters, not equally many for each of {form.columns} inputs"
                )

    def layers(
        self, source: RandomSource, weights: Weights, skeleton: Network, scales: tuple[float, ...], at: int
    ) -> tuple[Layer, ...]:
        form = skeleton.forms[at]
        (inner, inner_bias), (outer, outer_bias) = weights(2 * at), weights(2 * at + 1)
        hidden = form.before(inner, inner_bias, everywhere=form.bias)
        after = form.widened(source.shapes[2 * at][0], everywhere=form.bias)
        return hidden, after.build(outer, outer_bias, scales[at])

    def effective(
        self, source: RandomSource, masks: Masks, skeleton: Network, scales: tuple[float, ...]
    ) -> Iterator[Effective]:
        self.check(source, skeleton)
        return (effective_layer(source, masks, 2 * i, scales[i], form) for i, form in enumerate(skeleton.forms))

    def inserted(self, source: RandomSource, masks: Masks, skeleton: Network, domain: Domain) -> Iterator[Inserted]:
        self.check(source, skeleton)
        for i, (form, (above, below)) in enumerate(zip(skeleton.forms, halves(skeleton, domain), strict=True)):
            yield Inserted(i, 2 * i, form.rows, partial(served, source, 2 * i, above, below, form))


def _refuse_attention(network: Network) -> None:
    if not all(form.rectified for form in network.forms):
        raise ValueError(
            f"structured takes dense and convolutional layers, got attention in {network!r}: a hidden dimension of a head is no filter; "
            "use 'two-layer'"
        )
