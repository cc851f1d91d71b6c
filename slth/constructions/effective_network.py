"""The network that pruned random layers stand for, in the target's own layers."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from slth.constructions.protocol import Effective
from slth.constructions.signs import halves
from slth.networks import Domain, Layer, Network


def replaceable(piece: Effective) -> bool:
    """Whether its matrices say all that it computes: a neuron for each of the target's, and linear on either side of 0."""
    return piece.copies == 1 and not piece.gathers and piece.curvature is None


def effective_network(pieces: Iterable[Effective], skeleton: Network, domain: Domain) -> Network:
    """What a pruned random network computes, from its effective matrices in the places of the target's.

    A piece is ``y = P relu(x) + N relu(-x) + b``. Where x is never negative that is ``P x + b``, where it is never positive
    ``-N x + b``, and where N = -P, ``P x + b`` for all x: one layer, as in the target. Elsewhere P and -N are two approximations of one
    target matrix, no single matrix does what both do, and two layers are needed, ``[P N] relu([I; -I] x) + b``. The two maps of an
    attention head are products of two random matrices each; here the first factor is the identity.

    Parameters
    ----------
    pieces : iterable of Effective
        One for each linear map of the skeleton; each is looked at once, in their order.
    skeleton : Network
    domain : Box or Ball
        Of the inputs: which numbers can be negative.

    Returns
    -------
    Network
        Equal to the pruned network on the domain, in exact arithmetic.

    Raises
    ------
    ValueError
        If several neurons stand for one of the target: those differ, and none speaks for all; or if the inserted neurons are linear only
        near 0 (both in the construction "one-extra-layer").
    """
    forms, signs, given = skeleton.forms, list(halves(skeleton, domain)), iter(pieces)

    def layers(at: int) -> tuple[Layer, ...]:
        piece, form, (above, below) = next(given), forms[at], signs[at]
        if not replaceable(piece):
            why = (
                "the neurons before it are linear only near 0"
                if piece.copies == 1 and not piece.gathers
                else f"{piece.copies} neurons stand for each of its outputs, or several for its inputs, and they differ"
            )
            raise ValueError(
                f"no network of the target's shape computes what layer {at} of this ticket does: {why}; use ticket.network"
            )
        bias, one = piece.bias if form.bias else None, np.eye(form.columns)
        if not form.rectified:
            return form.before(one, None), form.build(piece.positive, bias, piece.scale)
        if not (above & below & (piece.positive != -piece.negative).any(axis=0)).any():
            return (form.build(np.where(above, piece.positive, -piece.negative), bias, piece.scale),)
        matrix = np.concatenate([piece.positive, piece.negative], axis=1)
        split = form.before(np.concatenate([one, -one]), None)
        return split, form.widened(2 * form.columns).build(matrix, bias, piece.scale)

    return skeleton.with_linear(layers)
