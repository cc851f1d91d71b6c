"""Overparameterisation against density: figure 1 of Natale et al. (2024) with tickets on it, and how much first layers are shared.

Their theorem asks that every half of every weight is met within epsilon / (2 l d_in d_out) by a sum of exactly k products; so do the
tickets here, at the epsilon that makes this the tolerance measured. Its constant c_amp has no published value.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from slth import bounds, plots
from slth.bounds.table import Table
from slth.sweeps import Collected
from slth.sweeps.findings.sparsity import kept, prices
from tests.benchmarks.experiments.sweeping import FIGURES, measured, stored

TOLERANCE, WIDTHS = 1e-3, (8, 8, 8)
EPSILON = TOLERANCE * 2 * 2 * 64  # of the network, in the theorem


def summary(answers: Iterable[Collected]) -> Table:
    """A row a construction: the width that half of the networks need for a weight error of 0.001, and the ticket there."""
    answers, rows = list(answers), []
    for one in prices(answers, TOLERANCE):
        name = one.construction
        width, m, density = one.width, one.overparameterisation, one.density
        rows.append(
            (one.target, name, width.value, width.lower, width.upper, m[0], density[0], m[0] * density[0])
        )  # fmt: skip
    widest: dict[tuple[str, str], int] = {}
    for size in kept(answers):
        key = size.target, size.construction
        widest[key] = max(size.width, widest.get(key, 0))
    missed = [f"{t}, {c}: not by width {w}" for (t, c), w in widest.items() if (t, c) not in {row[:2] for row in rows}]
    names = ("target", "construction", "width", "lower", "upper", "m / m_t", "density", "ticket / m_t")
    return Table(names, tuple(rows), (f"half of the networks with a weight error of at most {TOLERANCE:g}", *missed))


def reuse(answers: Iterable[Collected]) -> Table:
    """How many weights an edge of a first layer serves."""
    rows = tuple((s.target, s.construction, s.width, s.reuse, *s.reuse_interval(), s.density) for s in kept(answers))
    return Table(("target", "construction", "width", "reuse", "lower", "upper", "density"), rows)


def run(quick: bool = False, workers: int | None = None) -> str:
    """Measure, store, and tell."""
    answers = measured("density", quick=quick, workers=workers, trials=2, part=slice(3))
    return reuse(answers).text() if quick else f"{summary(answers).text()}\n\n{reuse(answers).text()}"


def figures() -> None:
    """The curve with its points, and the reuse."""
    from matplotlib.figure import Figure

    answers = stored("density")
    figure = Figure(figsize=(11, 4.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    plots.prices(prices(answers, TOLERANCE), ax=left, curve=theorem())
    left.set_ylim(top=2e6)  # room for the legend
    draw_reuse(answers, right)
    plots.save(figure, FIGURES / "density.png")


def theorem(least: float = 5e-3) -> bounds.Overparameterisation:
    """The curve of the theorem from a density on, and the end points there."""
    curve = bounds.overparameterisation(WIDTHS, EPSILON, np.geomspace(least, 1, 61))
    return replace(curve, ends=tuple(end for end in curve.ends if end.density >= least))


def draw_reuse(answers: Iterable[Collected], ax: object, target: str = "8-8-8") -> None:
    """Reuse of the edges of first layers against width."""
    series: dict[str, tuple[list[float], ...]] = {}
    for one in kept(answers):
        if one.target == target:
            columns = series.setdefault(one.construction, ([], [], [], []))
            for column, value in zip(columns, (one.width, one.reuse, *one.reuse_interval()), strict=True):
                column.append(value)
    plots.scaling(series, ax=ax, xlabel="width", ylabel="weights served by an edge of a first layer")  # type: ignore[arg-type]
    ax.set_xlim(20, 150)  # type: ignore[attr-defined]
    ax.set_title(f"target {target}: 8 outputs share first layers", fontsize=10)  # type: ignore[attr-defined]
