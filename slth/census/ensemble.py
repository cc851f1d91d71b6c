"""The census of many random sources of one kind: how the numbers vary from source to source, annealed against quenched."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slth.census.answer import Census
from slth.subset_sum import Certainty
from slth.threads import progress_bar
from slth.validation import positive_int


@dataclass(frozen=True, eq=False, repr=False)
class Ensemble:
    """Numbers of subnetworks in R independent sources.

    Attributes
    ----------
    sizes : (k,) int64
    log2_by_size : (R, k) float64
        -inf where a source has none.
    parameters : (R,) int64
    epsilon : float
    """

    sizes: NDArray[np.int64]
    log2_by_size: NDArray[np.float64]
    parameters: NDArray[np.int64]
    epsilon: float

    @property
    def sources(self) -> int:
        """R."""
        return len(self.log2_by_size)

    @property
    def annealed(self) -> NDArray[np.float64]:
        """(k,): log2 of the mean number over the sources, an estimate of the first moment log2 E N; a few rich sources dominate it."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.logaddexp2.reduce(self.log2_by_size, axis=0) - math.log2(self.sources))

    @property
    def quenched(self) -> NDArray[np.float64]:
        """(k,): mean of log2 N over the sources: what a typical one has; -inf where any of them has none."""
        return np.asarray(self.log2_by_size.mean(axis=0))

    @property
    def gap(self) -> NDArray[np.float64]:
        """(k,): annealed minus quenched, in bits; never negative (Jensen) but for rounding, NaN where no source has any."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self.annealed - self.quenched)

    @property
    def some(self) -> NDArray[np.float64]:
        """(k,): share of the sources that have at least one subnetwork of the size."""
        return np.asarray((self.log2_by_size > -math.inf).mean(axis=0))

    @property
    def log2_total(self) -> NDArray[np.float64]:
        """(R,): all sizes together."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.logaddexp2.reduce(self.log2_by_size, axis=1))

    def quantile(self, share: float) -> NDArray[np.float64]:
        """(k,): quantile of log2 N over the sources, an actual one (no interpolation with -inf)."""
        return np.asarray(np.quantile(self.log2_by_size, share, axis=0, method="inverted_cdf"))

    def __repr__(self) -> str:
        totals = np.sort(self.log2_total)
        return (
            f"Ensemble({self.sources} sources, epsilon={self.epsilon:g}, log2 of the total "
            f"{totals[0]:.2f} to {totals[-1]:.2f}, median {totals[(self.sources - 1) // 2]:.2f})"
        )


def ensemble(count: Callable[[int], Census], sources: int, *, rng: Any = None, progress: bool = False) -> Ensemble:
    """The census of `sources` random sources.

    Parameters
    ----------
    count : callable
        The census of the source of a seed.
    sources : int
        R.
    rng : seed or numpy.random.Generator, optional
        Where the seeds (63 bits each) come from.
    progress : bool
        Show a progress bar (tqdm).

    Raises
    ------
    TypeError, ValueError
        If `sources` is no positive integer, or `count` gives anything but censuses of one epsilon (and of the same sizes, if sampled).

    Examples
    --------
    >>> import slth
    >>> from slth.census import ensemble
    >>> target = slth.Network.read([([[0.5]], None)])
    >>> def one(seed):
    ...     source = slth.Network.random([1, 3, 1], rng=seed, bias=False)
    ...     return slth.count_subnetworks(source, target, 0.2, inputs=[[1.0], [-1.0]])
    >>> ensemble(one, 5, rng=0).sources
    5
    """
    number = positive_int(sources, "sources")
    seeds = np.random.default_rng(rng).integers(2**63, size=number).tolist()
    found: list[Census] = []
    with progress_bar(number, "source", progress) as bar:
        for seed in seeds:
            census = count(seed)
            if not isinstance(census, Census):
                raise TypeError(f"count must return a Census, got {type(census).__name__}")
            if found and census.epsilon != found[0].epsilon:
                raise ValueError(f"all sources need the same epsilon, got {found[0].epsilon:g} and {census.epsilon:g}")
            found.append(census)
            bar.update(1)
    sizes = np.unique(np.concatenate([census.sizes for census in found]))
    if any(c.certainty is Certainty.ESTIMATED and c.sizes.size < sizes.size for c in found):
        raise ValueError(
            "sampled censuses of an ensemble need the same sizes, those left away are not known; give sizes="
        )
    logs = np.full((number, sizes.size), -np.inf)
    for row, census in zip(logs, found, strict=True):
        row[np.searchsorted(sizes, census.sizes)] = census.log2_by_size
    return Ensemble(sizes, logs, np.array([census.parameters for census in found]), found[0].epsilon)
