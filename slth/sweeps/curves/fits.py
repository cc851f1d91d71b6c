"""Maximum likelihood of curves F(a + b x), for trials of which one knows between which x they began to succeed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from slth.sweeps.curves.cells import Cells
from slth.sweeps.curves.links import Link

Array = NDArray[np.float64]
_MOST_STEPS = 200


@dataclass(frozen=True)
class Likelihood:
    """Of F(a + b x) given cells."""

    cells: Cells
    link: Link

    def log_shares(self, a: Array, b: Array) -> Array:
        """(..., cells): log of the probability of each cell."""
        return self._parts(np.asarray(a), np.asarray(b))[0]

    def value(self, a: Array | float, b: Array | float) -> Array:
        """(...,): the log-likelihood."""
        return self._sum(self.log_shares(np.asarray(a, np.float64), np.asarray(b, np.float64)))

    def derivatives(self, a: Array, b: Array) -> tuple[Array, Array, Array]:
        """(...,), (..., 2), (..., 2, 2): value, gradient and second derivatives in (a, b)."""
        log_p, eta, log_f = self._parts(a, b)
        counts = self.cells.counts
        # rates of change of log p when the upper or the lower end moves
        with np.errstate(invalid="ignore"):
            ratio = [np.fmin(np.where(counts > 0, part - log_p, -np.inf), 300.0) for part in log_f]
        up, down = np.exp(ratio[0]), np.exp(ratio[1])
        slope_up, slope_down = (np.where(r > 0, self.link.slope(e), 0.0) for r, e in zip((up, down), eta, strict=True))
        x_up, x_down = (np.where(np.isfinite(x), x, 0.0) for x in (self.cells.high, self.cells.low))
        first = np.stack([(counts * (up * x_up**i - down * x_down**i)).sum(-1) for i in (0, 1)], axis=-1)
        second = np.stack(
            [
                (counts * (up * slope_up * x_up**i - down * slope_down * x_down**i)).sum(-1)
                - (
                    counts
                    * (up * x_up ** (i > 0) - down * x_down ** (i > 0))
                    * (up * x_up ** (i > 1) - down * x_down ** (i > 1))
                ).sum(-1)
                for i in (0, 1, 2)
            ],
            axis=-1,
        )
        return self._sum(log_p), first, second[..., [[0, 1], [1, 2]]]

    def _parts(self, a: Array, b: Array) -> tuple[Array, tuple[Array, Array], tuple[Array, Array]]:
        """log p of the cells; a + b x at upper and lower ends, and log f there."""
        link, ends = self.link, (self.cells.high, self.cells.low)
        finite = [np.isfinite(x) for x in ends]
        with np.errstate(all="ignore"):
            eta = [a[..., None] + b[..., None] * np.where(some, x, 0.0) for some, x in zip(finite, ends, strict=True)]
            below = [
                np.where(some, link.log_below(e), s) for some, e, s in zip(finite, eta, (0.0, -np.inf), strict=True)
            ]
            above = [
                np.where(some, link.log_above(e), s) for some, e, s in zip(finite, eta, (-np.inf, 0.0), strict=True)
            ]
            # F(h) - F(l) from the side on which less cancels
            lower = below[0] + np.log1p(-np.exp(below[1] - below[0]))
            upper = above[1] + np.log1p(-np.exp(above[0] - above[1]))
            log_p = np.where(np.isneginf(below[1]), below[0], np.where(below[0] < above[1], lower, upper))
            log_p = np.where(np.isneginf(above[0]), above[1], log_p)
            log_p = np.where(
                np.isneginf(below[1]) & np.isneginf(above[0]), 0.0, np.where(np.isnan(log_p), -np.inf, log_p)
            )
            density = [np.where(some, link.log_density(e), -np.inf) for some, e in zip(finite, eta, strict=True)]
        return log_p, (eta[0], eta[1]), (density[0], density[1])

    def _sum(self, log_p: Array) -> Array:
        counts = self.cells.counts
        return np.asarray(np.where(counts > 0, counts * np.where(counts > 0, log_p, 0.0), 0.0).sum(axis=-1))


@dataclass(frozen=True)
class Fit:
    """The likeliest a + b x, b >= 0, for one data set or for each of many.

    Attributes
    ----------
    likelihood : Likelihood
    a, b : (...,) float64
    value : (...,) float64
        The log-likelihood there.
    """

    likelihood: Likelihood
    a: Array
    b: Array
    value: Array

    @property
    def deviance(self) -> float:
        """Twice what the log-likelihood falls short of that of the observed shares: about chi-squared if the model holds."""
        return max(0.0, 2 * float(self.likelihood.cells.saturated - self.value))

    @property
    def degrees(self) -> int:
        """Degrees of freedom of the deviance: cells that could differ, less the two parameters."""
        cells = self.likelihood.cells
        return max(cells.low.size - np.unique(cells.run).size - 2, 0)

    @property
    def p_value(self) -> float:
        """How often chi-squared exceeds the deviance: small if the model does not fit, near 1 too where cells hold few trials."""
        return float(stats.chi2.sf(self.deviance, self.degrees)) if self.degrees else float("nan")

    def along(
        self, at: tuple[float, float], towards: tuple[float, float], start: float, least: float, most: float
    ) -> float:
        """The largest log-likelihood at (a, b) = at + t towards with least <= t <= most, by Newton's method from `start`."""
        direction = np.array(towards)

        def place(t: float) -> tuple[Array, Array]:
            return np.array(at[0] + t * towards[0]), np.array(at[1] + t * towards[1])

        t = min(max(start, least), most)
        for _ in range(_MOST_STEPS):
            value, gradient, second = self.likelihood.derivatives(*place(t))
            slope, bend = float(gradient @ direction), float(direction @ second @ direction)
            step = slope / max(-bend, 1e-12 * abs(slope), 1e-300)
            onward = min(max(t + step, least), most)
            if not abs((onward - t) * slope) > 1e-11:
                break
            while not self.likelihood.value(*place(onward)) >= value and abs(onward - t) > 1e-14 * abs(t):
                onward = (t + onward) / 2
            t = onward
        return float(value)


