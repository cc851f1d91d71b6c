"""Random subset sums of vectors: samples that one target of [-1, 1]^d needs, against d.

The theorem (Becchetti et al. 2022) has n = O(d^3 log(1/epsilon) (log(1/epsilon) + log d)), for all targets at once; counting needs about
d log2(1/epsilon). Measured, for one target, is the first n that suffices, proven for each trial.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slth import bounds, plots
from slth.bounds.table import Table
from slth.sweeps import Collected
from slth.sweeps.curves.curve import curves_of
from slth.sweeps.curves.scaling import Scaling, compare_scalings, near
from slth.sweeps.curves.thresholds import ThresholdEstimate, find_thresholds
from tests.benchmarks.experiments.sweeping import FIGURES, measured, stored

Floats = NDArray[np.float64]
FORMS = ("b x", "a + b x", "b x + c x log2(x)", "b x^p", "b x + c x^3")
LEVELS = (0.5, 0.9)


@dataclass(frozen=True)
class Growth:
    """Thresholds against d at one epsilon and level, and the forms fitted to those from d = 2 on."""

    epsilon: float
    level: float
    d: tuple[int, ...]
    n: tuple[ThresholdEstimate, ...]
    fits: tuple[Scaling, ...]
    table: Table


def growths(answers: Iterable[Collected]) -> tuple[Growth, ...]:
    """Of each epsilon and level."""
    rows: dict[tuple[float, float], dict[int, ThresholdEstimate]] = {}
    for curve in curves_of(answers, "n"):
        for level in LEVELS:
            found = find_thresholds(near(curve, level), (level,), method="probit")[0]
            if math.isfinite(found.lower) and math.isfinite(found.upper):
                rows.setdefault((float(curve.given["epsilon"]), level), {})[int(curve.given["d"])] = found
    made = []
    for (epsilon, level), row in sorted(rows.items()):
        d = tuple(sorted(row))
        n = tuple(row[one] for one in d)
        some = [(one, e.value, e.lower, e.upper) for one, e in zip(d, n, strict=True) if one >= 2]
        forms = [form for form in FORMS if len(some) > 2] or ["b x"]
        fits, table = compare_scalings(*zip(*some, strict=True), forms)
        made.append(Growth(epsilon, level, d, n, fits, table))
    return tuple(made)


def predicted(n: int, d: int, epsilon: float, draws: int = 4000) -> float:
    """P(success) if, given the vectors, subset sums are normal with their mean and covariance, and hits are Poisson."""
    rng = np.random.default_rng(n * 64 + d)
    x, z = rng.standard_normal((draws, n, d)), rng.uniform(-1, 1, (draws, d))
    covariance = np.einsum("tni,tnj->tij", x, x) / 4
    away = z - x.sum(axis=1) / 2
    log_det = np.linalg.slogdet(covariance)[1]
    form = np.einsum("ti,ti->t", away, np.linalg.solve(covariance, away[..., None])[..., 0])
    log_hits = n * math.log(2) + d * math.log(2 * epsilon / math.sqrt(2 * math.pi)) - (log_det + form) / 2
    empty = np.abs(z).max(axis=1) <= epsilon
    return float(np.where(empty, 1.0, -np.expm1(-np.exp(np.minimum(log_hits, 50.0)))).mean())


def predicted_n(d: int, epsilon: float, level: float) -> float:
    """Where `predicted` reaches the level, between whole n by a straight line; NaN below d samples, which span no volume."""
    before, n = 0.0, d
    while (now := predicted(n, d, epsilon)) < level:
        before, n = now, n + 1
    return math.nan if n == d else n - (now - level) / (now - before)


def run(quick: bool = False, workers: int | None = None) -> str:
    """Measure, store, and tell."""
    answers = measured("vectors", quick=quick, workers=workers, trials=50, part=slice(None, None, 5))
    return answers[0].table().text() if quick else table(answers)


def table(answers: Iterable[Collected]) -> str:
    """Thresholds, and which form they follow."""
    lines = []
    for one in growths(answers):
        shown = ", ".join(f"d = {d}: {n.value:.2f}" for d, n in zip(one.d, one.n, strict=True))
        lines += [f"epsilon = {one.epsilon:g}, {one.level:.0%}: {shown}", one.table.text(), ""]
    return "\n".join(lines)


def figures() -> None:
    """n against d."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.5, 4.5), layout="constrained")
    ax = figure.subplots()
    draw(growths(stored("vectors")), ax)
    plots.save(figure, FIGURES / "vectors.png")


def draw(found: Iterable[Growth], ax: object) -> None:
    """The thresholds of 50 %, what counting asks for, the predictor and the form d^3."""
    shown = [one for one in found if one.level == 0.5]
    series, theory = {}, {}
    for one in shown:
        name = rf"$\varepsilon$ = {one.epsilon:g}"
        n = ([e.value for e in one.n], [e.lower for e in one.n], [e.upper for e in one.n])
        series[f"{name}, 50 %"] = (one.d, *n)
    most = max(max(one.d) for one in shown)
    d = np.arange(1, most + 1)
    least = min(one.epsilon for one in shown)
    for one in shown:
        wide = np.arange(2, max(one.d) + 1)
        theory[rf"predicted, {one.epsilon:g}"] = (wide, [predicted_n(int(i), one.epsilon, 0.5) for i in wide])
    theory[f"needed: first moment, {least:g}"] = (d, bounds.mrss_target_lower(d, least, 0.5))
    first = next(one for one in shown if one.epsilon == least).n[0].value
    fine = np.linspace(1, most, 100)
    theory[r"form $d^3$ of the theorem for all targets"] = (fine, first * fine**3)
    plots.scaling(series, ax=ax, theory=theory, xlabel="dimension d", ylabel="vectors n for one target")
    ax.set_ylim(0, 45)  # type: ignore[attr-defined]
    ax.legend(frameon=False, fontsize=8, loc="upper center")  # type: ignore[attr-defined]
