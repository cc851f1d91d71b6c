"""A network with some of its weights switched off, and its losses, one number after another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations

Layers = Sequence[tuple[list[list[float]], list[float] | None, float, float]]  # weight, bias, slope below zero, scale


def switched(layers: Layers, mask: Sequence[bool]) -> Layers:
    """The layers with only the non-zero numbers kept whose bit is set: row after row of a weight, then its bias."""
    bits = iter(mask)
    found = []
    for weight, bias, slope, scale in layers:
        rows = [[w if w and next(bits) else 0.0 for w in row] for row in weight]
        found.append((rows, None if bias is None else [b if b and next(bits) else 0.0 for b in bias], slope, scale))
    assert next(bits, None) is None
    return found


def outputs(layers: Layers, x: Sequence[float]) -> list[float]:
    """Of one input."""
    for weight, bias, slope, scale in layers:
        sums = [sum(w * v for w, v in zip(row, x, strict=True)) for row in weight]
        sums = [scale * (z + (0.0 if bias is None else bias[i])) for i, z in enumerate(sums)]
        x = [z if z > 0 else slope * z for z in sums]
    return list(x)


def loss(layers: Layers, xs: Sequence[Sequence[float]], wanted: Sequence, kind: str) -> float:  # type: ignore[type-arg]
    """Of all inputs."""
    rows = [outputs(layers, x) for x in xs]
    pairs = list(zip(rows, wanted, strict=True))
    if kind == "sup":
        return max(abs(o - w) for row, want in pairs for o, w in zip(row, want, strict=True))
    if kind == "error-rate":
        return sum(row.index(max(row)) != label for row, label in pairs) / len(rows)
    if kind == "squared":
        return sum(0.5 * (o - w) ** 2 for row, want in pairs for o, w in zip(row, want, strict=True)) / len(rows)
    return sum(math.log(sum(math.exp(o - row[label]) for o in row)) for row, label in pairs) / len(rows)


def masks_of_size(counts: Sequence[int], keeps: Sequence[int]) -> list[list[bool]]:
    """All masks of groups one after another, of each of which so many are kept."""
    found: list[list[bool]] = [[]]
    for count, keep in zip(counts, keeps, strict=True):
        parts = [[i in chosen for i in range(count)] for chosen in combinations(range(count), keep)]
        found = [before + part for before in found for part in parts]
    return found
