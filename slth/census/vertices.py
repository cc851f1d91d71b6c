"""A finite set of inputs on which the largest error of every mask over a whole box is attained.

Target and pruned network are piecewise linear, so their difference is linear on every cell of an arrangement and largest, in absolute
value, at a vertex of it. With one hidden layer the kinks of all masks lie on few lines: a neuron bends where w x + b = 0, with any of its
weights and its bias left out. In one dimension these are points; in two the vertices are where two of the lines (of the source, the target,
or the sides of the box) cross. With more hidden layers, in one dimension, they are gathered neuron by neuron (`deep_kinks`). A point too
many does no harm: it belongs to the box. All of it is computed in fractions.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from slth.census.deep_kinks import MOST_FUNCTIONS, deep_kinks, most_functions
from slth.census.exact import Points
from slth.networks import Ball, Domain, Network
from slth.networks.layers import Dense
from slth.networks.piecewise_linear import is_piecewise_linear, slope_of

MOST_CORNERS = 12  # inputs of a network without kinks
MOST_LINES = 400

Line = tuple[Fraction, Fraction, Fraction]  # a x + b y + c = 0
Piece = list[Fraction]  # values of one neuron at each breakpoint


def inputs_for(source: Network, target: Network, domain: Domain) -> NDArray[np.float64]:
    """Inputs (k, d) on which the sup error over `domain` of every mask of `source` is attained, each coordinate rounded to float64.

    Parameters
    ----------
    source : Network
        Dense; one hidden layer (or none) of relu, leaky relu or identity on one or two numbers, the last layer without activation;
        on one number also more hidden layers, as long as a neuron is one of few functions (three of width 2, two of width 5).
        Without any kinks in source and target, on up to 12 numbers.
    target : Network
        The same, and on one number of any depth and activations of these kinds.
    domain : Box

    Raises
    ------
    ValueError
        If the networks or the domain are of another kind; the message says which.

    Notes
    -----
    With h hidden neurons in source and target together, at most 3 h + 3 points in one dimension and about 8 h^2 in two.
    """
    return points_for(source, target, domain).floats


def points_for(source: Network, target: Network, domain: Domain) -> Points:
    """The same, in fractions."""
    problem = why_not(source, target, domain)
    if problem is not None:
        raise ValueError(problem)
    box = [(Fraction(a), Fraction(b)) for a, b in zip(domain.lower.tolist(), domain.upper.tolist(), strict=True)]
    if domain.d == 1:
        flat = len(source.layers) <= 2
        kinks = {-c / a for a, _, c in _lines(source) if a} if flat else deep_kinks(source, *box[0])
        return Points.of_fractions([(x,) for x in sorted(_breakpoints(target, box[0], kinks))])
    if not _bends(source) and not _bends(target):
        return Points.of_fractions(sorted(set(itertools.product(*box))))
    return Points.of_fractions(_crossings(source, target, box))


def why_not(source: Network, target: Network, domain: Domain) -> str | None:
    """Why the sup over a whole domain cannot be had from finitely many points here; None if it can."""
    remedy = "give inputs= to measure the error on points of your choice"
    if isinstance(domain, Ball):
        return f"over a ball the largest error need not lie at a vertex; give a box (lower, upper) as the domain, or {remedy}"
    for name, network in (("source", source), ("target", target)):
        if not is_piecewise_linear(network):
            return f"the {name} must be of dense layers with relu, leaky-relu or identity for an error over a whole domain; {remedy}"
    if source.layers[-1].activation != "identity":
        return (
            f"the last layer of the source has activation {source.layers[-1].activation!r}, which bends where no finite set of points "
            f"tells; {remedy}"
        )
    if not _bends(source) and not _bends(target):
        if domain.d > MOST_CORNERS:
            return (
                f"a box in {domain.d} dimensions has 2^{domain.d} corners, at most 2^{MOST_CORNERS} are tried; {remedy}"
            )
        return None
    if domain.d > 2:
        return f"an error over a whole domain needs inputs of one or two numbers, these have {domain.d}; {remedy}"
    if len(source.layers) > 2:
        hidden = len(source.layers) - 1
        if domain.d == 2:
            return f"an error over a whole domain of two numbers needs a source with one hidden layer, this one has {hidden}; {remedy}"
        many = most_functions(source)
        if many > MOST_FUNCTIONS:
            return (
                f"the source has {hidden} hidden layers, whose neurons may be {many:,} different functions of the input; an error over a "
                f"whole domain takes at most {MOST_FUNCTIONS:,}; {remedy}"
            )
    if domain.d == 2 and _bends(target) and (len(target.layers) > 2 or target.layers[-1].activation != "identity"):
        return f"in two dimensions the target may have one hidden layer and no activation at its end; {remedy}"
    if domain.d == 2 and sum(network.layers[0].d_out for network in (source, target)) * 4 > MOST_LINES:
        return f"the neurons of source and target bend along more than {MOST_LINES} lines; {remedy}"
    return None


def _bends(network: Network) -> bool:
    return any(layer.activation != "identity" for layer in network.layers)


def _rows(layer: Dense) -> Iterable[tuple[list[Fraction], Fraction]]:
    bias = np.zeros(layer.d_out) if layer.bias is None else layer.bias
    for row, b in zip(layer.weight.tolist(), bias.tolist(), strict=True):
        yield [Fraction(w) for w in row], Fraction(b)


def _lines(source: Network) -> set[Line]:
    """Where some mask of some hidden neuron bends, on one or two numbers."""
    if len(source.layers) == 1 or source.layers[0].activation == "identity":
        return set()
    lines = set()
    for weights, bias in _rows(source.layers[0]):
        lines |= set(_masked(weights, bias))
    return lines


def _masked(weights: Sequence[Fraction], bias: Fraction) -> Iterable[Line]:
    """Lines of a neuron with any of its parameters left out, those without a weight left away."""
    first, second = (*weights, Fraction(0))[:2]
    for a, b, c in itertools.product(*({x, Fraction(0)} for x in (first, second, bias))):
        if a or b:
            yield _scaled((a, b, c))


def _scaled(line: Line) -> Line:
    lead = line[0] or line[1]
    return line[0] / lead, line[1] / lead, line[2] / lead


def _breakpoints(target: Network, box: tuple[Fraction, Fraction], kinks: Iterable[Fraction]) -> set[Fraction]:
    """The ends of an interval, the kinks in it, and all points in it where a target of one number bends, whatever its depth."""
    low, high = box
    places = sorted({low, high} | {x for x in kinks if low < x < high})
    values: list[Piece] = [list(places)]  # of each neuron at each place, linear in between
    for layer in target.layers:
        sums = [
            [sum((w * v[i] for w, v in zip(row, values, strict=True)), bias) for i in range(len(places))]
            for row, bias in _rows(layer)
        ]
        if layer.activation != "identity":
            places, sums = _cut(places, sums)
            slope = Fraction(_slope(layer))
            sums = [[s if s > 0 else slope * s for s in neuron] for neuron in sums]
        scale = Fraction(layer.scale)
        values = [[scale * s for s in neuron] for neuron in sums]
    return set(places)


def _slope(layer: Dense) -> float:
    slope = slope_of(layer.activation)
    assert slope is not None
    return slope


def _cut(places: list[Fraction], sums: list[Piece]) -> tuple[list[Fraction], list[Piece]]:
    """Places and values with those added where a neuron crosses zero between two of them."""
    crossings = {
        x + (y - x) * a / (a - b)
        for neuron in sums
        for (x, a), (y, b) in itertools.pairwise(zip(places, neuron, strict=True))
        if a * b < 0
    }
    if not crossings:
        return places, sums
    together = sorted(set(places) | crossings)
    return together, [_interpolated(places, neuron, together) for neuron in sums]


def _interpolated(places: list[Fraction], values: Piece, wanted: list[Fraction]) -> Piece:
    found, i = [], 0
    for x in wanted:
        while places[i] < x:
            i += 1
        if places[i] == x:
            found.append(values[i])
        else:
            share = (x - places[i - 1]) / (places[i] - places[i - 1])
            found.append(values[i - 1] + share * (values[i] - values[i - 1]))
    return found


def _crossings(
    source: Network, target: Network, box: list[tuple[Fraction, Fraction]]
) -> list[tuple[Fraction, Fraction]]:
    """The corners of a box, and where two lines cross in it; a mask bends along one line of each neuron."""
    one, zero = Fraction(1), Fraction(0)
    owned: dict[Line, set[int]] = {}  # each line with the neurons it belongs to
    (left, right), (bottom, top) = box
    for i, side in enumerate([(one, zero, -left), (one, zero, -right), (zero, one, -bottom), (zero, one, -top)]):
        owned.setdefault(side, set()).add(-1 - i)
    if _bends(source):
        for i, (weights, bias) in enumerate(_rows(source.layers[0])):
            for line in _masked(weights, bias):
                owned.setdefault(line, set()).add(i)
    if _bends(target):
        for i, (weights, bias) in enumerate(_rows(target.layers[0])):
            if any(weights):
                owned.setdefault(_scaled((weights[0], weights[1], bias)), set()).add(10**6 + i)
    points = {(x, y) for x in box[0] for y in box[1]}
    for (line, owners), (other, others) in itertools.combinations(owned.items(), 2):
        if len(owners) == len(others) == 1 and owners == others:
            continue  # two masks of the same neuron
        (a, b, c), (d, e, f) = line, other
        determinant = a * e - b * d
        if determinant == 0:
            continue
        x, y = (b * f - c * e) / determinant, (c * d - a * f) / determinant
        if left <= x <= right and bottom <= y <= top:
            points.add((x, y))
    return sorted(points)
