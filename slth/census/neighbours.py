"""Many tickets of one size: how far apart they lie, and whether swaps of single parameters lead from one to another."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.special import gammaln

from slth.networks.bits import counts

Masks = NDArray[np.uint8]

_BLOCK_BYTES = 1 << 24


@dataclass(frozen=True, eq=False, repr=False)
class Distances:
    """Hamming distances between the masks of one size.

    Attributes
    ----------
    size, parameters, tickets : int
        s, m, and how many masks there are.
    pairs : (m + 1,) int64
        Pairs at each distance; two masks of a size differ in an even number of places.
    exact : bool
        Whether all pairs were looked at, or a sample of them.
    """

    size: int
    parameters: int
    tickets: int
    pairs: NDArray[np.int64]
    exact: bool

    @property
    def mean(self) -> float:
        """Mean distance; NaN for fewer than two masks."""
        total = self.pairs.sum()
        return float((np.arange(self.pairs.size) * self.pairs).sum() / total) if total else math.nan

    @property
    def overlap(self) -> float:
        """Mean share of kept parameters that two tickets have in common."""
        return 1.0 - self.mean / (2 * self.size) if self.size else math.nan

    @property
    def independent(self) -> NDArray[np.float64]:
        """(m + 1,): probability of each distance for two masks drawn uniformly among all of the size (hypergeometric overlap)."""
        m, s = self.parameters, self.size
        common = np.arange(max(0, 2 * s - m), s + 1)

        def log_choose(n: Any, k: Any) -> Any:
            return gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(n - k + 1.0)

        chances = np.exp(log_choose(s, common) + log_choose(m - s, s - common) - log_choose(m, s))
        found = np.zeros(m + 1)
        found[2 * (s - common)] = chances
        return found

    def __repr__(self) -> str:
        how = "all pairs" if self.exact else f"{self.pairs.sum():,} pairs drawn"
        return f"Distances({self.tickets:,} tickets of size {self.size}, mean {self.mean:.2f}, overlap {self.overlap:.1%}, {how})"


def distances(masks: Masks, parameters: int, *, pairs: int = 1 << 24, rng: Any = None) -> Distances:
    """How far apart masks of one size lie.

    Parameters
    ----------
    masks : (count, ceil(m / 8)) uint8
        Packed as `numpy.packbits` packs them, distinct, of one size: rows of `Census.masks`, or packed masks of tickets.
    parameters : int
        m.
    pairs : int
        All pairs are compared if they are no more than this, else so many are drawn, with replacement.
    rng : seed or numpy.random.Generator, optional
        Of that draw.

    Raises
    ------
    ValueError
        If the masks are not of one size, or do not have m bits.
    """
    size = _common_size(masks, parameters)
    count = len(masks)
    found = np.zeros(parameters + 1, np.int64)
    every = count * (count - 1) // 2
    if every <= pairs:
        for i in range(count - 1):
            found += np.bincount(_apart(masks[i], masks[i + 1 :]), minlength=parameters + 1)
        return Distances(size, parameters, count, found, True)
    random = np.random.default_rng(rng)
    step = max(1, _BLOCK_BYTES // max(1, masks.shape[1]))
    for start in range(0, pairs, step):
        draws = min(step, pairs - start)
        first = random.integers(count, size=draws)
        second = (first + random.integers(1, count, size=draws)) % count
        found += np.bincount(_apart(masks[first], masks[second]), minlength=parameters + 1)
    return Distances(size, parameters, count, found, False)


@dataclass(frozen=True, eq=False, repr=False)
class Clusters:
    """Which masks of one size are connected by swaps: one parameter kept instead of another, within the set all the way.

    Attributes
    ----------
    size, parameters, tickets : int
    label : (tickets,) int64
        Cluster of each mask, the largest cluster first.
    sizes : (clusters,) int64
        Masks in each cluster, in descending order.
    """

    size: int
    parameters: int
    tickets: int
    label: NDArray[np.int64]
    sizes: NDArray[np.int64]

    @property
    def connected(self) -> bool:
        """Whether all are in one cluster."""
        return self.sizes.size <= 1

    @property
    def isolated(self) -> int:
        """Masks without any neighbour."""
        return int((self.sizes == 1).sum())

    def __repr__(self) -> str:
        largest = f", the largest of {self.sizes[0]:,}" if self.sizes.size else ""
        many = f"{self.sizes.size:,} cluster{'' if self.sizes.size == 1 else 's'}"
        return f"Clusters({self.tickets:,} tickets of size {self.size} in {many}{largest}, {self.isolated:,} isolated)"


def clusters(masks: Masks, parameters: int) -> Clusters:
    """Clusters of masks of one size under single swaps.

    Two masks are one swap apart exactly if they share a subset of one element fewer: the masks that lose an element each way are sorted
    by what is left. Time O(count * s * log(count * s)), memory 24 * count * s * ceil(m / 64) bytes about.

    Parameters
    ----------
    masks : (count, ceil(m / 8)) uint8
        As for `distances`.
    parameters : int
        m.

    Raises
    ------
    ValueError
        If the masks are not of one size, or do not have m bits.
    """
    size = _common_size(masks, parameters)
    count = len(masks)
    bits = np.unpackbits(masks, axis=1, count=parameters)
    owner, place = np.nonzero(bits)
    words = _words(masks)[owner]
    words[np.arange(owner.size), place // 64] ^= np.uint64(1) << (place % 64).astype(np.uint64)
    order = np.lexsort(words.T)
    words, owner = words[order], owner[order]
    same = np.flatnonzero((words[1:] == words[:-1]).all(axis=1))
    edges = coo_array((np.ones(same.size, np.int8), (owner[same], owner[same + 1])), shape=(count, count))
    number, label = connected_components(edges, directed=False)
    population = np.bincount(label, minlength=number)
    ranked = np.argsort(-population, kind="stable")
    rank = np.empty(number, np.int64)
    rank[ranked] = np.arange(number)
    return Clusters(size, parameters, count, rank[label], population[ranked])


def _words(masks: Masks) -> NDArray[np.uint64]:
    """(count, words): bit p of a mask is bit p % 64 of word p // 64."""
    bits = np.unpackbits(masks, axis=1)
    padded = np.pad(bits, ((0, 0), (0, -bits.shape[1] % 64)))
    return np.ascontiguousarray(np.packbits(padded, axis=1, bitorder="little")).view("<u8").astype(np.uint64)


def _apart(one: Masks, other: Masks) -> NDArray[np.int64]:
    """Hamming distances, row by row."""
    return np.asarray(counts(one ^ other).sum(axis=1, dtype=np.int64))


def _common_size(masks: Masks, parameters: int) -> int:
    if masks.ndim != 2 or masks.dtype != np.uint8 or masks.shape[1] != -(-parameters // 8) or len(masks) == 0:
        raise ValueError(
            f"masks must be packed rows (count, {-(-parameters // 8)}) uint8 of {parameters} bits, at least one, "
            f"got {masks.shape} {masks.dtype}"
        )
    sizes = np.unique(counts(masks).sum(axis=1, dtype=np.int64))
    if sizes.size > 1:
        raise ValueError(
            f"masks must all be of one size, got sizes {sizes[0]} to {sizes[-1]}; select those of one size first"
        )
    return int(sizes[0])
