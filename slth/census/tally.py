"""From numbers of masks, or the masks themselves, to a census."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from slth.census.answer import Census, exact_census
from slth.census.forward import Bools, numbered
from slth.census.identical import patterns
from slth.census.question import Question
from slth.subset_sum import Certainty

Ints = NDArray[np.int64]

MOST_MASKS = 2**22  # that are listed


def layer_of(question: Question) -> Ints:
    """(m,): which layer each parameter belongs to, counting those that have any."""
    layers = [int(name.split(".")[0]) for name, _ in question.parameters.places]
    _, numbered = np.unique(np.array(layers, np.int64), return_inverse=True)
    return numbered.reshape(-1)[question.parameters.array_of] if layers else np.empty(0, np.int64)


@dataclass
class Tally:
    """Masks surely within epsilon, and masks undecided, by their sizes in the layers (or by one size, all layers together)."""

    sure: dict[tuple[int, ...], int] = field(default_factory=dict)
    undecided: dict[tuple[int, ...], int] = field(default_factory=dict)

    def add(self, sizes: tuple[int, ...], sure: int, undecided: int) -> None:
        if sure:
            self.sure[sizes] = self.sure.get(sizes, 0) + sure
        if undecided:
            self.undecided[sizes] = self.undecided.get(sizes, 0) + undecided

    def merge(self, other: Tally) -> None:
        for sizes in other.sure.keys() | other.undecided.keys():
            self.add(sizes, other.sure.get(sizes, 0), other.undecided.get(sizes, 0))

    @property
    def most(self) -> int:
        """Masks that may be within epsilon."""
        return sum(self.sure.values()) + sum(self.undecided.values())

    @classmethod
    def of_masks(cls, layers: Ints, sure: Bools, undecided: Bools) -> Tally:
        """Of masks (n, m), by the sizes in the layers."""
        tally = cls()
        depth = int(layers.max(initial=0)) + 1
        for masks, decided in ((sure, True), (undecided, False)):
            if not len(masks):
                continue
            sizes = np.stack([masks[:, layers == i].sum(axis=1) for i in range(depth)], axis=1)
            kinds, counts = np.unique(sizes, axis=0, return_counts=True)
            for kind, count in zip(kinds.tolist(), counts.tolist(), strict=True):
                tally.add(tuple(kind), count * decided, count * (not decided))
        return tally

    def census(self, question: Question, method: str, by_layer: bool, masks: NDArray[np.uint8] | None) -> Census:
        """Exact where everything was decided, else between bounds."""
        m = question.parameters.count
        lower, upper = _by_size(self.sure, m), _by_size(self.undecided, m)
        upper = [a + b for a, b in zip(lower, upper, strict=True)]
        more: dict[str, Any] = {"masks": masks}
        if by_layer:
            more["by_layer_size"] = dict(sorted(self.sure.items()))
        sizes = np.arange(m + 1)
        if lower == upper:
            return exact_census(_integers(lower), sizes, m, question.epsilon, method, **more)
        ends = _integers(lower), _integers(upper)
        below, above = (np.array([math.log2(v) if v else -math.inf for v in end]) for end in (lower, upper))
        middle = 0.5 * (ends[0].astype(np.float64) + ends[1].astype(np.float64))
        with np.errstate(divide="ignore"):
            return Census(
                middle, ends[0], ends[1], np.log2(middle), below, above, Certainty.CERTIFIED, method, None, True,
                sizes=sizes, parameters=m, epsilon=question.epsilon, **more,
            )  # fmt: skip


def _by_size(counts: dict[tuple[int, ...], int], m: int) -> list[int]:
    found = [0] * (m + 1)
    for sizes, count in counts.items():
        found[sum(sizes)] += count
    return found


def _integers(counts: Sequence[int]) -> NDArray[Any]:
    return np.array(counts, np.uint64 if sum(counts) < 2**64 else np.object_)


def packed(masks: Bools) -> NDArray[np.uint8]:
    """Masks (n, m) as bytes, ordered by size and then as numbers, the first parameter the highest bit."""
    rows = np.packbits(masks, axis=1)
    return rows[np.lexsort([*rows.T[::-1], masks.sum(axis=1)])] if rows.shape[1] else rows


class Search(Protocol):
    """A way of counting masks, and of listing them."""

    def tally(self) -> Tally:
        """How many masks there are, by the sizes in the layers (or by one size where that was not asked for)."""
        ...

    def listed(self) -> tuple[Bools, Bools]:
        """The masks (n, m) themselves: those surely within epsilon, and those undecided."""
        ...


def census(question: Question, search: Search, method: str, *, permuted: bool, by_layer: bool, masks: bool) -> Census:
    """What a search finds, masks that differ in the order of neurons taken together if asked.

    Raises
    ------
    ValueError
        If more masks would have to be listed than fit.
    """
    tally = search.tally()
    if not masks and not permuted:
        return tally.census(question, method, by_layer, None)
    if tally.most > MOST_MASKS:
        raise ValueError(
            f"{'masks=True' if masks else 'once=permuted'} needs the list of all masks within epsilon, at most {MOST_MASKS:,} of them; "
            f"there are {tally.most:,}: take a smaller epsilon, or count without it"
        )
    sure, undecided = search.listed()
    if permuted:
        layers = numbered(question.parameters)
        either = patterns(layers, np.concatenate([sure, undecided]))
        sure = patterns(layers, sure)
        undecided = either[~_among(either, sure)]
        tally = Tally.of_masks(layer_of(question), sure, undecided)
    return tally.census(question, method, by_layer, packed(sure) if masks else None)


def _among(masks: Bools, others: Bools) -> Bools:
    """Which rows are rows of the others."""
    known = {row.tobytes() for row in np.packbits(others, axis=1)}
    return np.array([row.tobytes() in known for row in np.packbits(masks, axis=1)], np.bool_)
