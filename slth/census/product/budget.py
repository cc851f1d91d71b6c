"""Tolerances of the weights with which *every* choice of subsets gives a network within epsilon: the worst case they allow is certified.

A certificate is monotone in how far each effective weight is off, in the sums of absolute products and in the number of terms. So it is
computed once for the network in which every weight and bias is off by its tolerance in both halves, in the direction of the others, and in
which every candidate is kept for the sake of rounding: no choice within the tolerances is certified worse. With errors of one sign the
suprema of `slth.certificate.linear` are largest, sum_i tau |x_i| + tau.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from slth.census.product.prepared import Prepared
from slth.certificate import certify, tolerances
from slth.constructions import Effective, Masks, TwoLayer
from slth.constructions.two_layer.piece import Piece
from slth.networks import Domain, Network

Bools = NDArray[np.bool_]

_LEAST = 1e-300  # as `approximate` does, a tolerance below is none
_ATTEMPTS = 40


def certified_tolerances(
    plan: Prepared, method: TwoLayer, target: Network, domain: Domain, epsilon: float
) -> tuple[float, ...] | None:
    """One tolerance a target layer, as `approximate` splits a budget, lowered until the worst case is certified within epsilon.

    Infinite for an infinite epsilon; None where rounding alone is more than epsilon.
    """
    if math.isinf(epsilon):
        return (math.inf,) * len(plan.pieces)
    if epsilon == 0:
        return None
    allowed = tolerances(target, domain, epsilon)
    everything = list(method.effective(plan.source, dealt(plan), target.skeleton, plan.scales))
    for _ in range(_ATTEMPTS):
        if not (np.isfinite(allowed).all() and min(allowed) > _LEAST):
            return None
        worst = [_worst(piece, whole, tau) for piece, whole, tau in zip(plan.pieces, everything, allowed, strict=True)]
        bound = certify(worst, target, domain).error_bound
        if bound <= epsilon:
            return allowed
        allowed = tuple(max(0.5, 0.99 * epsilon / bound) * tau for tau in allowed)
    return None


def dealt(plan: Prepared) -> Masks:
    """The masks in which every candidate of every weight is kept."""
    weights: list[NDArray[np.uint8]] = []
    biases: list[Bools | None] = []
    for piece in plan.pieces:
        deal = piece.deal
        d_in = plan.source.shapes[piece.first][1]
        first, second = np.zeros((piece.hidden, d_in), np.bool_), np.zeros((piece.rows, piece.hidden), np.bool_)
        constants = np.zeros(piece.hidden, np.bool_)
        for group, neurons in enumerate(piece.neurons):
            used = neurons[(neurons >= 0) & (piece.gains[group] != 0)]
            if group < deal.inputs.size:
                first[used, deal.inputs[group]] = True
                second[:, used] = _there(piece, deal.inputs[group : group + 1])
            else:
                constants[used] = True
                second[:, used] = piece.output_of[:, None] >= 0
        weights += [np.packbits(first, axis=1), np.packbits(second, axis=1)]
        own = np.ones(piece.form.outputs, np.bool_)
        biases += [constants, own] if deal.bias else [None, None]
    return Masks(tuple(weights), tuple(biases))


def _there(piece: Piece, inputs: NDArray[np.int64]) -> Bools:
    """(rows, inputs): which weights there are; a grouped convolution has gaps."""
    return piece.form.connects(np.arange(piece.rows)[:, None], inputs)


def _worst(piece: Piece, everything: Effective, tolerance: float) -> Effective:
    """The layer whose weights and biases are all off by the tolerance, a little more for the rounding of the target and of this."""
    target, deal, scale = piece.target, piece.deal, everything.scale
    weight = target.scale * target.matrix

    def off(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return tolerance * (1 + 2.0**-40) + 2.0**-46 * np.abs(values)

    def half(sign: int, fixed: NDArray[np.float64]) -> NDArray[np.float64]:
        inputs = deal.inputs[deal.signs == sign]
        there = np.zeros(weight.shape, np.bool_)
        there[:, inputs] = _there(piece, inputs)
        return np.where(there, (sign * weight + off(weight)) / scale, fixed)

    bias = everything.bias
    if target.bias is not None:
        bias = (target.scale * target.bias + off(target.scale * target.bias)) / scale
    return replace(everything, positive=half(1, everything.positive), negative=half(-1, everything.negative), bias=bias)
