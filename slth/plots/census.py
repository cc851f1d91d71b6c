"""How many subnetworks of each size there are, what theory says of it, and how it varies from source to source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from slth.plots.inks import BLUE, FAINT, GREY, INK, ORANGE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from slth.census import Census, Theory
    from slth.census.ensemble import Ensemble
    from slth.census.neighbours import Distances

_POINTS = 2000  # of a curve
_STYLES = ("-.", ":", (0, (6, 2)), (0, (1, 1)))


def census(found: Census, *, ax: Axes, theory: Theory | None = None, tickets: Mapping[str, Any] | None = None) -> Axes:
    """log2 of the number of subnetworks of each size with its band, the ceiling log2 C(m, s), the lines of theory, and named tickets.

    Parameters
    ----------
    found : Census
    ax : Axes
    theory : Theory, optional
        `slth.census.theory`.
    tickets : mapping, optional
        By name what `Census.standing` takes, a size or a ticket, drawn on the curve.
    """
    thin = _thinned(found.sizes.size)
    sizes = found.sizes[thin]
    ax.plot(sizes, found.log2_all[thin], "--", color=GREY, lw=1, label=r"all masks: $\log_2 \binom{m}{s}$")
    if theory is not None:
        for (name, curve), style in zip(theory.curves.items(), _STYLES * 4, strict=False):
            ax.plot(sizes, curve[thin], color=ORANGE, lw=1.2, ls=style, label=_named(name, curve))
        for (name, place), style in zip(theory.thresholds.items(), _STYLES * 4, strict=False):
            ax.axvline(place, color=INK, lw=0.8, ls=style, label=name)
    low, high = found.log2_lower[thin], found.log2_upper[thin]
    value = found.log2_by_size[thin]
    if not found.exact:
        label = found.certainty.name.lower() + ("" if found.confidence is None else f", {100 * found.confidence:g}%")
        wide = bool(((high - np.maximum(low, 0.0))[high > 0.0] > 1e-3 * max(1.0, float(high.max(initial=0.0)))).any())
        band = label if wide else "_"  # none to be seen needs no entry
        ax.fill_between(sizes, np.maximum(low, -1.0), high, color=BLUE, alpha=0.25, lw=0, label=band)
    some = np.isfinite(value)
    within = f"within {found.epsilon:g}" + ("" if some.any() else ": none")
    ax.plot(sizes[some], value[some], "o-" if some.sum() <= 60 else "-", ms=3, color=BLUE, label=within)
    for name, ticket in (tickets or {}).items():
        stands = found.standing(ticket)
        at = (float(stands.size), max(stands.log2_number, 0.0))
        ax.plot([at[0]], [at[1]], "D", ms=6, mfc="white", mec=INK)
        ax.annotate(name, at, xytext=(6, 6), textcoords="offset points", fontsize=8)
    ax.set_xlabel(f"size s (weights and biases kept, of m = {found.parameters:,})")
    ax.set_ylabel(r"$\log_2$ number of subnetworks")
    top = 1.0 if theory is None else 1.25  # room for the legend
    ax.set_ylim(min(0.0, float(value[some].min(initial=0.0))), top * ax.get_ylim()[1])
    _separated(ax)
    ax.legend(frameon=True, framealpha=0.9, edgecolor="none", fontsize=8)
    return ax


def census_layers(found: Census, *, ax: Axes) -> Axes:
    """The census of each target layer alone, against its density among the layer's own candidates."""
    for i, (layer, style) in enumerate(zip(found.layers, ("-", *_STYLES) * 8, strict=False)):
        thin = _thinned(layer.sizes.size)
        some = np.isfinite(layer.log2_by_size[thin])
        ax.plot(
            layer.sizes[thin][some] / max(layer.parameters, 1),
            layer.log2_by_size[thin][some] / max(layer.parameters, 1),
            ls=style,
            color=BLUE if i % 2 == 0 else ORANGE,
            label=f"layer {i} ({layer.parameters:,} candidates)",
        )
    ax.set_xlabel("density among the candidates of the layer")
    ax.set_ylabel("bits a candidate")
    ax.set_ylim(bottom=0)
    ax.legend(frameon=False, fontsize=8)
    return ax


