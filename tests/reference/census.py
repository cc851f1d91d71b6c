"""Counts of subnetworks from the statement: every mask, the pruned network evaluated in fractions, nothing clever.

A network is a list of (weight, bias or None, activation, scale); activations are "relu", "identity" and "leaky-relu(slope)". Parameters are
the non-zero weights, row by row, then the non-zero biases, layer by layer; a mask is a tuple of 0 and 1.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

Layer = tuple[Any, Any, str, float]
Mask = tuple[int, ...]


def places(layers: Sequence[Layer]) -> list[tuple[int, int, int | None]]:
    """(layer, row, column, or None for a bias) of each parameter."""
    found: list[tuple[int, int, int | None]] = []
    for i, (weight, bias, _, _) in enumerate(layers):
        found += [(i, r, c) for r, row in enumerate(weight) for c, w in enumerate(row) if w != 0]
        found += [(i, r, None) for r, b in enumerate([] if bias is None else bias) if b != 0]
    return found


def outputs(layers: Sequence[Layer], mask: Mask, x: Sequence[Any]) -> list[Fraction]:
    """Of the pruned network at one input."""
    kept = {place for place, bit in zip(places(layers), mask, strict=True) if bit}
    values = [Fraction(v) for v in x]
    for i, (weight, bias, activation, scale) in enumerate(layers):
        sums = []
        for r, row in enumerate(weight):
            total = Fraction(float(bias[r])) if (i, r, None) in kept else Fraction(0)
            total += sum(
                Fraction(float(w)) * v for c, (w, v) in enumerate(zip(row, values, strict=True)) if (i, r, c) in kept
            )
            sums.append(Fraction(scale) * total)
        values = [_active(activation, s) for s in sums]
    return values


def _active(name: str, s: Fraction) -> Fraction:
    if name == "identity" or s >= 0:
        return s
    return Fraction(0) if name == "relu" else Fraction(float(name[len("leaky-relu(") : -1])) * s


def all_masks(layers: Sequence[Layer]) -> Iterator[Mask]:
    return itertools.product((0, 1), repeat=len(places(layers)))


def within(layers: Sequence[Layer], inputs: Any, wanted: Any, epsilon: Any) -> list[Mask]:
    """All masks whose outputs are all within epsilon of `wanted`, a list of outputs for each input."""
    goals = [[Fraction(v) for v in row] for row in wanted]
    return [
        mask
        for mask in all_masks(layers)
        if epsilon == float("inf")
        or all(
            abs(out - goal) <= Fraction(epsilon)
            for x, row in zip(inputs, goals, strict=True)
            for out, goal in zip(outputs(layers, mask, x), row, strict=True)
        )
    ]


def by_size(layers: Sequence[Layer], masks: Sequence[Mask]) -> list[int]:
    counts = Counter(map(sum, masks))
    return [counts[size] for size in range(len(places(layers)) + 1)]


def by_layer(layers: Sequence[Layer], masks: Sequence[Mask]) -> dict[tuple[int, ...], int]:
    where = [place[0] for place in places(layers)]
    return dict(
        Counter(
            tuple(sum(b for b, i in zip(mask, where, strict=True) if i == j) for j in range(len(layers)))
            for mask in masks
        )
    )


def without_dead_ends(layers: Sequence[Layer], mask: Mask) -> Mask:
    """The mask without parameters that lie on no path from an input or a kept bias to an output: paths are followed one by one."""
    where = places(layers)
    kept = {place for place, bit in zip(where, mask, strict=True) if bit}
    used: set[tuple[int, int, int | None]] = set()

    def follow(layer: int, neuron: int, path: list[tuple[int, int, int | None]]) -> None:
        """From a neuron that goes into `layer` on to all outputs."""
        if layer == len(layers):
            used.update(path)
            return
        for i, r, c in kept:
            if i == layer and c == neuron:
                follow(layer + 1, r, [*path, (i, r, c)])

    for column in range(len(layers[0][0][0])):
        follow(0, column, [])
    for place in kept:
        if place[2] is None:
            follow(place[0] + 1, place[1], [place])
    return tuple(int(place in used) for place in where)


def up_to_order(layers: Sequence[Layer], masks: Sequence[Mask]) -> set[frozenset[Any]]:
    """Patterns of masks up to the order of the hidden neurons; no parameter of the source may be zero."""
    where = places(layers)
    widths = [len(layer[0]) for layer in layers[:-1]]
    found = set()
    for mask in masks:
        kept = [place for place, bit in zip(where, mask, strict=True) if bit]
        moved: list[tuple[Any, ...]] = []
        for orders in itertools.product(*(itertools.permutations(range(w)) for w in widths)):
            names: list[Callable[[int], int]] = [lambda j: j, *(order.__getitem__ for order in orders), lambda j: j]
            moved.append(tuple(sorted((i, names[i + 1](r), -1 if c is None else names[i](c)) for i, r, c in kept)))
        found.add(frozenset([min(moved)]))
    return found
