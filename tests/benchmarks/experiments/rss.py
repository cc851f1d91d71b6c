"""Random subset sum: success against n for one target and for all targets, beside bounds and predictors, and how fast failure dies out."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from slth import bounds, plots
from slth.bounds.table import Table
from slth.sweeps import Collected
from slth.sweeps.curves.curve import Curve, curves_of
from slth.sweeps.curves.decay import Decay, fit_decay
from slth.sweeps.curves.scaling import near
from slth.sweeps.curves.thresholds import find_thresholds
from tests.benchmarks.experiments.sweeping import FIGURES, measured, stored

Floats = NDArray[np.float64]
LEVELS = (0.5, 0.9, 0.99)
LAWS = ("uniform", "normal", "product", "hyperbolic", "sparse(0.5)")
TAIL = 1e-4  # failure from which on an exponential is fitted
_NODES = 12


def one_target(n: NDArray[np.int64], epsilon: float, law: str) -> Floats:
    """`bounds.rss_target_prob`, averaged over targets from U[-1, 1]; the empty sum meets those within epsilon of 0."""
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    z = epsilon + (1 - epsilon) * (nodes + 1) / 2
    hit = bounds.rss_target_prob(n[:, None], epsilon, z[None, :], law)
    return np.asarray(epsilon + (1 - epsilon) * (hit @ weights) / 2)


def all_targets(n: NDArray[np.int64], epsilon: float, law: str) -> Floats:
    """`bounds.rss_cover_prob` of [-1/2, 1/2]."""
    return np.asarray(bounds.rss_cover_prob(n, epsilon, (-0.5, 0.5), law))


def promised(epsilon: float, law: str, level: float) -> int | None:
    """`bounds.rss_n_reach` for [-1/2, 1/2], with the best constants of the law; None if it has no density around 0."""
    found = []
    for a in (0.5, None):  # as wide as the targets, or where the law is thickest
        try:
            best = bounds.explicit_constants(law, a)
        except ValueError:
            continue
        found.append(int(bounds.rss_n_reach(epsilon, 1 - level, 0.5, best.a, best.c)))
    return min(found, default=None)


def needed_for_one(epsilon: float, law: str, level: float) -> int | None:
    """`bounds.rss_n_first_moment` for a target drawn from U[-1, 1], which the empty sum meets with probability epsilon; None if unknown."""
    most = {"uniform": 0.5, "normal": 1 / math.sqrt(2 * math.pi)}.get(law)  # of the density
    return None if most is None else int(bounds.rss_n_first_moment(epsilon, (level - epsilon) / (1 - epsilon), most))


def pick(answers: Iterable[Collected], kind: str) -> dict[tuple[str, float], Curve]:
    """Curves along n of one kind, by law and epsilon."""
    some = [one for one in answers if one.task.kind == kind]
    return {(str(c.given["law"]), float(c.given["epsilon"])): c for c in curves_of(some, "n")}


def summary(answers: Iterable[Collected]) -> Table:
    """First n that reach 50, 90 and 99 %: measured, predicted, promised, and needed."""
    rows = []
    found = list(answers)
    for kind, predict in (("rss-target", one_target), ("rss-interval", all_targets)):
        for (law, epsilon), curve in pick(found, kind).items():
            measured_n = [_first(curve, level) for level in LEVELS]
            n = np.arange(1, 45)
            chance = predict(n, epsilon, law)
            expected = [int(n[np.argmax(chance >= level)]) if (chance >= level).any() else None for level in LEVELS]
            explicit = [promised(epsilon, law, level) for level in LEVELS] if kind == "rss-interval" else [None] * 3
            least = int(bounds.rss_n_counting(epsilon)) if kind == "rss-interval" else needed_for_one(epsilon, law, 0.9)
            rows.append((kind, law, epsilon, *measured_n, *expected, *explicit, least))
    names = [f"{what} {100 * level:g}%" for what in ("", "predicted", "explicit") for level in LEVELS]
    return Table(("kind", "law", "epsilon", *(name.strip() for name in names), "needed 90%"), tuple(rows))


def _first(curve: Curve, level: float) -> str:
    found = find_thresholds(near(curve, level), (level,), method="probit")[0]
    if not np.isfinite(found.value):
        return "-" if found.value < 0 else f"> {found.grid[1]:g}"
    return f"{found.value:.2f} ({found.lower:.2f}, {found.upper:.2f})"


def decays(answers: Iterable[Collected]) -> list[tuple[Curve, Decay]]:
    """The exponential that fits the tail: from where failure is below 10^-4 on."""
    found = []
    for curve in curves_of(answers, "n"):
        first = float(curve.x[np.argmax(curve.rate > 1 - TAIL)])
        found.append((curve, fit_decay(curve, low=first)))
    return found


def run(quick: bool = False, workers: int | None = None) -> str:
    """Measure, store, and tell."""
    curves = measured("rss", quick=quick, workers=workers, trials=50, part=slice(None, None, 4))
    tails = measured("rss_decay", quick=quick, workers=workers, trials=50)
    lines = [summary(curves).text()] if not quick else [curves[0].table().text()]
    if not quick:
        lines += [f"{curve.given['kind']}, {curve.given['law']}: {fit}" for curve, fit in decays(tails)]
    return "\n".join(lines)


def figures() -> None:
    """Success for uniform samples, for all laws, and the decay."""
    from matplotlib.figure import Figure

    answers = stored("rss")
    single, every = pick(answers, "rss-target"), pick(answers, "rss-interval")
    epsilons = (0.1, 0.01, 0.001)

    figure = Figure(figsize=(11, 4.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    n = np.arange(1, 33)
    plots.success_curve(
        [single["uniform", e].between(high=24) for e in epsilons], ax=left,
        theory={f"predicted, {e:g}": (n[:24], one_target(n[:24], e, "uniform")) for e in epsilons},
    )  # fmt: skip
    left.set_title("one target of [-1, 1], U[-1, 1]", fontsize=10)
    plots.success_curve(
        [every["uniform", e] for e in epsilons], ax=right,
        theory={f"predicted, {e:g}": (n, all_targets(n, e, "uniform")) for e in epsilons},
    )  # fmt: skip
    for e in epsilons:
        right.axvline(int(bounds.rss_n_counting(e)), color="#999999", lw=1, ls="--")
    right.plot([], [], color="#999999", lw=1, ls="--", label="necessary: counting")
    for e in epsilons:
        right.axvline(promised(e, "uniform", 0.9), color="#999999", lw=1.4)
    right.plot([], [], color="#999999", lw=1.4, label="proven to suffice for 90 %")
    right.set_title("all targets of [-1/2, 1/2] at once, U[-1, 1]", fontsize=10)
    right.legend(frameon=False, fontsize=8)
    plots.save(figure, FIGURES / "rss.png")

    figure = Figure(figsize=(6.5, 4.4), layout="constrained")
    ax = figure.subplots()
    plots.success_curve([every[law, 0.01] for law in LAWS], ax=ax)
    ax.set_title(r"all targets of [-1/2, 1/2], $\varepsilon$ = 0.01", fontsize=10)
    plots.save(figure, FIGURES / "rss_laws.png")

    figure = Figure(figsize=(7.5, 5), layout="constrained")
    ax = figure.subplots()
    draw_decay(decays(stored("rss_decay")), ax)
    plots.save(figure, FIGURES / "rss_decay.png")


def draw_decay(found: Iterable[tuple[Curve, Decay]], ax: object) -> None:
    """Failure on a logarithmic scale, with the explicit bound of the curve for all targets."""
    pairs = list(found)
    n = np.arange(20, 60)
    bound = bounds.rss_failure_explicit(n, 0.1)
    curves = [curve for curve, _ in pairs]
    plots.failure_decay(
        curves, ax=ax, fits=[fit for _, fit in pairs],  # type: ignore[arg-type]
        theory={r"proven: all targets, $\varepsilon$ = 0.1, rate ln(4/3) = 0.288": (n, bound)},
    )  # fmt: skip
    what = {"rss-target": "one target", "rss-interval": "all targets"}
    names = [f"{what[c.given['kind']]}, {c.given['law']}, epsilon = {c.given['epsilon']:g}" for c in curves]
    handles, labels = ax.get_legend_handles_labels()  # type: ignore[attr-defined]
    ax.legend(handles, [*names, *labels[len(names) :]], frameon=False, fontsize=8, loc="lower left")  # type: ignore[attr-defined]
