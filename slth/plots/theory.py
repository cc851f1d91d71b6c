"""Bounds side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from slth.plots.inks import BLUE, GREY, INK, ORANGE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from slth.bounds.comparison import NeededSamples, Overparameterisation


def needed_samples(comparison: NeededSamples, *, ax: Axes) -> Axes:
    """Samples that random subset sum needs, against the error: full lines suffice (grey: if the constant does), dashed are necessary."""
    # direction: line and colour
    styles = {"sufficient": ("-", INK), "predictor": (":", BLUE), "necessary": ("--", ORANGE)}
    marks = {"sufficient": iter("sD^v<>"), "predictor": iter("ox+"), "necessary": iter("sD^v")}
    sparse = max(1, len(comparison.epsilons) // 8)
    for curve in comparison.curves:
        if np.isnan(curve.n).all():
            continue
        style, color = styles[curve.direction]
        color = GREY if curve.assumed else color
        ax.plot(
            comparison.epsilons, curve.n, ls=style, marker=next(marks[curve.direction]), ms=4, mfc="white", color=color,
            lw=1.2, markevery=1 if curve.direction == "predictor" else sparse, label=f"{curve.direction}: {curve.label}",
        )  # fmt: skip
    ax.set_xscale("log")
    ax.invert_xaxis()
    ax.set_ylim(bottom=0)
    ax.set_xlabel(r"largest error $\varepsilon$ over all targets in $[-1/2, 1/2]$")
    ax.set_ylabel("samples n of U[-1, 1]")
    ax.set_title(f"random subset sum, success with probability {1 - comparison.delta:g}", fontsize=10)
    ax.legend(frameon=False, fontsize=7)
    return ax


def overparameterisation(curve: Overparameterisation, *, ax: Axes) -> Axes:
    """Parameters of the source for each of the target, against the density of the ticket; theorems that offer no choice are points."""
    density = curve.density
    label = rf"suffices: Natale et al., $c_{{\mathrm{{amp}}}}$ = {curve.c_amp:g} assumed"
    ax.plot(density, curve.sufficient, "-", color=INK, lw=1.5, label=label)
    ax.plot(density, curve.necessary, "--", color=ORANGE, lw=1.5, label="needed: counting tickets")
    ax.fill_between(density, curve.necessary, curve.sufficient, color=GREY, alpha=0.15, lw=0)
    for end, mark in zip(curve.ends, "sDo^v", strict=False):
        ax.plot(
            end.density, end.overparameterisation, mark, ms=6, color=BLUE, mfc="white", label=end.label, clip_on=False
        )
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel(r"density $\gamma$ of the ticket (1: none promised)")
    ax.set_ylabel(r"overparameterisation $m / m_t$")
    target = "-".join(map(str, curve.widths))
    ax.set_title(rf"target {target}, error and failure probability $\varepsilon$ = {curve.eps:g}", fontsize=10)
    ax.legend(frameon=False, fontsize=7)
    return ax
