"""Where a success curve reaches a level: the samples, width or density at which P is 50, 90 or 99 %."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from slth.sweeps.curves.cells import Cells
from slth.sweeps.curves.curve import Curve
from slth.sweeps.curves.fits import Fit, fitted
from slth.sweeps.curves.links import LINKS, Link
from slth.sweeps.curves.monotone import before, exact_interval, first_reaching, isotonic, redrawn
from slth.sweeps.stopping import checked_confidence
from slth.validation import one_of, positive_int

Array = NDArray[np.float64]
PARAMETRIC = ("logit", "probit", "cloglog")
METHODS = ("isotonic", *PARAMETRIC)
INTERVALS = ("exact", "likelihood", "bootstrap")


class Status(Enum):
    """Where a threshold lies; nothing is claimed about places beyond the first and the last value that was measured."""

    INSIDE = "inside the grid"
    BELOW = "at or below the first value of the grid"
    ABOVE = "above the last value of the grid"


@dataclass(frozen=True)
class ThresholdEstimate:
    """The smallest x at which the probability is `level`, estimated.

    Attributes
    ----------
    level : float
    value : float
        Of the isotonic fit the first value of the grid that reaches the level: the threshold itself lies in `between`. -inf if the
        first value of the grid reaches it, inf if none does.
    lower, upper : float
        Confidence interval, without its lower end: (lower, upper]. -inf and inf where the data within the grid set no limit.
    confidence : float
    method : str
        Curve and interval, as ``isotonic, exact``.
    status : Status
    between : (float, float) or None
        Values of the grid between which the data do not tell; None where a model tells.
    grid : (float, float)
        First and last value.
    p_value : float
        Goodness of fit of a model: small if it does not describe the data. NaN if there is none.
    """

    level: float
    value: float
    lower: float
    upper: float
    confidence: float
    method: str
    status: Status
    between: tuple[float, float] | None
    grid: tuple[float, float]
    p_value: float = math.nan

    def __str__(self) -> str:
        first, last = self.grid
        shown = {Status.BELOW: f"<= {first:g}", Status.ABOVE: f"> {last:g}"}.get(self.status, f"{self.value:.6g}")
        low = "..." if self.lower == -math.inf else f"{self.lower:.6g}"
        high = "..." if self.upper == math.inf else f"{self.upper:.6g}"
        fit = "" if math.isnan(self.p_value) else f", fit p = {self.p_value:.2g}"
        return f"{100 * self.level:g}%: {shown} in ({low}, {high}] ({self.method}, {100 * self.confidence:g}%{fit})"


def find_thresholds(
    curve: Curve,
    levels: tuple[float, ...] = (0.5, 0.9, 0.99),
    *,
    method: str = "isotonic",
    interval: str | None = None,
    scale: str = "linear",
    confidence: float = 0.95,
    rng: np.random.Generator | int | None = None,
    draws: int = 1000,
) -> tuple[ThresholdEstimate, ...]:
    """Where the curve reaches each level.

    Parameters
    ----------
    curve : Curve
    levels : tuple of float
        In (0, 1).
    method : {"isotonic", "logit", "probit", "cloglog"}
        No more than that the probability does not fall (the likeliest such curve, by pooling adjacent violators), or a model F(a + b x),
        b >= 0, fitted by maximum likelihood.
    interval : {"exact", "likelihood", "bootstrap"}
        "exact", the default of "isotonic": from the intervals of the points, as exact as they are, for any curve that does not fall.
        "likelihood", the default of models: all thresholds that the model explains almost as well as the likeliest (profile likelihood,
        chi-squared with one degree of freedom). "bootstrap": percentiles over data drawn again, from the model or, without, from the
        observed shares; those know no other outcomes than seen, so that points with rate 0 or 1 never change.
    scale : {"linear", "log"}
        Whether a model is in x or in log x.
    confidence : float
        Of "likelihood" and "bootstrap"; that of "exact" is the one of the curve's intervals.
    rng : Generator or int, optional
        For "bootstrap".
    draws : int
        Of the bootstrap.

    Raises
    ------
    ValueError
        If the curve has no points or no trials, a level is not in (0, 1), method and interval do not go together, or `scale` is "log" with
        x <= 0.

    Notes
    -----
    Models and bootstrap use trials and successes only; the likelihood after a rule that stopped at enough successes is what it is without.
    Why "exact" is exact: `slth.sweeps.curves.monotone.exact_interval`.
    """
    levels = tuple(_level(level) for level in levels)
    one_of(method, METHODS, "method")
    by = one_of(interval or ("exact" if method == "isotonic" else "likelihood"), INTERVALS, "interval")
    if by == ("likelihood" if method == "isotonic" else "exact"):
        raise ValueError(
            f'interval "{by}" does not go with method {method!r}; choose another of {", ".join(INTERVALS)}'
        )
    one_of(scale, ("linear", "log"), "scale")
    checked_confidence(confidence)
    positive_int(draws, "draws")
    if curve.x.size == 0 or (curve.trials == 0).any():
        raise ValueError(f"every point of a curve needs trials, got {curve.trials.tolist()}; leave the others away")
    generator = np.random.default_rng(rng)
    if method == "isotonic":
        return tuple(_isotonic(curve, levels, by, confidence, generator, draws))
    return tuple(_modelled(curve, levels, LINKS[method], by, scale, confidence, generator, draws))


def _isotonic(
    curve: Curve, levels: tuple[float, ...], by: str, confidence: float, rng: np.random.Generator, draws: int
) -> list[ThresholdEstimate]:
    places, rates = isotonic(curve.x, curve.successes, curve.trials)
    confidence = curve.estimates[0].confidence if by == "exact" else confidence
    again = redrawn(curve, rng, draws) if by == "bootstrap" else []
    found = []
    for level in levels:
        value = first_reaching(places, rates, level)
        if by == "exact":
            low, high = exact_interval(curve, level)
        else:
            low, high = _percentiles(np.array([first_reaching(places, r, level) for r in again]), confidence)
            low = before(places, low)  # a first value of the grid stands for all after the one before it
        found.append(
            _told(level, value, low, high, places, (before(places, value), value), confidence, f"isotonic, {by}")
        )
    return found


def _modelled(
    curve: Curve,
    levels: tuple[float, ...],
    link: Link,
    by: str,
    scale: str,
    confidence: float,
    rng: np.random.Generator,
    draws: int,
) -> list[ThresholdEstimate]:
    if scale == "log" and curve.x[0] <= 0:
        raise ValueError(f'scale "log" needs {curve.along} > 0, got {curve.x[0]:g}; use scale "linear"')
    raw = np.log(curve.x) if scale == "log" else curve.x
    centre, unit = float(raw.mean()), float(np.ptp(raw)) or 1.0
    cells = Cells.of(replace(curve, x=(raw - centre) / unit))
    fit = fitted(cells, link)
    drawn: Fit | None = None
    if by == "bootstrap":
        shares = np.exp(fit.likelihood.log_shares(fit.a, fit.b))
        drawn = fitted(cells.drawn(shares, rng, draws), link, (float(fit.a), float(fit.b)))

    def back(z: float) -> float:
        if not math.isfinite(z):
            return z
        # a value of the grid comes back as itself
        if z in cells.places:
            return float(curve.x[np.searchsorted((raw - centre) / unit, z)])
        x = centre + unit * z
        return math.exp(x) if scale == "log" else x

    found = []
    for level in levels:
        q = float(link.quantile(np.array(level)))
        value, step = _of_fit(fit, q), cells.step
        if drawn is None:
            low, high = _profile(fit, q, value, confidence)
        else:
            again = np.array([_crossing(a, b, q) for a, b in zip(drawn.a.tolist(), drawn.b.tolist(), strict=True)])
            low, high = _percentiles(_within(again, cells.places), confidence)
            if step is not None:  # all data drawn from a step are the same
                low, high = min(low, step[0]), max(high, step[1])
        gap = None if step is None else (back(step[0]), back(step[1]))
        name = f"{link.name}{' in log' if scale == 'log' else ''}, {by}"
        found.append(_told(level, back(value), back(low), back(high), curve.x, gap, confidence, name, fit.p_value))
    return found


def _of_fit(fit: Fit, q: float) -> float:
    """Where a fit reaches the level, -inf or inf if that is beyond the grid."""
    places, step = fit.likelihood.cells.places, fit.likelihood.cells.step
    if step is not None:
        return -math.inf if step[0] == -math.inf else math.inf if step[1] == math.inf else sum(step) / 2
    return float(_within(np.array(_crossing(float(fit.a), float(fit.b), q)), places))


def _crossing(a: float, b: float, q: float) -> float:
    return (q - a) / b if b > 0 else -math.inf if a >= q else math.inf


def _within(values: Array, places: Array) -> Array:
    """-inf up to the first place, inf beyond the last."""
    return np.where(values <= places[0], -np.inf, np.where(values > places[-1], np.inf, values))


def _profile(fit: Fit, q: float, value: float, confidence: float) -> tuple[float, float]:
    """All thresholds within the grid whose likelihood is high enough; an interval, since the likelihood is log-concave in (a, b)."""
    places = fit.likelihood.cells.places
    steepest = fit.likelihood.cells.steepest()
    wanted = math.sqrt(float(stats.chi2.ppf(confidence, 1)))

    def excess(x: float) -> float:
        """Root of the deviance from the best, nearly linear in x, less what the interval allows."""
        short = float(fit.value) - fit.along((q, 0.0), (-x, 1.0), float(fit.b), 0.0, steepest)
        return math.sqrt(min(max(2 * short, 0.0), 1e300)) - wanted

    first, last = float(places[0]), float(places[-1])
    if first == last:
        at = excess(first)
        return (-math.inf, math.inf) if at < 0 else (first, math.inf) if value > first else (-math.inf, first)
    middle = min(max(value, first), last)
    if excess(middle) >= 0:  # even the nearest place of the grid is excluded
        return (last, math.inf) if value > last else (-math.inf, first)
    low = -math.inf if excess(first) < 0 else optimize.brentq(excess, first, middle, xtol=1e-8)
    high = math.inf if excess(last) < 0 else optimize.brentq(excess, middle, last, xtol=1e-8)
    return float(low), float(high)


def _percentiles(values: Array, confidence: float) -> tuple[float, float]:
    tail = (1 - confidence) / 2
    low, high = np.quantile(values, tail, method="lower"), np.quantile(values, 1 - tail, method="higher")
    return float(low), float(high)


def _told(
    level: float, value: float, low: float, high: float, places: Array, between: tuple[float, float] | None, confidence: float,
    method: str, p_value: float = math.nan,
) -> ThresholdEstimate:  # fmt: skip
    first, last = float(places[0]), float(places[-1])
    status = Status.BELOW if value == -math.inf else Status.ABOVE if value == math.inf else Status.INSIDE
    # beyond the grid an interval says no more than that
    low, high = min(low, value, last), max(high, value, first)
    gap = between if status is Status.INSIDE else None
    return ThresholdEstimate(level, value, low, high, confidence, method, status, gap, (first, last), p_value)


def _level(level: float) -> float:
    if isinstance(level, bool) or not 0 < level < 1:
        raise ValueError(f"a level must be in (0, 1), such as 0.5, got {level!r}")
    return float(level)
