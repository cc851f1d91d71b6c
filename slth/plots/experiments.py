"""Figures of the stored experiments that compare measured numbers, with intervals, along a parameter."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from slth.plots.inks import BLUE, GREY, INK, ORANGE
from slth.plots.theory import overparameterisation

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from slth.bounds import Overparameterisation
    from slth.sweeps.findings.sparsity import Price
    from slth.sweeps.findings.verdicts import Verdict

_MARKS = tuple(zip((BLUE, ORANGE, INK, GREY) * 2, "osD^v<>P", strict=True))
_DASHES = ((0, (5, 2)), (0, (1, 1.5)), (0, (6, 2, 1, 2)), (0, (3, 1, 1, 1, 1, 1)), (0, (8, 3)))


def scaling(
    series: Mapping[str, tuple[ArrayLike, ArrayLike, ArrayLike, ArrayLike]],
    *,
    ax: Axes,
    fits: Mapping[str, tuple[ArrayLike, ArrayLike]] | None = None,
    theory: Mapping[str, tuple[ArrayLike, ArrayLike]] | None = None,
    xlabel: str = "",
    ylabel: str = "",
) -> Axes:
    """Measured values with their intervals shaded, fitted lines in grey, theory in black.

    Parameters
    ----------
    series : mapping
        By name (x, value, lower, upper), each (points,).
    ax : Axes
    fits, theory : mapping, optional
        By name (x, y).
    xlabel, ylabel : str
    """
    for (name, columns), (ink, mark) in zip(series.items(), itertools.cycle(_MARKS), strict=False):
        x, value, low, high = (np.asarray(column, np.float64) for column in columns)
        order = np.argsort(x)
        ax.fill_between(x[order], low[order], high[order], color=ink, alpha=0.25, lw=0)
        ax.plot(x[order], value[order], ls="", marker=mark, ms=5, mfc="white", color=ink, label=name)
    for lines, ink, width in ((fits, GREY, 1.4), (theory, INK, 1.1)):
        for (name, line), dash in zip((lines or {}).items(), itertools.cycle(_DASHES), strict=False):
            ax.plot(*line, color=ink, lw=width, ls="-" if lines is fits else dash, label=name, zorder=1)
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
    ax.legend(frameon=False, fontsize=8)
    return ax


def prices(found: Iterable[Price], *, ax: Axes, curve: Overparameterisation | None = None) -> Axes:
    """Overparameterisation against density: where tickets were measured to reach an error, on the curves of the theorems.

    Parameters
    ----------
    found : iterable of Price
        Of `slth.sweeps.findings.sparsity.prices`: a mark for each target, a point for each construction with its k, intervals shaded.
    ax : Axes
    curve : Overparameterisation, optional
        Drawn below (`slth.plots.overparameterisation`).
    """
    if curve is not None:
        overparameterisation(curve, ax=ax)
    points = list(found)
    targets = list(dict.fromkeys(one.target for one in points))
    for target, mark in zip(targets, itertools.cycle("odsP"), strict=False):
        some = [one for one in points if one.target == target]
        x, y = (np.array([getattr(one, name) for one in some]) for name in ("density", "overparameterisation"))
        ax.vlines(x[:, 0], y[:, 1], y[:, 2], color=INK, alpha=0.3, lw=5)
        ax.plot(x[:, 0], y[:, 0], mark, ms=5, color=INK, label=f"measured: {target}, {some[0].level:.0%} of networks")
        above = targets.index(target) % 2
        for one in some:  # named by k, or "any" subset
            name = one.construction.removeprefix("fixed-size(").rstrip(")").replace("two-layer", "any")
            place = (one.density[0], one.overparameterisation[0])
            shift, side = ((0, 5), "bottom") if above else ((0, -5), "top")
            ax.annotate(name, place, xytext=shift, textcoords="offset points", fontsize=7, ha="center", va=side)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel(r"density $\gamma$ of the ticket")
    ax.set_ylabel(r"overparameterisation $m / m_t$")
    ax.legend(frameon=False, fontsize=7, loc="upper right")
    return ax


def factors(verdicts: Iterable[Verdict], *, ax: Axes) -> Axes:
    """What each bound says, divided by what was measured: sufficient ones right of 1, necessary ones left of it, predictors near.

    Parameters
    ----------
    verdicts : iterable of Verdict
        Of `slth.sweeps.findings.verdicts`: a row for each bound, a mark for each number, filled where they disagree. Those of 0 and
        infinity, such as those of failures that never occurred, are left out.
    ax : Axes
    """
    marks = {"sufficient": (">", INK), "necessary": ("<", ORANGE), "exact": ("d", BLUE), "predictor": ("o", BLUE)}
    groups: dict[tuple[str, str], list[Verdict]] = {}
    for one in verdicts:
        groups.setdefault((one.direction, one.bound), []).append(one)
    rows = [key for direction in marks for key in groups if key[0] == direction]
    named: set[str] = set()
    for row, key in enumerate(reversed(rows)):
        mark, ink = marks[key[0]]
        some = [one for one in groups[key] if 0 < one.factor < np.inf]
        for fill, part in (("none", [v for v in some if v.holds]), (ink, [v for v in some if not v.holds])):
            label = None if key[0] in named or not part else key[0]
            named |= {key[0]} if part else set()
            ax.plot(
                [v.factor for v in part], [row] * len(part), mark, ms=5, color=ink, mfc=fill, alpha=0.7, label=label
            )
    ax.axvline(1, color=GREY, lw=1, zorder=0)
    ax.set_xscale("log")
    ax.set_yticks(range(len(rows)), [bound for _, bound in reversed(rows)], fontsize=7)
    ax.set_xlabel("what the bound says / what was measured")
    ax.legend(frameon=False, fontsize=8)
    return ax
