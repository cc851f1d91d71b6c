"""The explicit random-subset-sum bound for targets in an interval wider than the samples reach."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from slth.bounds.hypotheses import Arguments, Array
from slth.bounds.statement import statement
from slth.bounds.subset_sums.explicit import require_share

# Every lambda > 0 gives a valid bound; these are tried for 2 a lambda
_GRID: Final = np.logspace(-3, 6, 1801)


@statement(
    "samples that suffice for all targets of a wider interval [-L, L], every constant explicit",
    tex=r"n = \min_{r \in \{a, 2a\}} \left( \left\lceil"
    r" \frac{\ln\left(2r^2 / ((\mathrm{err}/2)^2\,\delta_r)\right)}{-\ln(1 - ac)} \right\rceil + m(L - r) \right), \quad"
    r" m(s) = \left\lceil \min_{\lambda > 0} \frac{\lambda s + \ln(4/\delta)}"
    r"{-\ln\left(1 - c\,(2a - (1 - e^{-2a\lambda})/\lambda)\right)} \right\rceil;"
    r" \quad \delta_r = \delta/2, \; \mathrm{but}\; m = 0,\, \delta_r = \delta \;\mathrm{for}\; r \geq L",
    cites=("slth", "dacunha2023revisiting"),
    where="derivation in proofs_checks/wider_targets.py: one group of samples covers [-r, r] (`rss_n_explicit`, `rss_n_explicit_full`); "
    "the positive and the negative samples of size at most 2a of the other carry any target of [-L, L] there, by a Chernoff bound",
    mark="derived",
    checked=True,
    assumptions=(
        "X_1, ..., X_n independent, each with a law that has at least the density c on [-2a, 2a] (atoms are allowed)",
        "targets: all z in [-L, L] at once; err is the final error",
        "0 < err <= 2a; 0 < delta <= 1; 0 < a c <= 1/4; L >= 0",
    ),
    direction="sufficient",
)
def rss_n_reach(err: ArrayLike, delta: ArrayLike, L: ArrayLike = 1.0, a: ArrayLike = 0.5, c: ArrayLike = 0.5) -> Any:
    """Samples with which, with probability >= 1 - delta, every z in [-L, L] has a subset sum within err.

    A target z > r is lowered by one positive sample of size at most 2a <= 2r after the other. None of them takes it below -r, so it comes
    to lie in [-r, r] before they are used up if their sum is at least L - r. The parts Y_1, ..., Y_m of m samples in (0, 2a] have
    ``P(sum < s) <= e^(lambda s) (E e^(-lambda Y))^m`` and ``E e^(-lambda Y) <= 1 - c (2a - (1 - e^(-2 a lambda)) / lambda)``.

    For L <= a it is `rss_n_explicit`, for L = 2a at most `rss_n_explicit_full`.

    Parameters
    ----------
    err : (...) float
        Final error, in (0, 2a].
    delta : (...) float
        Failure probability, in (0, 1].
    L : (...) float
        Half-width of the interval of targets.
    a, c : (...) float
        The density is at least c on [-2a, 2a]; the default is that of U[-1, 1]. a = 1/(2e), c = 1/4 is the law of u v for u, v from
        U[-1, 1] where v counts only if u > 0 (density -ln abs(x) / 4, and an atom at 0).

    Returns
    -------
    int, or (...) float64 of whole numbers
    """
    args = Arguments("rss_n_reach", err=err, delta=delta, L=L, a=a, c=c)
    err, delta, L, a, c = args
    args.require("0 < delta <= 1", (delta > 0) & (delta <= 1))
    args.require("L >= 0", L >= 0)
    args.require("a > 0", a > 0)
    args.require("0 < err <= 2 a", (err > 0) & (err / 2 <= a))
    require_share(args, a, c)
    return args.whole(_samples)


def _samples(err: Array, delta: Array, L: Array, a: Array, c: Array) -> Array:
    return np.minimum(_through(a, err, delta, L, a, c), _through(2 * a, err, delta, L, a, c))


def _through(r: Array, err: Array, delta: Array, L: Array, a: Array, c: Array) -> Array:
    """Samples that cover [-r, r], r = a or 2a, and those that carry the targets beyond it there."""
    further = r < L
    log_share = np.log(delta) - np.where(further, np.log(2), 0.0)
    covering = np.log(8) + 2 * (np.log(r) - np.log(err)) - log_share
    n = np.maximum(np.ceil(covering / -np.log1p(-a * c)), 0)
    return np.asarray(n + np.where(further, _carrying(np.maximum(L - r, 0), delta, a, c), 0))


def _carrying(distance: Array, delta: Array, a: Array, c: Array) -> Array:
    """m(distance)."""
    b = _GRID[:, None]
    # c (2a - (1 - e^(-2 a lambda)) / lambda) = 2 a c (1 - (1 - e^-b) / b), b = 2 a lambda
    carried = 2 * a * c * (1 + np.expm1(-b) / b)
    steps = (b / (2 * a) * distance + np.log(4) - np.log(delta)) / -np.log1p(-carried)
    return np.asarray(np.ceil(steps.min(axis=0)))
