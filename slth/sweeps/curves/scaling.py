"""How a measured quantity grows: competing forms fitted to values with intervals, and told apart."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, stats

from slth.bounds.table import Table
from slth.sweeps.curves.curve import Curve
from slth.sweeps.stopping import checked_confidence
from slth.validation import one_of

Array = NDArray[np.float64]
FORMS: Final[dict[str, tuple[tuple[str, ...], Callable[..., Array]]]] = {
    "b x": (("b",), lambda x, b: b * x),
    "a + b x": (("a", "b"), lambda x, a, b: a + b * x),
    "b x^2": (("b",), lambda x, b: b * x**2),
    "a + b x^2": (("a", "b"), lambda x, a, b: a + b * x**2),
    "b x^p": (("b", "p"), lambda x, b, p: b * x**p),
    "a + b x + c x^2": (("a", "b", "c"), lambda x, a, b, c: a + b * x + c * x**2),
    "b x + c x log2(x)": (("b", "c"), lambda x, b, c: b * x + c * x * np.log2(x)),
    "b x + c x^3": (("b", "c"), lambda x, b, c: b * x + c * x**3),
}


@dataclass(frozen=True)
class Scaling:
    """One form, fitted.

    Attributes
    ----------
    form : str
        A key of `FORMS`.
    values, lower, upper : mapping of str to float
        The coefficients and their intervals.
    confidence : float
    chi_squared : float
        Sum of squared misses in units of the standard errors.
    degrees : int
        Points less coefficients.
    points : int
    """

    form: str
    values: dict[str, float]
    lower: dict[str, float]
    upper: dict[str, float]
    confidence: float
    chi_squared: float
    degrees: int
    points: int

    def __call__(self, x: ArrayLike) -> Array:
        """The fitted value."""
        return FORMS[self.form][1](np.asarray(x, np.float64), *self.values.values())

    @property
    def dispersion(self) -> float:
        """chi-squared by its degrees of freedom: about 1 if the form is true, and then intervals mean what they say."""
        return self.chi_squared / self.degrees if self.degrees else math.nan

    def aic(self, dispersion: float = 1.0) -> float:
        """Akaike's criterion up to a constant, smaller is better; with the dispersion of the widest form, its quasi-likelihood version."""
        return self.chi_squared / dispersion + 2 * len(self.values)

    def __str__(self) -> str:
        shown = ", ".join(
            f"{name} = {value:.4g} ({self.lower[name]:.4g} to {self.upper[name]:.4g})"
            for name, value in self.values.items()
        )
        return f"{self.form}: {shown}; chi-squared {self.chi_squared:.3g} on {self.degrees}"


def fit_scaling(
    x: ArrayLike, y: ArrayLike, lower: ArrayLike, upper: ArrayLike, form: str, *, confidence: float = 0.95
) -> Scaling:
    """Least squares weighted by the intervals.

    Parameters
    ----------
    x, y : (points,) float64
    lower, upper : (points,) float64
        Intervals of the y, of `confidence`; taken for normal ones of half their width.
    form : str
        One of `FORMS`.
    confidence : float
        Of the given intervals, and of those of the coefficients. Where the misses are larger than the intervals explain, these are widened
        by the root of the dispersion.

    Raises
    ------
    ValueError
        If `form` is unknown, there are too few points, an interval has no length, or anything is not finite.
    """
    names, function = FORMS[one_of(form, tuple(FORMS), "form")]
    checked_confidence(confidence)
    places, values, low, high = (np.asarray(v, np.float64).ravel() for v in (x, y, lower, upper))
    if not places.size == values.size == low.size == high.size > len(names):
        raise ValueError(
            f"{form} needs more than {len(names)} points, each with its interval, got {places.size} and {values.size}"
        )
    if not all(np.isfinite(v).all() for v in (places, values, low, high)) or (high <= low).any():
        raise ValueError("points and intervals must be finite and of positive length; leave the others away")
    error = (high - low) / (2 * stats.norm.ppf((1 + confidence) / 2))
    start = np.ones(len(names))
    found, covariance = optimize.curve_fit(function, places, values, start, sigma=error, absolute_sigma=True)
    chi = float((((values - function(places, *found)) / error) ** 2).sum())
    degrees = places.size - len(names)
    wide = max(1.0, chi / degrees)
    reach = stats.t.ppf((1 + confidence) / 2, degrees) if wide > 1 else stats.norm.ppf((1 + confidence) / 2)
    half = reach * np.sqrt(np.diag(covariance) * wide)
    best, least, most = (dict(zip(names, v.tolist(), strict=True)) for v in (found, found - half, found + half))
    return Scaling(form, best, least, most, confidence, chi, degrees, int(places.size))


def compare_scalings(
    x: ArrayLike, y: ArrayLike, lower: ArrayLike, upper: ArrayLike, forms: Iterable[str], *, confidence: float = 0.95
) -> tuple[tuple[Scaling, ...], Table]:
    """All forms on the same points, and a table of them, the likeliest first.

    The column "behind" is how far Akaike's criterion lies above the best, after dividing by the smallest dispersion among the forms if
    that exceeds 1: 10 and more is decisive, 2 and less says nothing.
    """
    fits = tuple(fit_scaling(x, y, lower, upper, form, confidence=confidence) for form in forms)
    wide = max(1.0, min((fit.dispersion for fit in fits if fit.degrees), default=1.0))
    best = min(fit.aic(wide) for fit in fits)
    rows = sorted(
        (fit.aic(wide) - best, fit.form, str(fit).split(": ", 1)[1].split(";")[0], fit.chi_squared, fit.degrees)
        for fit in fits
    )
    shown = tuple((form, f"{behind:.1f}", values, f"{chi:.1f}", degrees) for behind, form, values, chi, degrees in rows)
    return fits, Table(("form", "behind", "coefficients", "chi-squared", "degrees"), shown)


def near(curve: Curve, level: float, *, reach: float = 1.0) -> Curve:
    """The part of a curve around a level, for a model that need not hold elsewhere: rates within `reach` normal quantiles of it.

    The points next to the level belong to it on either side, however steep the curve is.
    """
    away = np.abs(stats.norm.ppf(np.clip(curve.rate, 1e-12, 1 - 1e-12)) - stats.norm.ppf(level))
    some = np.flatnonzero(away <= reach)
    above = np.flatnonzero(curve.rate >= level)
    first = int(above[0]) if above.size else curve.x.size - 1
    ends = [max(first - 1, 0), first, *some.tolist()]
    return curve.between(float(curve.x[min(ends)]), float(curve.x[max(ends)]))
