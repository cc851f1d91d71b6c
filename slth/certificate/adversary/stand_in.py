"""A small network that computes what a ticket computes, up to rounding: its effective matrices in the place of the wide random layers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from slth.constructions import Effective
from slth.networks import Layer, Network


def stand_in(pieces: Sequence[Effective], skeleton: Network) -> Network | None:
    """``activation(scale * (positive * relu(x) + negative * relu(-x) + bias))`` for each piece; None where neurons have copies."""
    if any(piece.copies > 1 or piece.gathers for piece in pieces) or len(pieces) != len(skeleton.forms):
        return None

    def layers(at: int) -> tuple[Layer, ...]:
        piece, form = pieces[at], skeleton.forms[at]
        halves, matrix = np.eye(form.columns), piece.positive
        if form.rectified and piece.negative.any():
            halves, matrix = np.concatenate([halves, -halves]), np.concatenate([matrix, piece.negative], axis=1)
        last = form.widened(len(halves)).build(matrix, piece.bias if form.bias else None, piece.scale)
        return form.before(halves, None), last

    return skeleton.with_linear(layers)
