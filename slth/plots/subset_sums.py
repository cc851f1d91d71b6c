"""Counts by size and covered targets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from slth.plots.inks import BLUE, GREY

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from slth.subset_sum import Count, Coverage


def counts_by_size(count: Count, *, ax: Axes) -> Axes:
    """log2 of the number of subsets of each size, with what is proven or estimated about it in grey, and log2 C(n, k) above."""
    from scipy.special import gammaln

    n = count.log2_by_size.shape[-1] - 1
    sizes = np.arange(n + 1)
    every = (gammaln(n + 1) - gammaln(sizes + 1) - gammaln(n - sizes + 1)) / np.log(2)
    ax.plot(sizes, every, "--", color=GREY, lw=1, label=r"all: $\log_2 \binom{n}{k}$")
    some = np.isfinite(count.log2_by_size)
    if not count.exact:
        lower = np.maximum(count.log2_lower, 0.0)
        ax.fill_between(
            sizes, lower, count.log2_upper, color=BLUE, alpha=0.25, lw=0, label=count.certainty.name.lower()
        )
    label = "within epsilon" if some.any() else "within epsilon: none"
    ax.plot(sizes[some], count.log2_by_size[some], "o-", ms=3, color=BLUE, label=label)
    _whole_numbers(ax)
    ax.set_xlabel("size k")
    ax.set_ylabel(r"$\log_2$ number of subsets")
    ax.set_ylim(bottom=0)
    ax.legend(frameon=False, fontsize=8)
    return ax


def coverage(samples: NDArray[np.float64], found: Coverage, *, ax: Axes) -> Axes:
    """How the covered share of the interval grows with the samples: one point a prefix, between its proven bounds."""
    from slth.subset_sum import coverage as cover

    row = np.asarray(samples, np.float64)
    prefixes = range(1 if found.size is None else max(found.size[1], 1), row.size + 1)
    shares = [cover(row[:n], found.epsilon, found.interval, found.size) for n in prefixes]
    lower, upper = ([float(getattr(share, side)) for share in shares] for side in ("lower", "upper"))
    ax.fill_between(prefixes, lower, upper, color=BLUE, alpha=0.25, lw=0, label="between the bounds")
    ax.plot(prefixes, lower, "o-", ms=3, color=BLUE, label="certainly covered")
    ax.axhline(1.0, color=GREY, lw=1, ls="--")
    _whole_numbers(ax)
    ax.set_xlabel("samples n")
    ax.set_ylabel(f"share of [{found.interval[0]:g}, {found.interval[1]:g}] covered")
    ax.set_ylim(0, 1.05)
    ax.legend(frameon=False, fontsize=8)
    return ax


def _whole_numbers(ax: Axes) -> None:
    from matplotlib.ticker import MaxNLocator

    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