def ensemble(found: Ensemble, *, ax: Axes) -> Axes:
    """Annealed against quenched: log2 of the mean, mean of log2, and the spread over the sources (10 to 90 %)."""
    low, high = found.quantile(0.1), found.quantile(0.9)
    some = np.isfinite(high)
    ax.fill_between(
        found.sizes[some], np.maximum(low[some], 0.0), high[some], color=FAINT, lw=0, label="10 to 90 % of the sources"
    )
    ax.plot(found.sizes, _finite(found.annealed), "--", color=ORANGE, label=r"annealed: $\log_2$ mean $N$")
    ax.plot(
        found.sizes,
        _finite(found.quenched),
        "-",
        color=BLUE,
        label=_named(r"quenched: mean $\log_2 N$", found.quenched),
    )
    ax.set_xlabel("size s")
    _whole(ax)
    ax.set_ylabel(r"$\log_2$ number of subnetworks")
    ax.set_ylim(bottom=0)
    ax.legend(frameon=False, fontsize=8)
    return ax


def growth(by_width: Mapping[int, Ensemble], *, ax: Axes) -> Axes:
    """log2 of the number of subnetworks, all sizes together, against the width of the source: every source, and the median."""
    middles = []
    for width, found in by_width.items():
        totals = found.log2_total
        ax.plot(np.full(totals.size, width), np.where(np.isfinite(totals), totals, -1.0), ".", color=GREY, ms=4)
        middles.append(np.sort(totals)[(totals.size - 1) // 2])
    ax.plot(
        list(by_width),
        [middle if np.isfinite(middle) else -1.0 for middle in middles],
        "o-",
        color=BLUE,
        label="median source",
    )
    _whole(ax)
    ax.set_xlabel("width of the source")
    ax.set_ylabel(r"$\log_2$ number of subnetworks (none: -1)")
    ax.legend(frameon=False, fontsize=8)
    return ax


def mask_distances(found: Distances, *, ax: Axes) -> Axes:
    """Hamming distances between tickets of one size, against independent masks."""
    total = max(int(found.pairs.sum()), 1)
    places = np.flatnonzero(found.independent > 1e-12)
    ax.bar(places, found.pairs[places] / total, width=1.6, color=BLUE, alpha=0.6, label=f"{found.tickets:,} tickets")
    ax.plot(places, found.independent[places], "o--", ms=3, color=ORANGE, label="independent masks")
    _whole(ax)
    ax.set_xlabel(f"Hamming distance (size {found.size} of {found.parameters})")
    ax.set_ylabel("share of pairs")
    ax.legend(frameon=False, fontsize=8)
    return ax


def _thinned(count: int) -> NDArray[np.int64]:
    """Places of at most `_POINTS` sizes."""
    return np.unique(np.linspace(0, count - 1, min(count, _POINTS)).astype(np.int64)) if count else np.arange(0)


def _named(name: str, curve: NDArray[np.float64]) -> str:
    """The entry of a curve in the legend; one that is nowhere finite says so."""
    return name if np.isfinite(curve).any() else rf"{name}: $-\infty$, some source has none"


def _separated(ax: Axes) -> None:
    """Thousands apart on axes of large numbers."""
    for axis, (low, high) in ((ax.xaxis, ax.get_xlim()), (ax.yaxis, ax.get_ylim())):
        if high - low >= 1e4:
            axis.set_major_formatter("{x:,.0f}")


def _whole(ax: Axes) -> None:
    """Ticks of the x-axis at whole numbers only."""
    from matplotlib.ticker import MaxNLocator

    ax.xaxis.set_major_locator(MaxNLocator(integer=True))


def _finite(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(np.isfinite(values), values, np.nan)
