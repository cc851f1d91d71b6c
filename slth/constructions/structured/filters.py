"""Which hidden filters may serve what: the channel-blocked mask, fixed beforehand, and the constants."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slth.constructions.two_layer.deal import constants, home_weights
from slth.networks import Form, RandomSource

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Filters:
    """Candidates of one vector problem.

    Attributes
    ----------
    input : int or None
        The input channel they read; None for constants, which serve the biases.
    sign : int
        Of the half: +1 or -1.
    neurons : (n,) int64
        Hidden filters, ascending.
    gains : (n,) float64
        |u| of each, for a constant its bias.
    """

    input: int | None
    sign: int
    neurons: Ints
    gains: Floats


def filters(source: RandomSource, layer: int, above: Bools, below: Bools, form: Form) -> tuple[Filters, ...]:
    """The halves of the inputs, positive before negative, and last, if the layer has a bias, the constants.

    Filter h of source layer `layer` reads input ``h // width`` alone, and its sign says which half; `above` and `below` (d_in,): which
    halves there are.
    """
    hidden, d_in = source.shapes[layer]
    width = hidden // d_in
    home = home_weights(source, layer)
    inputs = np.arange(hidden) // width
    serves = np.full(hidden, -1)
    halves = [(i, sign) for i in range(d_in) for sign, there in ((1, above[i]), (-1, below[i])) if there]
    number = {half: g for g, half in enumerate(halves)}
    for sign in (1, -1):
        mine = np.array([number.get((i, sign), -1) for i in range(d_in)])
        right = np.sign(home) == sign
        serves[right] = mine[inputs[right]]
    found = []
    if form.bias:
        biases = source.bias_vector(layer)
        assert biases is not None
        chosen = constants(serves, np.abs(home), biases, max(hidden // (len(halves) + 1), 1))
        serves[chosen] = -2
        found.append(Filters(None, 1, chosen, biases[chosen]))
    order = np.argsort(serves, kind="stable")
    ends = np.searchsorted(serves[order], np.arange(len(halves) + 1))
    groups = []
    for g, (i, sign) in enumerate(halves):
        neurons = order[ends[g] : ends[g + 1]]
        groups.append(Filters(i, sign, neurons, np.abs(home[neurons])))
    return (*groups, *found)


def served(source: RandomSource, layer: int, above: Bools, below: Bools, form: Form) -> Ints:
    """(hidden,): the number of the half that each filter may serve; -1 for none, and for constants."""
    found = np.full(source.shapes[layer][0], -1)
    for number, group in enumerate(filters(source, layer, above, below, form)):
        if group.input is not None:
            found[group.neurons] = number
    return found
