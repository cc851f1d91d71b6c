"""Which half of which input the hidden neurons serve: as they were dealt, and those given away later by the weight that they keep."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slth.constructions.protocol import Masks
from slth.constructions.two_layer.deal import Deal, row_blocks
from slth.networks import RandomSource

Ints = NDArray[np.int64]


def served(source: RandomSource, masks: Masks, first: int, deal: Deal, rectified: bool) -> Ints:
    """(hidden,): the group of each neuron of source layer `first`, numbered as the halves of `deal`; -1 for none, and for constants.

    A neuron that was held back and then given to a half whose weights were far off is known by its mask alone: the column of the weight
    that it keeps, and if it is `rectified` the sign of that.
    """
    hidden, d_in = source.shapes[first]
    dealt = deal.neurons[: deal.inputs.size]
    group, slot = np.nonzero(dealt >= 0)
    found = np.full(hidden, -1)
    found[dealt[group, slot]] = group
    half_of = np.full((d_in, 2), -1)  # [input, sign < 0] -> group
    half_of[deal.inputs, (deal.signs < 0).astype(int)] = np.arange(deal.inputs.size)
    for rows in row_blocks(hidden, d_in):
        neuron, column = np.nonzero(np.unpackbits(masks.weights[first][rows], axis=1, count=d_in))
        late = found[rows][neuron] < 0
        if late.any():
            neuron, column = neuron[late], column[late]
            u = source.weight_rows(first, rows.start, rows.stop)[neuron, column]
            found[rows.start + neuron] = half_of[column, ((u < 0) & rectified).astype(int)]
    return found
