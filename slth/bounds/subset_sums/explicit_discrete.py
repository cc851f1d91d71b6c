"""Random subset sum of whole numbers, with every constant explicit.

The samples are spent on a tolerance d for the sums and Delta - d for the holes between them: every d of 0..Delta gives a bound. The two
beside (2 Delta + 1) / 4, where (2d + 1)(Delta - d + 1) is largest, and d = Delta are tried.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from slth.bounds.hypotheses import Arguments, Array
from slth.bounds.statement import statement

_WHERE = (
    "the discrete form of rss_failure_explicit_full, with the same drift; derivation in proofs_checks/explicit_rss.py and "
    "da_cunha_2022.py; d is one of floor and ceil of (2 Delta + 1) / 4, and Delta"
)
_ASSUMPTIONS = (
    "X_1, ..., X_t independent, each equal to x with probability >= p / (2M + 1) for every x of -M, ..., M; p = 1: uniform",
    "targets: all of -M, ..., M at once, each to be met within Delta; Delta = 0 asks for exact sums",
    "M >= 1 and Delta >= 0 whole numbers, Delta <= M; 0 < p <= 1",
)


@statement(
    "probability that some whole target is missed with quantized samples, every constant explicit",
    tex=r"P(\tau > t) \le \min_d \frac{(2M - 2d)(2M - \Delta + d)}{(2d + 1)(\Delta - d + 1)} \left(1 - \frac{p}{4}\right)^t",
    cites=("slth", "kumar2026unified", "dacunha2023revisiting"),
    where=_WHERE,
    mark="derived",
    checked=True,
    assumptions=_ASSUMPTIONS,
    direction="sufficient",
)
def rss_failure_discrete(t: ArrayLike, M: ArrayLike, Delta: ArrayLike = 0, p: ArrayLike = 1.0) -> Any:
    """Upper bound, at most 1, on the probability that t samples miss some target of {-M..M} by more than Delta.

    For exact sums of uniform samples, ``4 M^2 (3/4)^t``.

    Parameters
    ----------
    t : (...) int
        Samples.
    M : (...) int
        >= 1.
    Delta : (...) int
        Tolerance, 0 to M.
    p : (...) float
        In (0, 1]: how much of the uniform law on {-M..M} the law of the samples contains.

    Returns
    -------
    float, or (...) float64
    """
    args = Arguments("rss_failure_discrete", t=t, M=M, Delta=Delta, p=p)
    t, M, Delta, p = args
    args.require_whole("t", least=0)
    _require(args, M, Delta, p)
    return args.real(lambda t, M, Delta, p: np.exp(np.minimum(_log_start(M, Delta) + t * np.log1p(-p / 4), 0.0)))


@statement(
    "quantized samples that suffice for all whole targets, every constant explicit",
    tex=r"t \ge \frac{1}{-\ln(1 - p/4)} \ln\left(\frac1\delta \min_d "
    r"\frac{(2M - 2d)(2M - \Delta + d)}{(2d + 1)(\Delta - d + 1)}\right)",
    cites=("slth", "kumar2026unified", "dacunha2023revisiting"),
    where=_WHERE,
    mark="derived",
    checked=True,
    assumptions=(*_ASSUMPTIONS, "0 < delta <= 1"),
    direction="sufficient",
)
def rss_n_discrete(M: ArrayLike, delta: ArrayLike, Delta: ArrayLike = 0, p: ArrayLike = 1.0) -> Any:
    """Samples with which, with probability >= 1 - delta, every target of {-M..M} has a subset sum within Delta.

    Parameters
    ----------
    M, Delta, p
        As in `rss_failure_discrete`.
    delta : (...) float
        Failure probability, in (0, 1].

    Returns
    -------
    int, or (...) float64 of whole numbers
    """
    args = Arguments("rss_n_discrete", M=M, delta=delta, Delta=Delta, p=p)
    M, delta, Delta, p = args
    args.require("0 < delta <= 1", (delta > 0) & (delta <= 1))
    _require(args, M, Delta, p)

    def least(M: Array, delta: Array, Delta: Array, p: Array) -> Array:
        return np.ceil(np.maximum(_log_start(M, Delta) - np.log(delta), 0.0) / -np.log1p(-p / 4))

    return args.whole(least)


def _log_start(M: Array, Delta: Array) -> Array:
    """ln of the factor before (1 - p/4)^t; -inf where Delta = M, when the empty sum does it."""

    def log(d: Array) -> Array:
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(2 * M - 2 * d) + np.log(2 * M - Delta + d) - np.log1p(2 * d) - np.log1p(Delta - d))

    quarter = (2 * Delta + 1) / 4
    return np.minimum(np.minimum(log(np.floor(quarter)), log(np.minimum(np.ceil(quarter), Delta))), log(Delta))


def _require(args: Arguments, M: Array, Delta: Array, p: Array) -> None:
    args.require_whole("M")
    args.require_whole("Delta", least=0)
    args.require("Delta <= M", Delta <= M)
    args.require("0 < p <= 1", (p > 0) & (p <= 1))