def fitted(cells: Cells, link: Link, start: tuple[float, float] | None = None) -> Fit:
    """Maximum likelihood with b >= 0, by Newton's method on a concave function.

    A step that explains everything has no finite likeliest b; the fit then ends where steeper no longer tells.
    """
    likelihood = Likelihood(cells, link)
    first = _start(cells, link) if start is None else start
    a, b = (np.full(cells.counts.shape[:-1], value) for value in first)
    a, b, value = _climbed(likelihood, a, b)
    falling = b <= 0
    if falling.any():
        early = np.where(np.isneginf(cells.low), cells.counts, 0.0).sum(-1)
        constant = link.quantile(np.clip(early / cells.counts.sum(-1), 1e-300, 1 - 1e-16))
        a, b = np.where(falling, constant, a), np.where(falling, 0.0, b)
        value = np.where(falling, likelihood.value(a, b), value)
    return Fit(likelihood, a, b, value)


def _start(cells: Cells, link: Link) -> tuple[float, float]:
    """A line through the observed shares, slightly smoothed."""
    x, eta = [], []
    for label in np.unique(cells.run):
        some = cells.run == label
        passed = cells.counts[some].cumsum()
        x.append(cells.high[some][:-1])
        eta.append(link.quantile((passed[:-1] + 0.5) / (passed[-1] + 1)))
    place, value = np.concatenate(x), np.concatenate(eta)
    spread = float(place.var())
    b = float(((place - place.mean()) * (value - value.mean())).mean()) / spread if spread > 0 else 0.0
    b = max(b, 1e-3)
    a = float(value.mean()) - b * float(place.mean())
    if link.name == "exponential":  # nothing is defined below 0
        a = max(a, 1e-2 - b * float(place.min()))
    return a, b


def _climbed(likelihood: Likelihood, a: Array, b: Array) -> tuple[Array, Array, Array]:
    """Newton's steps, each halved until it climbs."""
    steepest = likelihood.cells.steepest()
    value, gradient, second = likelihood.derivatives(a, b)
    for _ in range(_MOST_STEPS):
        size = np.abs(second).max(axis=(-2, -1), initial=1e-300)[..., None, None]
        step = np.linalg.solve(1e-10 * size * np.eye(2) - second, gradient[..., None])[..., 0]
        gain = (step * gradient).sum(-1)  # twice what a parabola promises
        going = (gain > 1e-10) & (np.abs(b) < steepest)
        if not going.any():
            break
        length = np.where(going, 1.0, 0.0)
        for _ in range(60):
            onward = likelihood.value(a + length * step[..., 0], b + length * step[..., 1])
            short = going & ~(onward >= value)
            if not short.any():
                break
            length = np.where(short, length / 2, length)
        length = np.where(short, 0.0, length)
        if not (length > 0).any():
            break
        a, b = a + length * step[..., 0], b + length * step[..., 1]
        value, gradient, second = likelihood.derivatives(a, b)
    return a, b, value
