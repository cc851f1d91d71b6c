"""Random subset sum as its papers state it: logarithmically many samples, up to a constant that they leave open."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from slth.bounds.hypotheses import Arguments, Array
from slth.bounds.statement import statement


@statement(
    "samples that suffice for all targets of [-1, 1], up to a constant",
    tex=r"n \ge C \ln\frac{2}{\min(\varepsilon, \delta)}",
    cites=("lueker1998exponentially", "pensia2020optimal"),
    where="Corollaries 2.5 and 3.3, in the form in which the papers on lottery tickets use them",
    mark="read",
    checked=True,
    assumptions=(
        "X_1, ..., X_n i.i.d., U[-1, 1] or a law that contains it: of density p times that of U[-1, 1] plus another",
        "targets: all z in [-1, 1] at once",
        "0 < eps < 1; 0 < delta < 1",
    ),
    direction="sufficient",
    constants={
        "C": "exists for every p > 0; no value is published. rss_lueker_constant(p) is one, proven, for the natural logarithm"
    },
)
def rss_n_lueker(eps: ArrayLike, delta: ArrayLike, C: ArrayLike) -> Any:
    """Samples with which, with probability >= 1 - delta, every z in [-1, 1] has a subset sum within eps.

    Parameters
    ----------
    eps : (...) float
        Final error, in (0, 1).
    delta : (...) float
        Failure probability, in (0, 1).
    C : (...) float
        > 0.

    Returns
    -------
    int, or (...) float64 of whole numbers
    """
    args = Arguments("rss_n_lueker", eps=eps, delta=delta, C=C)
    eps, delta, C = args
    args.require("0 < eps < 1", (eps > 0) & (eps < 1))
    args.require("0 < delta < 1", (delta > 0) & (delta < 1))
    args.require("C > 0", C > 0)
    return args.whole(lambda eps, delta, C: np.ceil(C * (math.log(2) - np.log(np.minimum(eps, delta)))))


@statement(
    "a constant for rss_n_lueker that is proven",
    tex=r"C(p) = \frac{3}{-\ln(1 - p/4)}",
    cites=("slth", "lueker1998exponentially"),
    where="rss_n_explicit_full with a = 1/2, c = p/2; derivation in proofs_checks/lueker_1998.py",
    mark="derived",
    checked=True,
    assumptions=("the density of the samples is at least p times that of U[-1, 1]", "0 < p <= 1"),
    direction="sufficient",
)
def rss_lueker_constant(p: ArrayLike = 1.0) -> Any:
    """A C with which `rss_n_lueker` is a theorem, for samples that contain U[-1, 1] with weight p: 10.43 for U[-1, 1] itself.

    Parameters
    ----------
    p : (...) float
        In (0, 1]; ``law.contains_uniform()`` of a law of `slth.laws`.

    Returns
    -------
    float, or (...) float64
    """
    args = Arguments("rss_lueker_constant", p=p)
    (p,) = args
    args.require("0 < p <= 1", (p > 0) & (p <= 1))
    return args.real(lambda p: 3 / -np.log1p(-p / 4))


@statement(
    "probability that some target of [-1, 1] is missed, up to a constant",
    tex=r"P \le \exp\left(-\frac{(n - C \log_2(1/\varepsilon))^2}{4 n}\right)",
    cites=("dacunha2023revisiting", "lueker1998exponentially"),
    where="main theorem",
    mark="recalled",
    confidence="medium",
    checked=True,
    assumptions=(
        "X_1, ..., X_n i.i.d. U[-1, 1]",
        "targets: all z in [-1, 1] at once (one version of the paper says [-1/2, 1/2]), each to be met within 2 eps, not eps",
        "0 < eps < 1/3; n >= C log2(1/eps)",
    ),
    direction="sufficient",
    constants={
        "C": "universal, > 0; no value is published. C = 6.35 is proven, with the 4 of 4n, which is recalled with medium confidence "
        "(proofs_checks/da_cunha_2022.py)"
    },
)
def rss_tail_dacunha(n: ArrayLike, eps: ArrayLike, C: ArrayLike) -> Any:
    """Upper bound on the probability that some z in [-1, 1] has no subset sum of n samples within 2 eps.

    Parameters
    ----------
    n : (...) int
        Samples, at least C log2(1 / eps).
    eps : (...) float
        Half of the final error, in (0, 1/3).
    C : (...) float
        > 0.

    Returns
    -------
    float, or (...) float64
    """
    args = Arguments("rss_tail_dacunha", n=n, eps=eps, C=C)
    n, eps, C = args
    args.require_whole("n")
    args.require("0 < eps < 1/3", (eps > 0) & (eps < 1 / 3))
    args.require("C > 0", C > 0)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        args.require("n >= C log2(1/eps)", n >= -C * np.log2(eps))
    return args.real(lambda n, eps, C: np.exp(-((n + C * np.log2(eps)) ** 2) / (4 * n)))


@statement(
    "probability that some whole target is missed with quantized samples, up to constants",
    tex=r"P(\tau > t) \le 2 \exp\left(-\frac{1}{\kappa t}\left(t - C \ln\frac{M + 1}{\Delta + 1}\right)^2\right)",
    cites=("kumar2026unified",),
    where="Theorem 2",
    mark="read",
    checked=True,
    assumptions=(
        "X_1, ..., X_t i.i.d. uniform on the whole numbers -M, ..., M",
        "targets: all of -M, ..., M at once; tau is the first t at which each has a subset sum within Delta",
        "M >= 1 and Delta >= 0 whole numbers, Delta <= M; t >= C ln((M + 1) / (Delta + 1)). Delta = 0 asks for exact sums",
    ),
    direction="sufficient",
    constants={
        "C": "> 0; not explicit in the paper. C = 7, kappa = 11 are proven (proofs_checks/da_cunha_2022.py)",
        "kappa": "> 0; not explicit in the paper",
    },
)
def rss_tail_discrete(t: ArrayLike, M: ArrayLike, Delta: ArrayLike, C: ArrayLike, kappa: ArrayLike) -> Any:
    """Upper bound, at most 1, on the probability that t samples of {-M..M} miss some target of {-M..M} by more than Delta.

    With a quantization step delta_q and M = 1 / delta_q this is a theorem on weights in [-1, 1]; delta_q -> 0 is the continuous one.

    Parameters
    ----------
    t : (...) int
        Samples, at least C ln((M + 1) / (Delta + 1)).
    M : (...) int
        >= 1.
    Delta : (...) int
        Tolerance, 0 to M.
    C, kappa : (...) float
        > 0.

    Returns
    -------
    float, or (...) float64
    """
    args = Arguments("rss_tail_discrete", t=t, M=M, Delta=Delta, C=C, kappa=kappa)
    t, M, Delta, C, kappa = args
    args.require_whole("t", "M")
    args.require_whole("Delta", least=0)
    args.require("Delta <= M", Delta <= M)
    args.require("C > 0", C > 0)
    args.require("kappa > 0", kappa > 0)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        args.require("t >= C ln((M + 1) / (Delta + 1))", t >= C * _log_ratio(M, Delta))
    return args.real(
        lambda t, M, Delta, C, kappa: np.minimum(2 * np.exp(-((t - C * _log_ratio(M, Delta)) ** 2) / (kappa * t)), 1.0)
    )


def _log_ratio(M: Array, Delta: Array) -> Array:
    return np.log1p(M) - np.log1p(Delta)
