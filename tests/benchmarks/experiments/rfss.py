"""Random fixed-size subset sum (Natale et al. 2024): the phase diagram, the constants c_hyp and c_amp, and log against log^2."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from slth import bounds, plots
from slth.bounds.table import Table
from slth.sweeps import Collected
from slth.sweeps.curves.curve import Curve, curves_of
from slth.sweeps.curves.scaling import Scaling, compare_scalings, near
from slth.sweeps.curves.thresholds import find_thresholds
from slth.sweeps.findings.fixed_size import Needed, at_density, entropy, largest, needed, predicted_cover
from tests.benchmarks.experiments.sweeping import FIGURES, measured, stored

Floats = NDArray[np.float64]
EPSILONS = (0.1, 0.01, 0.001, 0.0001)
RATIOS = (4, 3, 2)  # n / k
FORMS = ("b x", "a + b x", "b x^2", "a + b x^2", "b x^p")
TARGETS = {"drawn from [-sqrt k, sqrt k]": (0.0, 1.0), "0": (0.0, 0.0), "sqrt k": (1.0, 0.0)}  # target, spread


def of_target(answers: Iterable[Collected], name: str) -> list[Collected]:
    """Those with this kind of target."""
    return [one for one in answers if (one.task.target, one.task.spread) == TARGETS[name]]  # type: ignore[attr-defined]


def constants(answers: Iterable[Collected]) -> Table:
    """The smallest c_hyp with which every k and epsilon measured succeed often enough, with simultaneous 95 % intervals."""
    answers, rows = list(answers), []
    for name in TARGETS:
        some = of_target(answers, name)
        for level in (0.5, 0.9, 0.99):
            each = needed(some, lambda epsilon, level=level: level, 1)
            value, lower, upper = largest(each)
            worst = max((one for one in each if math.isfinite(one.samples.upper)), key=lambda one: one.value)
            seen = sum(math.isfinite(one.samples.upper) for one in each)
            rows.append((name, level, value, lower, upper, worst.k, worst.epsilon, f"{seen} of {len(each)}"))
    names = ("target", "P", "c_hyp", "lower", "upper", "at k", "epsilon", "k and epsilon decided")
    return Table(names, tuple(rows))


def at_entropy(answers: Iterable[Collected], name: str) -> list[tuple[int, float, int, float, float, float]]:
    """(k, epsilon, n, P, lower, upper) at the first n >= 2k with n H2(k/n) >= log2(k/epsilon): where Theorem 2 with c_hyp = 1 begins."""
    rows = []
    for curve in curves_of(of_target(answers, name), "n"):
        k, epsilon = int(curve.given["k"]), float(curve.given["epsilon"])
        n = int(bounds.rfss_n(k, epsilon))
        for x, found in zip(curve.x.tolist(), curve.estimates, strict=True):
            if x == n:
                rows.append((k, epsilon, n, found.rate, found.lower, found.upper))
    return rows


def amplified(answers: Iterable[Collected]) -> tuple[Needed, ...]:
    """What c_amp has to be for each k and epsilon: all targets, probability 1 - epsilon, epsilon < 1/2."""
    return needed(answers, lambda epsilon: 1 - epsilon, 2)


@dataclass(frozen=True)
class Bits:
    """n H2(k/n) that all targets need at one density, against log2(k/epsilon)."""

    ratio: int
    level: str
    epsilons: Floats
    x: Floats
    y: Floats
    lower: Floats
    upper: Floats
    fits: tuple[Scaling, ...]
    table: Table


def bits(answers: Iterable[Collected], ratio: int, level: float | None = None) -> Bits:
    """Thresholds at one density by a local probit fit; `level` None stands for 1 - epsilon, the one of Corollary 1."""
    rows = []
    for epsilon, curve in at_density(answers, ratio).items():
        wanted = 1 - epsilon if level is None else level
        if not (curve.rate >= wanted).any() or (curve.rate >= wanted)[0]:
            continue
        found = find_thresholds(near(curve, wanted), (wanted,), method="probit")[0]
        if math.isfinite(found.lower) and math.isfinite(found.upper) and math.isfinite(found.value):
            ends = [entropy(n, n / ratio) for n in (found.value, found.lower, found.upper)]
            rows.append((epsilon, math.log2(found.value / ratio / epsilon), *ends))
    epsilons, x, y, lower, upper = np.array(rows).T
    fits, table = compare_scalings(x, y, lower, upper, FORMS)
    return Bits(ratio, "1 - epsilon" if level is None else f"{level:g}", epsilons, x, y, lower, upper, fits, table)


def predicted_bits(ratio: int, epsilon: float, level: float | None = None) -> tuple[float, float]:
    """(log2(k/epsilon), n H2(k/n)) where `predicted_cover` reaches 1 - epsilon, or another level; a line in the probit between whole k."""
    wanted = stats.norm.ppf(1 - epsilon if level is None else level)
    low, high = 1, 1
    while _probit(ratio, high, epsilon) < wanted:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _probit(ratio, middle, epsilon) >= wanted else (middle, high)
    ends = [_probit(ratio, k, epsilon) for k in (low, high)]
    k = low + (wanted - ends[0]) / (ends[1] - ends[0]) if ends[1] > ends[0] else float(high)
    return math.log2(k / epsilon), entropy(ratio * k, k)


def _probit(ratio: int, k: int, epsilon: float) -> float:
    chance = predicted_cover(ratio * k, k, epsilon, draws=10_000)
    return float(stats.norm.ppf(min(max(chance, 1e-6), 1 - 1e-6)))


def run(quick: bool = False, workers: int | None = None) -> str:
    """Measure, store, and tell."""
    one = measured("rfss", quick=quick, workers=workers, trials=50, part=slice(None, None, 8))
    every = measured("rfss_all", quick=quick, workers=workers, trials=50, part=slice(None, None, 40))
    return one[0].table().text() if quick else report(one, every)


def report(one: Iterable[Collected], every: Iterable[Collected]) -> str:
    """All tables."""
    one, every = list(one), list(every)
    lines = [constants(one).text()]
    for name in TARGETS:
        rows = at_entropy(one, name)
        k, epsilon, n, rate, low, high = min(rows, key=lambda row: row[3])
        lines.append(
            f"target {name}: at n = rfss_n(k, epsilon), c_hyp = 1, success in {len(rows)} places from {rate:.3f} "
            f"({low:.3f} to {high:.3f}; k = {k}, epsilon = {epsilon:g}, n = {n}) to {max(row[3] for row in rows):.3f}"
        )
    each = amplified(every)
    for epsilon in sorted({found.epsilon for found in each}, reverse=True):
        some = [found for found in each if found.epsilon == epsilon]
        decided = [found.k for found in some if math.isfinite(found.samples.upper)]
        if decided:
            value, lower, upper = largest(some)
            lines.append(
                f"c_amp at epsilon = {epsilon:g}: {value:.2f} ({lower:.2f} to {upper:.2f}); decided for k = {_spans(decided)}"
            )
    for ratio in RATIOS:
        for level in (None, 0.5):
            found = bits(every, ratio, level)
            lines.append(
                f"density 1/{ratio}, P = {found.level}, epsilon {found.epsilons.max():g} to {found.epsilons.min():g}"
            )
            lines.append(found.table.text())
    return "\n".join(lines)


def _spans(numbers: list[int]) -> str:
    """1, 2 and 5 to 8."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]} to {run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def figures() -> None:
    """The phase diagram, the constants, and log against log^2."""
    from matplotlib.figure import Figure

    one, every = stored("rfss"), stored("rfss_all")
    figure = Figure(figsize=(11, 8.5), layout="constrained")
    for epsilon, ax in zip(EPSILONS, figure.subplots(2, 2).flat, strict=True):
        draw_diagram(one, epsilon, ax)
    plots.save(figure, FIGURES / "phase_diagram.png")

    figure = Figure(figsize=(11, 4.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    draw_bits([bits(every, ratio) for ratio in RATIOS], left)
    left.set_title(r"all targets with probability $1 - \varepsilon$", fontsize=10)
    draw_bits([bits(every, ratio, 0.5) for ratio in RATIOS], right)
    right.set_title("all targets with probability 1/2", fontsize=10)
    plots.save(figure, FIGURES / "log_or_log_squared.png")


def draw_diagram(answers: Iterable[Collected], epsilon: float, ax: object) -> None:
    """One epsilon: measured success, the entropy condition, and where the predictor gives 50 %."""
    drawn: list[Curve] = list(curves_of(of_target(answers, "drawn from [-sqrt k, sqrt k]"), "n", epsilon=epsilon))
    density = np.linspace(0.03, 0.985, 150)
    n = np.arange(2, 31, 2)
    line = [(_least(lambda n, g=g: entropy(n, g * n) - math.log2(max(g * n, 1) / epsilon)), g) for g in density]
    theory = {r"$n H_2(k/n) = \log_2(k/\varepsilon)$": tuple(np.array(line).T)}
    edges = [(size, *found) for size in n.tolist() if (found := _crossings(size, epsilon))]
    if edges:
        sizes, low, high = np.array(edges).T
        theory["predicted 50 %"] = (np.r_[sizes[::-1], sizes], np.r_[low[::-1], high])
    plots.phase_diagram(drawn, ax=ax, theory=theory)  # type: ignore[arg-type]
    ax.set_title(rf"$\varepsilon$ = {epsilon:g}", fontsize=10)  # type: ignore[attr-defined]
    ax.set_xlim(1.5, 30.5)  # type: ignore[attr-defined]
    ax.set_ylim(0, 1)  # type: ignore[attr-defined]


def _crossings(n: int, epsilon: float) -> tuple[float, float] | None:
    """Densities at which `bounds.rfss_success_prob`, averaged over targets from [-sqrt k, sqrt k], crosses 1/2 upwards and downwards."""
    nodes, weights = np.polynomial.legendre.leggauss(4)
    k = np.arange(1, n)
    z = np.sqrt(k)[:, None] * (nodes + 1) / 2
    chance = bounds.rfss_success_prob(n, k[:, None], epsilon, z) @ weights / 2 - 0.5
    some = np.flatnonzero(chance >= 0)
    if not some.size:
        return None

    def between(i: int, j: int) -> float:
        return (
            float(k[i] + (k[j] - k[i]) * chance[i] / (chance[i] - chance[j])) / n
            if 0 <= j < k.size
            else float(k[i]) / n
        )

    return between(int(some[0]), int(some[0]) - 1), between(int(some[-1]), int(some[-1]) + 1)


def _least(grows) -> float:  # type: ignore[no-untyped-def]
    low, high = 1.0, 400.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if grows(middle) >= 0 else (middle, high)
    return high


def draw_bits(found: Iterable[Bits], ax: object) -> None:
    """Measured bits with intervals, fits linear and quadratic in the logarithm, and the predictor."""
    series, fits, theory = {}, {}, {}
    for number, one in enumerate(found):
        name = f"1/{one.ratio}"
        series[f"density {name}"] = (one.x, one.y, one.lower, one.upper)
        x = np.linspace(0.85 * one.x.min(), 1.05 * one.x.max(), 100)
        by = {fit.form: fit for fit in one.fits}
        line = by["a + b x"].values
        fits[f"{name}: {line['b']:.2f} x {line['a']:+.2f}"] = (x, by["a + b x"](x))
        if not number:
            theory[f"{name}: best multiple of $x^2$"] = (x, by["b x^2"](x))
        level = None if one.level == "1 - epsilon" else float(one.level)
        foreseen = [predicted_bits(one.ratio, epsilon, level) for epsilon in one.epsilons.tolist()]
        theory[f"{name}: predicted"] = tuple(np.array(sorted(foreseen)).T)
    plots.scaling(
        series, ax=ax, fits=fits, theory=theory,  # type: ignore[arg-type]
        xlabel=r"$x = \log_2(k / \varepsilon)$", ylabel=r"$n H_2(k/n)$ needed",
    )  # fmt: skip
