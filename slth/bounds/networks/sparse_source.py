"""Sources of which part is missing or locked: Erdos-Renyi random masks, and frozen weights.

A random mask keeps each edge of the source with probability p. Either one asks for an available edge at every place of the construction
(`er_width`, `er_slt_width`), or one counts how many samples a subset sum has left, a binomial number (`er_samples`, the sharper way where p
is large, and explicit).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from slth.bounds.hypotheses import Arguments, Array
from slth.bounds.statement import statement

_GADHIKAR = ("gadhikar2023random",)
_THINNED = (
    "each of n samples is available with probability p, independently of its value and of the others",
    "n_rss samples of the law suffice for the subset sums in question, and more of them never harm",
)


@statement(
    "factor by which a source with edges of density p is wider",
    tex=r"\frac{1}{\ln(1 / (1 - p))}",
    cites=_GADHIKAR,
    where="abstract and the theorem on Erdos-Renyi masks: 1 / log(1 / sparsity)",
    mark="recalled",
    confidence="medium",
    assumptions=(
        "every edge is kept with probability p, 0 < p < 1, independently",
        "a factor of order: below 1 for p > 1 - 1/e and 0 in the limit p = 1, so that it holds with constants that depend on p",
    ),
    direction="sufficient",
)
def er_width_factor(p: ArrayLike) -> Any:
    """One over the natural logarithm of one over the sparsity 1 - p; at most 1 / p.

    Parameters
    ----------
    p : (...) float
        Density: the probability with which an edge is kept.

    Returns
    -------
    float, or (...) float64
    """
    args = Arguments("er_width_factor", p=p)
    (p,) = args
    args.require("0 < p < 1", (p > 0) & (p < 1))
    return args.real(lambda p: -1 / np.log1p(-p))


@statement(
    "width at which every neuron of a target finds an available edge among its copies",
    tex=r"n_S \ge n_T \left\lceil \frac{\ln(1/\delta')}{\ln(1 / (1 - p))} \right\rceil",
    cites=_GADHIKAR,
    where="theorem on Erdos-Renyi masks, counting of available edges",
    mark="recalled",
    confidence="medium",
    checked=True,
    assumptions=(
        "every edge is kept with probability p, 0 < p < 1, independently",
        "delta' is the failure probability of one pair (group of copies of a neuron, edge asked for); 0 < delta' < 1",
    ),
    direction="sufficient",
)
def er_width(width: ArrayLike, p: ArrayLike, delta: ArrayLike) -> Any:
    """Neurons, equally many for each neuron of the target: a group of g has no edge available with probability (1 - p)^g <= delta'.

    In float64: where (1 - p)^g meets delta' to all but the last digits, g may be off by one.

    Parameters
    ----------
    width : (...) int
        n_T, width of the layer of the target.
    p : (...) float
        Density of the source.
    delta : (...) float
        delta', failure probability of one group.

    Returns
    -------
    int, or (...) float64 of whole numbers
    """
    args = Arguments("er_width", width=width, p=p, delta=delta)
    width, p, delta = args
    args.require_whole("width")
    args.require("0 < p < 1", (p > 0) & (p < 1))
    args.require("0 < delta < 1", (delta > 0) & (delta < 1))
    return args.whole(lambda width, p, delta: width * np.ceil(np.log(delta) / np.log1p(-p)))


@statement(
    "width of a layer of an Erdos-Renyi source that contains a strong lottery ticket",
    tex=r"n_{S,l+1} \ge \frac{C\,n_{T,l} \ln(1/\min(\epsilon_{l+1}, \delta/\rho))}{\ln(1 / (1 - p_{l+1}))}",
    cites=(*_GADHIKAR, "burkholz2022activation"),
    where="theorem on strong lottery tickets in random masks: the width of depth L+1 times 1 / log(1 / sparsity)",
    mark="recalled",
    confidence="medium",
    assumptions=(
        "source of depth L+1 with weights that contain U[-1, 1], of which each is kept with probability p, 0 < p < 1, independently",
        "0 < eps < 1, 0 < delta < 1, rho >= 1",
    ),
    direction="sufficient",
    constants={
        "C": "existential; not the constant of the dense theorem for all p at once, since the factor is below 1 for p > 1 - 1/e",
    },
)
def er_slt_width(
    width: ArrayLike, p: ArrayLike, eps: ArrayLike, delta: ArrayLike, C: ArrayLike, rho: ArrayLike = 1.0
) -> Any:
    """Width of source layer l+1 for target layer l; `er_samples` is the explicit alternative.

    Parameters
    ----------
    width : (...) int
        n_{T,l}.
    p : (...) float
        Density p_{l+1}.
    eps : (...) float
        Tolerance of the parameters, eps_{l+1} (`burkholz_eps_layer`).
    delta : (...) float
        Failure probability.
    C : (...) float
        Open constant, > 0.
    rho : (...) float
        Number of subset-sum problems that `delta` is shared by (`burkholz_width`).

    Returns
    -------
    int, or (...) float64 of whole numbers
    """
    args = Arguments("er_slt_width", width=width, p=p, eps=eps, delta=delta, C=C, rho=rho)
    width, p, eps, delta, C, rho = args
    args.require_whole("width")
    args.require("0 < p < 1", (p > 0) & (p < 1))
    args.require("0 < eps < 1", (eps > 0) & (eps < 1))
    args.require("0 < delta < 1", (delta > 0) & (delta < 1))
    args.require("C > 0", C > 0)
    args.require("rho >= 1", rho >= 1)

    def width_of(width: Array, p: Array, eps: Array, delta: Array, C: Array, rho: Array) -> Any:
        return np.ceil(C * width * np.minimum(np.log(eps), np.log(delta) - np.log(rho)) / np.log1p(-p))

    return args.whole(width_of)


@statement(
    "samples of density p of which, but for delta, enough for a subset sum are available",
    tex=r"\min\{n : P(\mathrm{Bin}(n, p) < n_\mathrm{RSS}) \le \delta\}",
    cites=("slth", "gadhikar2023random"),
    where="given how many samples are available, they are independent and of the original law; exact binomial tail",
    mark="derived",
    checked=True,
    assumptions=(*_THINNED, "0 < p <= 1; 0 < delta < 1, to be added to the failure probability of the subset sums"),
    direction="sufficient",
)
def er_samples(n_rss: ArrayLike, p: ArrayLike, delta: ArrayLike) -> Any:
    """The smallest n with P(Bin(n, p) < n_rss) <= delta: about (n_rss + O(sqrt(n_rss ln(1/delta)) + ln(1/delta))) / p.

    An alternative without a second failure probability is ``rss_n_explicit(err, delta, a, p * c)``: an edge that is there with probability
    p has p times the density. The tail here is the incomplete beta function in float64: where it meets delta to all but the last digits,
    n may be off by one.

    Parameters
    ----------
    n_rss : (...) int
        Samples that suffice when all are there, >= 1.
    p : (...) float
        Density.
    delta : (...) float
        Probability with which fewer are available.

    Returns
    -------
    int, or (...) float64 of whole numbers
    """
    args = Arguments("er_samples", n_rss=n_rss, p=p, delta=delta)
    _require_thinning(args, *args)

    def smallest(n_rss: Array, p: Array, delta: Array) -> Any:
        low, high = n_rss - 1, np.maximum(np.ceil(_chernoff(n_rss, p, delta)), n_rss)
        # all of `high` suffices, none of `low`; beyond 2^53 the middle of neighbouring floats is one of them
        while True:
            middle = np.floor((low + high) / 2)
            open_ = (middle > low) & (middle < high)
            if not open_.any():
                return high
            enough = special.betaincc(n_rss, np.maximum(middle - n_rss + 1, 1), p) <= delta
            high = np.where(open_ & enough & (middle >= n_rss), middle, high)
            low = np.where(open_ & ~(enough & (middle >= n_rss)), middle, low)

    return args.whole(smallest)


@statement(
    "closed form at least as large as er_samples",
    tex=r"n = \left\lceil \frac{r + L + \sqrt{L^2 + 2 r L}}{p} \right\rceil,\quad r = n_\mathrm{RSS},\ L = \ln(1/\delta)",
    cites=("slth", "gadhikar2023random"),
    where="Chernoff's bound P(Bin(n, p) <= m - t) <= exp(-t^2 / (2m)), m = np, solved for m - t = n_RSS",
    mark="derived",
    checked=True,
    assumptions=(*_THINNED, "0 < p <= 1; 0 < delta < 1"),
    direction="sufficient",
)
def er_samples_chernoff(n_rss: ArrayLike, p: ArrayLike, delta: ArrayLike) -> Any:
    """Samples with which fewer than n_rss are available with probability at most delta.

    Parameters
    ----------
    n_rss, p, delta
        As in `er_samples`.

    Returns
    -------
    int, or (...) float64 of whole numbers
    """
    args = Arguments("er_samples_chernoff", n_rss=n_rss, p=p, delta=delta)
    _require_thinning(args, *args)
    return args.whole(lambda n_rss, p, delta: np.ceil(_chernoff(n_rss, p, delta)))


@statement(
    "how far locked weights shift the targets of a subset sum",
    tex=r"L = b\sqrt{2 n_\mathrm{locked} \ln(2/\delta)},\quad P\left(\left|\sum_{\mathrm{locked}} X_i\right| > L\right) \le \delta",
    cites=("slth", "otsuka2025frozen"),
    where="Hoeffding's inequality; z is a locked-and-free sum exactly if z minus the locked sum is a free subset sum",
    mark="derived",
    checked=True,
    assumptions=(
        "n_locked independent samples of mean 0 in [-b, b] are in every ticket; the free ones are independent of them",
        "the free samples have to serve all targets of [-(a + L), a + L] in order that the ticket serves [-a, a]",
        "0 < delta < 1, to be added to the failure probability of the free samples",
    ),
    direction="sufficient",
)
def locked_shift(n_locked: ArrayLike, delta: ArrayLike, largest: ArrayLike = 1.0) -> Any:
    """Half-width by which the interval of targets grows when n_locked samples cannot be pruned.

    Parameters
    ----------
    n_locked : (...) int
        Locked samples, >= 0.
    delta : (...) float
        Probability with which their sum exceeds the result.
    largest : (...) float
        b, largest absolute value of a sample.

    Returns
    -------
    float, or (...) float64
    """
    args = Arguments("locked_shift", n_locked=n_locked, delta=delta, largest=largest)
    n_locked, delta, largest = args
    args.require_whole("n_locked", least=0)
    args.require("0 < delta < 1", (delta > 0) & (delta < 1))
    args.require("largest > 0", largest > 0)
    return args.real(lambda n, delta, largest: largest * np.sqrt(2 * n * (np.log(2) - np.log(delta))))


def _require_thinning(args: Arguments, n_rss: Array, p: Array, delta: Array) -> None:
    args.require_whole("n_rss")
    args.require("0 < p <= 1", (p > 0) & (p <= 1))
    args.require("0 < delta < 1", (delta > 0) & (delta < 1))


def _chernoff(n_rss: Array, p: Array, delta: Array) -> Array:
    log = -np.log(delta)
    return np.asarray((n_rss + log + np.sqrt(log * (log + 2 * n_rss))) / p)
