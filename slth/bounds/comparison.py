"""How the theorems compare: samples against error for random subset sum, overparameterisation against density for networks."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from slth.bounds.asked_of_source import for_network
from slth.bounds.hypotheses import Array
from slth.bounds.networks import dense, lower
from slth.bounds.networks.propagation import layer_shapes
from slth.bounds.subset_sums.asymptotic import rss_lueker_constant, rss_n_lueker, rss_tail_dacunha
from slth.bounds.subset_sums.covering import rss_cover_prob, rss_n_counting, rss_n_first_moment, rss_target_prob
from slth.bounds.subset_sums.explicit import rss_n_explicit
from slth.bounds.table import Table
from slth.validation import finite_array, positive_float

_SUFFICIENT, _PREDICTED, _NECESSARY = "sufficient", "predictor", "necessary"
_SMALLEST_DELTA: Final = 1e-3  # the predictors average over 65,536 draws; smaller probabilities are beyond them
_MOST: Final = 256  # samples, for predictors


@dataclass(frozen=True, eq=False)
class Curve:
    """The samples that one theorem or predictor asks for.

    Attributes
    ----------
    name : str
        Of the function in `slth.bounds` that it stands on.
    label : str
        For a legend: the name and what was chosen for its open constants.
    direction : {"sufficient", "predictor", "necessary"}
    n : (points,) float64
        Whole numbers; NaN where it does not apply.
    assumed : bool
        Whether it stands on a constant that was chosen and not proven.
    """

    name: str
    label: str
    direction: str
    n: Array
    assumed: bool = False


@dataclass(frozen=True, eq=False, repr=False)
class NeededSamples:
    """Samples of U[-1, 1] needed so that every target of [-1/2, 1/2] is within epsilon of a subset sum, with probability 1 - delta.

    Attributes
    ----------
    epsilons : (points,) float64
        From large to small.
    delta : float
    curves : tuple of Curve
        Sufficient numbers, then predicted, then necessary ones.
    """

    epsilons: Array
    delta: float
    curves: tuple[Curve, ...]

    def __getitem__(self, label: str) -> Curve:
        """The curve of a label, or the first of a name."""
        for curve in self.curves:
            if label in (curve.label, curve.name):
                return curve
        raise KeyError(f"no curve {label!r}; there are {', '.join(curve.label for curve in self.curves)}")

    def table(self) -> Table:
        """A row an epsilon, a column a curve."""
        rows = (
            (float(eps), *(None if np.isnan(n) else int(n) for n in numbers))
            for eps, *numbers in zip(self.epsilons, *(curve.n for curve in self.curves), strict=True)
        )
        legend = tuple(f"[{i}] {curve.direction}: {curve.label}" for i, curve in enumerate(self.curves, 1))
        about = f"samples of U[-1, 1] for all targets of [-1/2, 1/2] within epsilon, failure probability {self.delta:g}"
        return Table(("epsilon", *(f"[{i}]" for i in range(1, len(self.curves) + 1))), tuple(rows), (about, *legend))

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def needed_samples(epsilons: ArrayLike, delta: float = 0.01, C: float = 3.0) -> NeededSamples:
    """What each bound and predictor of random subset sum asks for, as the error shrinks.

    All are put on the same question: X_i i.i.d. U[-1, 1], every z in [-1/2, 1/2] within epsilon of a subset sum, all at once, with
    probability at least 1 - delta. Theorems on all of [-1, 1] answer it too. The one predictor and the one necessary number for a
    single target (z = 1/2) say how much of it is due to asking for all.

    Parameters
    ----------
    epsilons : (points,) float
        In (0, 1/2).
    delta : float
        In (0, 1); the predictors are NaN below 0.001, where they say nothing.
    C : float
        For the two theorems whose constant is not published. The default is a plausible size, no result: random subset sum with
        ``n = 3 log2(1 / epsilon)`` is what Pensia et al. use in their experiments. Smaller ones cannot all be true: for C < 1 / ln 2
        the curve of Lueker, for C < 1 that of da Cunha et al., falls below the counting bound as epsilon shrinks.

    Returns
    -------
    NeededSamples
        Draw it with `slth.plots.needed_samples`. Time: about 0.1 s a point, for the predictors.

    Raises
    ------
    ValueError
        If an epsilon or delta is out of range.
    """
    eps = np.unique(finite_array(epsilons, "epsilons").ravel())[::-1]
    if not eps.size or eps[0] >= 0.5 or eps[-1] <= 0:
        raise ValueError("epsilons must be at least one number in (0, 1/2), the half-width of the interval of targets")
    delta, C = positive_float(delta, "delta"), positive_float(C, "C")
    if delta >= 1:
        raise ValueError(f"delta must be < 1, got {delta:g}")
    assumed = f"C = {C:g} assumed"
    proven = float(rss_lueker_constant(1.0))
    all_need, one_needs = rss_n_counting(eps, 0.5), rss_n_first_moment(eps, 1 - delta)
    curves = (
        Curve("rss_n_lueker", f"Lueker, C = {proven:.3g} proven", _SUFFICIENT, rss_n_lueker(eps, delta, proven)),
        Curve("rss_n_explicit", "explicit", _SUFFICIENT, rss_n_explicit(eps, delta)),
        Curve("rss_tail_dacunha", f"da Cunha et al., {assumed}", _SUFFICIENT, _from_tail(eps, delta, C), True),
        Curve("rss_n_lueker", f"Lueker, {assumed}", _SUFFICIENT, rss_n_lueker(eps, delta, C), True),
        Curve("rss_cover_prob", "Poisson covering", _PREDICTED, _predicted(eps, delta, all_need, rss_cover_prob)),
        Curve("rss_target_prob", "Poisson, z = 1/2 only", _PREDICTED, _predicted(eps, delta, one_needs, _at_the_edge)),
        Curve("rss_n_counting", "counting", _NECESSARY, all_need),
        Curve("rss_n_first_moment", "first moment, z = 1/2 only", _NECESSARY, one_needs),
    )
    return NeededSamples(eps, delta, curves)


def _at_the_edge(n: int, eps: float) -> float:
    return float(rss_target_prob(n, eps, 0.5))


def _from_tail(eps: Array, delta: float, C: float) -> Array:
    """The least n at which the tail of da Cunha et al. is at most delta; their final error is 2 eps."""
    # (n - A)^2 / (4 n) = t at n = A + 2 t + 2 sqrt(A t + t^2)
    start, t = -C * np.log2(eps / 2), -math.log(delta)
    n = np.ceil(start + 2 * t + 2 * np.sqrt(start * t + t * t))
    return np.asarray(n + (rss_tail_dacunha(n, eps / 2, C) > delta))


def _predicted(eps: Array, delta: float, least: Array, success: Callable[[int, float], float]) -> Array:
    """The n >= least at which the predicted success first is 1 - delta: a walk along the staircase, eps falls and n grows."""
    found = np.full(eps.shape, np.nan)
    if delta < _SMALLEST_DELTA:
        return found
    n = 1
    for i, e in enumerate(eps.tolist()):
        n = max(n, int(least[i]))
        while n <= _MOST and success(n, e) < 1 - delta:
            n += 1
        if n > _MOST:
            break
        found[i] = n
    return found


@dataclass(frozen=True)
class EndPoint:
    """Where a theorem without a density to choose stands.

    Attributes
    ----------
    label : str
    density : float
        1 where none is promised.
    overparameterisation : float
    """

    label: str
    density: float
    overparameterisation: float


@dataclass(frozen=True, eq=False, repr=False)
class Overparameterisation:
    """Parameters of the source for each of the target, against the density of the ticket: figure 1 of Natale et al. with numbers.

    Attributes
    ----------
    widths : tuple of int
        Of the target.
    eps : float
        Error of the network and probability of failure.
    c_amp : float
    density : (points,) float64
    sufficient : (points,) float64
        m / m_t with which a ticket of at most this density exists, by Theorem 3 of Natale et al.
    necessary : (points,) float64
        m / m_t without which there are fewer tickets of this density than targets to approximate: those of one square matrix W of the
        smallest width, W x or, behind hidden layers, W relu(x).
    ticket : (points,) float64
        Bound of Theorem 3 on the size of the ticket, for each parameter of the target.
    ends : tuple of EndPoint
    """

    widths: tuple[int, ...]
    eps: float
    c_amp: float
    density: Array
    sufficient: Array
    necessary: Array
    ticket: Array
    ends: tuple[EndPoint, ...]

    def table(self) -> Table:
        """A row a density."""
        rows = tuple(
            zip(*(a.tolist() for a in (self.density, self.sufficient, self.ticket, self.necessary)), strict=True)
        )
        notes = tuple(
            f"{end.label}: density {end.density:.3g}, m / m_t {end.overparameterisation:.4g}" for end in self.ends
        )
        target = "-".join(map(str, self.widths))
        about = f"target {target}, error and failure probability {self.eps:g}, c_amp = {self.c_amp:g} assumed"
        return Table(("density", "m / m_t suffices", "ticket / m_t", "m / m_t needed"), rows, (about, *notes))

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def overparameterisation(
    widths: ArrayLike, eps: float, densities: ArrayLike | None = None, c_amp: float = 1.0, C: float = 3.0
) -> Overparameterisation:
    """The price of sparsity: how many parameters the source must have for each of the target, if the ticket is to be sparse.

    Parameters
    ----------
    widths : (l + 1,) int
        d_0, ..., d_l of the target; spectral norms at most 1.
    eps : float
        Error of the network and probability of failure, in (0, 1/2).
    densities : (points,) float, optional
        In (0, 1]; by default from that of Malach et al. to 1. Beyond half of the largest ratio of neighbouring widths the theorem would
        keep more than half of the samples; the curve stays level there, and fewer than asked for are kept.
    c_amp, C : float
        Constants of Natale et al. and Pensia et al., which the papers leave open; the defaults are sizes to compare by, not results.

    Returns
    -------
    Overparameterisation
        Draw it with `slth.plots.overparameterisation`.

    Raises
    ------
    ValueError
        If something is out of range.
    """
    shapes = layer_shapes(widths)
    whole = (shapes[0][0], *(d_out for _, d_out in shapes))
    eps = positive_float(eps, "eps")
    if eps >= 0.5:
        raise ValueError(f"eps must be < 1/2, got {eps:g}")
    ends = _ends(whole, eps, C)
    if densities is None:
        densities = np.geomspace(min(1e-3, *(end.density for end in ends)), 1.0, 81)
    density = np.unique(finite_array(densities, "densities"))
    if not density.size or density[0] <= 0 or density[-1] > 1:
        raise ValueError("densities must be at least one number in (0, 1]")
    rho = max(max(a / b, b / a) for a, b in shapes)
    found = dense.sslth_width(np.minimum(density / rho, 0.5), whole, eps, c_amp)
    d = min(whole)
    # behind hidden layers that pass relu(x) on, W is seen at inputs >= 0 alone; A x is a difference of two such images, so that A has at
    # most sqrt(2) times the norm that it has there, and errors count for so much more
    seen = eps * (math.sqrt(2) if len(shapes) > 1 else 1.0)
    needed = np.zeros(density.shape)
    if seen < 0.5:
        # near density 1 the sum of binomials is bounded more tightly by 2^m
        needed = np.maximum(lower.pensia_lower_sparse(d, seen, density, 1 - eps), lower.pensia_lower(d, seen, 1 - eps))
    return Overparameterisation(
        whole, eps, c_amp, density, np.asarray(found.overparameterisation), needed / found.m_t, found.ticket / found.m_t,
        ends,
    )  # fmt: skip


def _ends(widths: tuple[int, ...], eps: float, C: float) -> tuple[EndPoint, ...]:
    rows = for_network(widths, eps, eps, C=C)
    named = {
        "malach_samples": "Malach et al.",
        "single_product_samples": "Malach et al., best product",
        "pensia_width": f"Pensia et al., C = {C:g} assumed",
        "pensia_width_explicit": "Pensia et al., explicit",
    }
    return tuple(
        EndPoint(label, 1.0 if row.density is None else row.density, row.parameters / rows.target.parameters)
        for row, label in ((rows[name], label) for name, label in named.items())
        if row.parameters is not None
    )
