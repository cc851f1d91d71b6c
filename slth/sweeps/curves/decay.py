"""How fast a failure probability falls: exp(-(a + rate * x)), fitted to trials."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, stats

from slth.sweeps.curves.cells import Cells
from slth.sweeps.curves.curve import Curve
from slth.sweeps.curves.fits import Fit, fitted
from slth.sweeps.curves.links import LINKS
from slth.sweeps.stopping import checked_confidence


@dataclass(frozen=True)
class Decay:
    """The likeliest exponential for a failure probability.

    Attributes
    ----------
    rate : float
        In natural units: one more of x makes failure exp(-rate) times as likely. Not negative.
    lower, upper : float
        Interval of the rate, by profile likelihood.
    confidence : float
    log_amplitude : float
        Natural logarithm of the fitted failure probability at x = 0, by extrapolation; may exceed 0.
    deviance, degrees, p_value
        Goodness of fit: deviance against chi-squared with so many degrees of freedom. A small p-value says that no exponential describes
        the data, and then neither rate nor interval mean anything.
    span : (float, float)
        Of x that was fitted.
    """

    rate: float
    lower: float
    upper: float
    confidence: float
    log_amplitude: float
    deviance: float
    degrees: int
    p_value: float
    span: tuple[float, float]

    def __call__(self, x: ArrayLike) -> NDArray[np.float64]:
        """Fitted failure probability, at most 1."""
        return np.minimum(1.0, np.exp(self.log_amplitude - self.rate * np.asarray(x, np.float64)))

    def __str__(self) -> str:
        return (
            f"failure = exp({self.log_amplitude:.4g} - {self.rate:.4g} x) for x from {self.span[0]:g} to {self.span[1]:g}: rate in "
            f"[{self.lower:.4g}, {self.upper:.4g}] ({100 * self.confidence:g}%), deviance {self.deviance:.3g} on {self.degrees} "
            f"(p = {self.p_value:.2g})"
        )


def fit_decay(curve: Curve, *, low: float = -np.inf, high: float = np.inf, confidence: float = 0.95) -> Decay:
    """Fit an exponential to the failures at low <= x <= high: a binomial model with log link (multinomial within a run).

    Parameters
    ----------
    curve : Curve
    low, high : float
        The tail is exponential at best from some x on: leave out what comes before. Values of x before the first success, where the
        exponential has reached 1, are left out anyway.
    confidence : float

    Raises
    ------
    ValueError
        If fewer than two values of x are left, or there are no failures or no successes among them.
    """
    checked_confidence(confidence)
    part = curve.between(low, high)
    failures = part.trials - part.successes
    if not failures.any() or not part.successes.any():
        raise ValueError(
            f"an exponential needs failures and successes; {int(failures.sum()):,} of {int(part.trials.sum()):,} trials at "
            f"{part.x.size} values of {curve.along} failed; take other values"
            + (" or more trials" if not failures.any() else "")
        )
    part = part.between(float(part.x[part.successes > 0].min()))
    failed = part.x[part.trials > part.successes]
    if np.unique(failed).size < 2:
        raise ValueError(
            f"a rate needs failures at two values of {curve.along} or more from the first success on, got {np.unique(failed).tolist()}; "
            "measure more trials, or values closer together"
        )
    ends = float(part.x[0]), float(part.x[-1])
    centre, unit = ends[0], ends[1] - ends[0]
    cells = Cells.of(Curve(part.along, part.given, (part.x - centre) / unit, part.estimates, part.run))
    fit = fitted(cells, LINKS["exponential"])
    rate = float(fit.b) / unit
    lower, upper = _profile(fit, confidence)
    at_zero = rate * centre - float(fit.a)
    return Decay(rate, lower / unit, upper / unit, confidence, at_zero, fit.deviance, fit.degrees, fit.p_value, ends)


def _profile(fit: Fit, confidence: float) -> tuple[float, float]:
    """All b whose likelihood is high enough, at the best a for each."""
    cells = fit.likelihood.cells
    wanted = math.sqrt(float(stats.chi2.ppf(confidence, 1)))
    first = float(cells.high[(cells.counts > 0) & np.isfinite(cells.high)].min())  # a success: its probability is not 0

    def excess(b: float) -> float:
        floor = -b * first  # of a
        start = max(float(fit.a), floor + 0.1)
        short = float(fit.value) - fit.along((0.0, b), (1.0, 0.0), start, floor, floor + 700.0)
        return math.sqrt(min(max(2 * short, 0.0), 1e300)) - wanted

    b, steepest = float(fit.b), cells.steepest()
    low = 0.0 if b <= 0 or excess(0.0) < 0 else float(optimize.brentq(excess, 0.0, b, xtol=1e-8 * b))
    high = b + max(b, 1e-3)
    while excess(high) < 0:
        high = b + 2 * (high - b)
        if high > steepest:
            return low, math.inf
    return low, float(optimize.brentq(excess, b, high, xtol=1e-8 * high))
