"""The phase diagram of random subset sums of a fixed size."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slth.plots.inks import ORANGE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from slth.sweeps.curves.curve import Curve

_WIDE = 0.2  # an interval of a probability that says little
_DASHES = ((0, (5, 2)), (0, (1, 1.5)), (0, (6, 2, 1, 2)), (0, (3, 1, 1, 1, 1, 1)))


def phase_diagram(
    curves: Iterable[Curve], *, ax: Axes, theory: Mapping[str, tuple[ArrayLike, ArrayLike]] | None = None
) -> Axes:
    """P(success) of subsets of exactly k of n over n and the density k / n, with the line of 50 %, and theory on top.

    Hatched where the interval is wider than 0.2.

    Parameters
    ----------
    curves : iterable of Curve
        Along n, one for each k (``given["k"]``).
    ax : Axes
    theory : mapping, optional
        By name a curve (n, density).

    Raises
    ------
    ValueError
        If a curve has no k, or does not run along n.
    """
    from matplotlib.collections import PolyCollection
    from matplotlib.ticker import MaxNLocator

    cells: dict[tuple[float, int], tuple[float, bool]] = {}
    for found in curves:
        if found.along != "n" or "k" not in found.given:
            raise ValueError(f'a phase diagram needs curves along "n", each with its k, got {found!r}')
        wide = found.upper - found.lower > _WIDE
        for n, rate, unsure in zip(found.x.tolist(), found.rate.tolist(), wide.tolist(), strict=True):
            cells[n, int(found.given["k"])] = (rate, unsure)
    boxes, rates = _boxes(list(cells)), np.array([rate for rate, _ in cells.values()])
    colours = PolyCollection(boxes, array=rates, cmap="cividis", edgecolors="face", linewidths=0.2)
    colours.set_clim(0, 1)
    ax.add_collection(colours)
    unsure = [box for box, (_, wide) in zip(boxes, cells.values(), strict=True) if wide]
    if unsure:
        hatched = PolyCollection(unsure, facecolors="none", edgecolors="white", hatch="////", linewidths=0)
        hatched.set_label(f"interval wider than {_WIDE:g}")
        ax.add_collection(hatched)
    places = np.array([(n, k / n) for n, k in cells])
    if len({n for n, _ in cells}) > 1 and len({k for _, k in cells}) > 1 and rates.min() < 0.5 < rates.max():
        ax.tricontour(places[:, 0], places[:, 1], rates, levels=[0.5], colors="white", linewidths=2)
        ax.plot([], [], "-", lw=2, color="white", label="measured: 50 %")
    for (name, (x, y)), dash in zip((theory or {}).items(), itertools.cycle(_DASHES), strict=False):
        ax.plot(x, y, color="black", lw=3.2, alpha=0.6)
        ax.plot(x, y, color=ORANGE, lw=1.8, ls=dash, label=name)
    ax.autoscale_view()
    x, y = np.array([corner for box in boxes for corner in box.tolist()]).T
    ax.set_xlim(x.min(), x.max())
    ax.set_ylim(y.min(), y.max())
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel("samples n")
    ax.set_ylabel("density k / n")
    ax.figure.colorbar(colours, ax=ax, label="P(success)")
    if ax.get_legend_handles_labels()[0]:
        ax.legend(facecolor="#555555", labelcolor="white", framealpha=0.85, edgecolor="none", fontsize=8)
    return ax


def _boxes(cells: Sequence[tuple[float, int]]) -> list[NDArray[np.float64]]:
    """A rectangle for each (n, k), from half-way to the next n and to the next k of this n."""
    numbers = sorted({n for n, _ in cells})
    sizes = {n: sorted(k for m, k in cells if m == n) for n in numbers}
    found = []
    for n, k in cells:
        left, right = _half_way(numbers, n)
        low, high = _half_way(sizes[n], k)
        found.append(np.array([(left, low / n), (right, low / n), (right, high / n), (left, high / n)]))
    return found


def _half_way(values: Sequence[float], value: float) -> tuple[float, float]:
    place = list(values).index(value)
    before = (value - values[place - 1]) / 2 if place else None
    after = (values[place + 1] - value) / 2 if place + 1 < len(values) else None
    first = before if before is not None else after if after is not None else 0.5
    return value - first, value + (after if after is not None else first)
