"""How many weights are kept, and how they are spread over the layers."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from slth.search.flat import Flat

BUDGETS: Final = ("layer", "global", "erk")


@dataclass(frozen=True)
class Group:
    """Weights that compete with one another for `keep` places.

    Attributes
    ----------
    start, stop : int
        Where they lie in the flat vector.
    keep, count : int
        Of how many that are not zero.
    """

    start: int
    stop: int
    keep: int
    count: int


def groups(source: Flat, density: float, budget: str) -> tuple[Group, ...]:
    """The groups of a budget: densities among the non-zero weights and biases.

    "layer" gives every array the same density; "global" one group of all; "erk" (Erdos-Renyi-kernel, Evci et al. 2020) a layer's weight
    a density in proportion to (sum of its extents) / (product of them), as far as it is below 1, biases the overall density.

    Raises
    ------
    ValueError
        If density is not in (0, 1], or keeps nothing at all.

    Warns
    -----
    UserWarning
        If a layer is left without weights; it names the layer.
    """
    if isinstance(density, bool | str | bytes):
        raise TypeError(f"density must be a number, got {density!r}")
    if not 0 < density <= 1:
        raise ValueError(f"density must be in (0, 1], the share of weights kept, got {density}")
    if budget not in BUDGETS:
        raise ValueError(f"unknown budget {budget!r}; choose one of {', '.join(map(repr, BUDGETS))}")
    counts = np.array([int(np.count_nonzero(view)) for view in source.views(source.values)])
    if not counts.any():
        raise ValueError("all weights of the network are 0: there is nothing to choose from; give a random network")
    if budget == "global":
        found: tuple[Group, ...] = (
            Group(0, source.values.size, _whole(density, int(counts.sum())), int(counts.sum())),
        )
    else:
        shares = np.full(counts.size, density) if budget == "layer" else _erk(source.whole, counts, density)
        places = zip(source.slices, shares.tolist(), counts.tolist(), strict=True)
        found = tuple(Group(place.start, place.stop, _whole(share, count), count) for place, share, count in places)
        for name, group, count in zip(source.names, found, counts.tolist(), strict=True):
            if count and not group.keep:
                warnings.warn(
                    f"density {density:g} leaves none of the {count} numbers of {name}; ask for a larger density, or "
                    "budget='global'",
                    UserWarning,
                    stacklevel=4,
                )
    if not any(group.keep for group in found):
        raise ValueError(f"density {density:g} of {int(counts.sum())} weights keeps none; ask for a larger one")
    return found


def _whole(density: float, count: int) -> int:
    """Rounded to the nearest, halves up."""
    return min(count, int(density * count + 0.5))


def _erk(shapes: Sequence[tuple[int, ...]], counts: NDArray[np.int64], density: float) -> NDArray[np.float64]:
    """Densities of the arrays: layers that would get more than all of their weights get all, the others share what is left."""
    raw = np.array([sum(shape) / np.prod(shape) if len(shape) > 1 else 0.0 for shape in shapes])
    result = np.full(len(shapes), density)
    open_ = raw > 0
    full = np.zeros(len(shapes), np.bool_)
    while open_.any():
        weights = counts[raw > 0].sum() * density - counts[full].sum()
        factor = weights / (raw[open_] * counts[open_]).sum()
        over = open_ & (factor * raw > 1)
        if not over.any():
            result[open_] = max(factor, 0.0) * raw[open_]
            break
        full |= over
        open_ &= ~over
    result[full] = 1.0
    return result
