"""Where the masks of a small deep network of one number bend, all of them together.

A neuron is one of finitely many piecewise linear functions, whatever the mask: for each input nothing or one of that input's functions
times the weight, the bias or not, through the activation. The functions of a neuron are a set, so that equal ones are one; masks of
different neurons are taken as independent although they share what lies below, which adds functions (and kinks) that no mask has, and does
no harm.
"""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from slth.networks import Network
from slth.networks.piecewise_linear import slope_of

MOST_FUNCTIONS = 2**12  # of one neuron

Knots = tuple[
    tuple[Fraction, Fraction], ...
]  # (x, y): the ends of the interval, and in between where the slope changes


def most_functions(source: Network) -> int:
    """A bound on how many functions other than 0 a neuron with an activation may be."""
    counts, most = [1] * source.layers[0].d_in, 0
    for layer in _hidden(source):
        bias = np.zeros(layer.d_out) if layer.bias is None else layer.bias
        counts = [
            (2 if b else 1) * math.prod(1 + n for w, n in zip(row, counts, strict=True) if w) - 1
            for row, b in zip(layer.weight.tolist(), bias.tolist(), strict=True)
        ]
        most = max(most, *counts, 0)
    return most


def deep_kinks(source: Network, low: Fraction, high: Fraction) -> set[Fraction]:
    """Points of [low, high] that hold every kink of every mask.

    Parameters
    ----------
    source : Network
        Dense, on one number, relu, leaky relu or identity, the last layer without activation; `most_functions` within bounds.
    low, high : Fraction

    Notes
    -----
    Time O(functions * kinks) operations on fractions for each weight above the first layer.
    """
    functions: list[set[Knots]] = [{((low, low), (high, high))}]
    found: set[Fraction] = set()
    for layer in _hidden(source):
        bias = np.zeros(layer.d_out) if layer.bias is None else layer.bias
        scale, slope = Fraction(layer.scale), Fraction(slope_of(layer.activation) or 0.0)
        above = []
        for row, b in zip(layer.weight.tolist(), bias.tolist(), strict=True):
            level = Fraction(b)
            sums: set[Knots] = {((low, Fraction(0)), (high, Fraction(0)))}
            sums |= {((low, level), (high, level))}
            for w, below in zip(row, functions, strict=True):
                if w:
                    sums |= {_sum(one, Fraction(w), other) for one in sums for other in below}
            if layer.activation != "identity":
                sums = {_bent(one, slope) for one in sums}
            out = {tuple((x, scale * y) for x, y in one) for one in sums}
            above.append({one for one in out if any(y for _, y in one)})
            found |= {x for one in out for x, _ in one}
        functions = above
    return found


def _hidden(source: Network) -> tuple[Any, ...]:
    return source.layers[:-1]


def _at(knots: Knots, places: list[Fraction]) -> list[Fraction]:
    """Values at ascending places, the knots among them."""
    values, i = [], 0
    for x in places:
        while knots[i][0] < x:
            i += 1
        (b, y) = knots[i]
        if b == x:
            values.append(y)
        else:
            a, z = knots[i - 1]
            values.append(z + (y - z) * (x - a) / (b - a))
    return values


def _plain(places: list[Fraction], values: list[Fraction]) -> Knots:
    """Without the knots at which the slope does not change."""
    kept: list[tuple[Fraction, Fraction]] = []
    for x, y in zip(places, values, strict=True):
        while len(kept) > 1:
            (a, p), (b, q) = kept[-2:]
            if (q - p) * (x - b) != (y - q) * (b - a):
                break
            kept.pop()
        kept.append((x, y))
    return tuple(kept)


def _sum(one: Knots, weight: Fraction, other: Knots) -> Knots:
    """one + weight * other."""
    places = sorted({x for x, _ in one} | {x for x, _ in other})
    return _plain(places, [a + weight * b for a, b in zip(_at(one, places), _at(other, places), strict=True)])


def _bent(one: Knots, slope: Fraction) -> Knots:
    """The activation with this slope below 0, after it."""
    places = [x for x, _ in one]
    for (a, p), (b, q) in pairwise(one):
        if p * q < 0:
            places.append(a + (b - a) * p / (p - q))
    places.sort()
    return _plain(places, [y if y > 0 else slope * y for y in _at(one, places)])
