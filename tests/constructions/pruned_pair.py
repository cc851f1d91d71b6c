"""What two pruned layers do to one input, by plain loops in exact rational arithmetic; imports nothing of slth.

A hidden neuron that keeps one weight u hands over relu(u x) = |u| relu(x) or |u| relu(-x), one that keeps its bias alone hands over
relu(b); the layer above weighs what it is handed. So a pair of layers is two matrices and a vector.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from tests.reference.network import Layer

Row = list[Fraction]


@dataclass(frozen=True)
class Halves:
    """``y = activation(positive relu(x) + negative relu(-x) + bias)``, scales included."""

    positive: list[Row]
    negative: list[Row]
    bias: Row


def halves(first: Layer, second: Layer) -> Halves:
    """What the layers `first` and `second` compute together; a hidden neuron with more than one number kept is an error."""
    weights, biases, activation, unit = first
    if activation != "relu":
        raise ValueError(f"the inner layer must be relu, got {activation}")
    d_in = len(weights[0])
    handed: list[tuple[str, int, Fraction]] = []
    for h, row in enumerate(weights):
        kept = [(i, Fraction(float(u))) for i, u in enumerate(row) if u != 0]
        b = Fraction(0) if biases is None else Fraction(float(biases[h]))
        if len(kept) + (b != 0) > 1:
            raise ValueError(f"hidden neuron {h} keeps more than one number")
        if kept:
            (i, u) = kept[0]
            handed.append(("positive" if u > 0 else "negative", i, abs(u) * Fraction(float(unit))))
        else:
            handed.append(("bias", 0, max(b, Fraction(0)) * Fraction(float(unit))))
    upper, own, _, scale = second
    positive, negative, bias = [], [], []
    for j, row in enumerate(upper):
        sums = {"positive": [Fraction(0)] * d_in, "negative": [Fraction(0)] * d_in, "bias": [Fraction(0)]}
        for v, (kind, i, gain) in zip(row, handed, strict=True):
            if v != 0:
                sums[kind][i] += Fraction(float(v)) * gain
        if own is not None:
            sums["bias"][0] += Fraction(float(own[j]))
        s = Fraction(float(scale))
        positive.append([s * entry for entry in sums["positive"]])
        negative.append([s * entry for entry in sums["negative"]])
        bias.append(s * sums["bias"][0])
    return Halves(positive, negative, bias)


def pairs(layers: list[Layer]) -> list[Halves]:
    """`halves` of layers 0 and 1, 2 and 3, ..."""
    if len(layers) % 2:
        raise ValueError("an even number of layers is needed")
    return [halves(layers[i], layers[i + 1]) for i in range(0, len(layers), 2)]
