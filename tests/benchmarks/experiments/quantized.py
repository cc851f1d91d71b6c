"""Quantized random subset sum: how fast P(tau > t) falls, for which Kumar and Natale (2026, Theorem 2) leave the constants open.

tau is the first t with which all integers of {-M..M} are within Delta of a subset sum of t integers drawn uniformly from {-M..M}.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from slth import bounds, plots
from slth.bounds.table import Table
from slth.sweeps import Collected
from slth.sweeps.curves.curve import Curve, curves_of
from slth.sweeps.curves.decay import Decay, fit_decay
from slth.sweeps.curves.scaling import fit_scaling, near
from slth.sweeps.curves.thresholds import find_thresholds
from tests.benchmarks.experiments.sweeping import FIGURES, measured, stored

TAIL = 1e-4  # failure from which on an exponential is fitted


def decays(answers: Iterable[Collected]) -> list[tuple[Curve, Decay]]:
    """Each curve, and the exponential that fits its tail."""
    found = []
    for curve in curves_of(answers, "n"):
        first = float(curve.x[np.argmax(curve.rate > 1 - TAIL)])
        found.append((curve, fit_decay(curve, low=first)))
    return found


def summary(answers: Iterable[Collected]) -> Table:
    """Rates with their intervals, beside what is proven: ln(4/3) from some t on, for all M and Delta."""
    rows, middles = [], []
    for curve, fit in decays(answers):
        m, delta = int(curve.given["m"]), int(curve.given["delta"])
        half = find_thresholds(near(curve, 0.5), (0.5,), method="probit")[0]
        last = float(1 - curve.rate[curve.successes < curve.trials][-1])
        bits = math.log2((2 * m + 1) / (2 * delta + 1))
        middles.append((bits, half.value, half.lower, half.upper))
        rows.append((m, delta, round(bits, 2), round(half.value, 2), fit.rate, fit.lower, fit.upper, fit.p_value, last))
    names = ("M", "Delta", "log2((2M+1)/(2Delta+1))", "t at 50%", "rate", "lower", "upper", "p", "smallest P seen")
    line = fit_scaling(*zip(*middles, strict=True), "a + b x")
    rates = [row[4] for row in rows]
    notes = (
        f"fitted where P(tau > t) < {TAIL:g}; proven: rate at least ln(4/3) = 0.288",
        f"so kappa of Theorem 2, whose exponent tends to -t / kappa, is at least {1 / max(rates):.2f} to {1 / min(rates):.2f}",
        f"t at 50% against the bits x = log2((2M + 1) / (2 Delta + 1)): {line}",
    )
    return Table(names, tuple(rows), notes)


def run(quick: bool = False, workers: int | None = None) -> str:
    """Measure, store, and tell."""
    answers = measured("quantized", quick=quick, workers=workers, trials=50)
    return answers[0].table().text() if quick else summary(answers).text()


def figures() -> None:
    """P(tau > t) against t."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 5), layout="constrained")
    ax = figure.subplots()
    draw(decays(stored("quantized")), ax)
    plots.save(figure, FIGURES / "quantized.png")


def draw(pairs: Iterable[tuple[Curve, Decay]], ax: object) -> None:
    """The curves, their exponentials, and the explicit bound of the largest M."""
    found = list(pairs)
    m = max(int(curve.given["m"]) for curve, _ in found)
    t = np.arange(1, 90)
    bound = bounds.rss_failure_discrete(t, m)
    plots.failure_decay(
        [curve for curve, _ in found], ax=ax, fits=[fit for _, fit in found],  # type: ignore[arg-type]
        theory={f"proven, M = {m}: rate ln(4/3) = 0.288": (t[bound < 1], bound[bound < 1])},
    )  # fmt: skip
    ax.set_xlabel("samples t")  # type: ignore[attr-defined]
    ax.set_ylabel(r"P($\tau$ > t)")  # type: ignore[attr-defined]
