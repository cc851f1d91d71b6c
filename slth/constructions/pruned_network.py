"""The pruned random network of a ticket: drawn whole, or where that would be large never more than a block of its weights at a time."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from slth import spool
from slth.constructions.protocol import Construction, Masks
from slth.networks import Network, RandomSource
from slth.networks.layers.drawn import Rows, at_a_time

LARGEST = 1 << 24  # weights of a source whose network is held to evaluate it: 128 MiB

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Pruned:
    """What `network` is made of: a construction, a random source, what is kept of it, the target without its weights, and the scales."""

    construction: Construction
    source: RandomSource
    masks: Masks
    skeleton: Network
    scales: tuple[float, ...]

    @property
    def large(self) -> bool:
        """Whether to evaluate `drawn` rather than `network`: a rule of the shapes of the source alone."""
        return sum(math.prod(shape) for shape in self.source.shapes) > LARGEST

    @property
    def network(self) -> Network:
        """With all its weights, which lie in a file within `slth.spool.out_of_core`."""
        return self._built(self._weight)

    @property
    def drawn(self) -> Network:
        """Of layers that draw their weights anew whenever they are evaluated, some rows at a time.

        Its outputs are those of `network` bit for bit; up to the order of summation where there is attention, which a certificate covers.
        The weights are drawn for every 64 MiB of hidden values (`Network`): give all inputs in one call.
        """
        return self._built(lambda layer: Rows(self.source.shapes[layer], partial(self._rows, layer)))

    def _built(self, matrix: Callable[[int], Floats | Rows]) -> Network:
        def weights(layer: int) -> tuple[Floats | Rows, Floats | None]:
            return matrix(layer), self._bias(layer)

        return self.skeleton.with_linear(
            lambda at: self.construction.layers(self.source, weights, self.skeleton, self.scales, at)
        )

    def _weight(self, layer: int) -> Floats:
        d_out, d_in = self.source.shapes[layer]
        weight = spool.zeros((d_out, d_in), lasting=True)
        for some in spool.slices(d_out, at_a_time(d_in)):
            weight[some] = self._rows(layer, some.start, some.stop)
        return weight

    def _rows(self, layer: int, start: int, stop: int) -> Floats:
        """Weights of a source layer, zero where they are not kept."""
        rows = self.source.weight_rows(layer, start, stop)
        rows *= np.unpackbits(self.masks.weights[layer][start:stop], axis=1, count=rows.shape[1])
        return rows

    def _bias(self, layer: int) -> Floats | None:
        bias, kept = self.source.bias_vector(layer), self.masks.biases[layer]
        return None if bias is None or kept is None else bias * kept
