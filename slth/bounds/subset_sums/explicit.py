"""Random-subset-sum bounds with every constant explicit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from slth import laws
from slth.bounds.hypotheses import Arguments, Array
from slth.bounds.statement import statement
from slth.laws import Law
from slth.validation import positive_float

_ASSUMPTIONS = (
    "X_1, ..., X_n independent, each with a law of at least the density c on [-2a, 2a] (atoms are allowed)",
    "targets: all z in [-a, a] at once; err = 2 eps is the final error",
    "0 < err/2 <= a; 0 < delta <= 1; 0 < a c <= 1/4 (a density of c on [-2a, 2a] weighs 4 a c <= 1)",
)
_FULL = (
    _ASSUMPTIONS[0],
    "targets: all z in [-2a, 2a] at once; err = 2 eps is the final error",
    "0 < err/2 <= 2a; 0 < delta <= 1; 0 < a c <= 1/4",
)


@statement(
    "samples that suffice for all targets of [-a, a], every constant explicit",
    tex=r"n \ge \frac{\ln\left(2a^2 / ((\mathrm{err}/2)^2\,\delta)\right)}{-\ln(1 - ac)}",
    cites=("slth", "dacunha2023revisiting"),
    where="derivation in proofs_checks/explicit_rss.py: drift of the covered share, chord bound on (1-v)/v, Markov",
    mark="derived",
    checked=True,
    assumptions=_ASSUMPTIONS,
    direction="sufficient",
)
def rss_n_explicit(err: ArrayLike, delta: ArrayLike, a: ArrayLike = 0.5, c: ArrayLike = 0.5) -> Any:
    """Samples with which, with probability >= 1 - delta, every z in [-a, a] has a subset sum within err.

    The default a = c = 1/2 is U[-1, 1] and targets in [-1/2, 1/2]: ``ln(1 / (2 (err/2)^2 delta)) / ln(4/3)``. In float64: where that
    is a whole number to all but the last digits, n may be off by one.

    Parameters
    ----------
    err : (...) float
        Final error, in (0, 2a].
    delta : (...) float
        Failure probability, in (0, 1].
    a : (...) float
        Half-width of the interval of targets. `rss_n_explicit_full` takes one twice as wide, `rss_n_reach` any.
    c : (...) float
        Lower bound of the density on [-2a, 2a]: p/2 for laws that contain p U[-1, 1] when a = 1/2, phi(2a/s)/s for N(0, s^2),
        -ln(2a)/2 for U[-1, 1] * U[-1, 1]. `explicit_constants` knows it for the laws of `slth.laws`.

    Returns
    -------
    int, or (...) float64 of whole numbers
    """
    args = Arguments("rss_n_explicit", err=err, delta=delta, a=a, c=c)
    err, delta, a, c = args
    args.require("0 < delta <= 1", (delta > 0) & (delta <= 1))
    _require(args, err, a, c)
    return args.whole(lambda err, delta, a, c: _samples(a, err, delta, a * c))


@statement(
    "probability that some target of [-a, a] is missed, every constant explicit",
    tex=r"P(\exists z \in [-a, a]: \min_S |\Sigma_S - z| > \mathrm{err}) \le \frac{2a^2}{(\mathrm{err}/2)^2} (1 - ac)^n",
    cites=("slth", "dacunha2023revisiting"),
    where="derivation in proofs_checks/explicit_rss.py",
    mark="derived",
    checked=True,
    assumptions=_ASSUMPTIONS,
    direction="sufficient",
)
def rss_failure_explicit(n: ArrayLike, err: ArrayLike, a: ArrayLike = 0.5, c: ArrayLike = 0.5) -> Any:
    """Upper bound, at most 1, on the probability that some z in [-a, a] has no subset sum of n samples within err.

    Parameters
    ----------
    n : (...) int
        Samples.
    err, a, c : (...) float
        As in `rss_n_explicit`.

    Returns
    -------
    float, or (...) float64
    """
    args = Arguments("rss_failure_explicit", n=n, err=err, a=a, c=c)
    n, err, a, c = args
    args.require_whole("n", least=0)
    _require(args, err, a, c)
    return args.real(lambda n, err, a, c: np.exp(np.minimum(_log_failure(n, a, err, a * c), 0.0)))


@statement(
    "samples that suffice for all targets of [-2a, 2a], as far as the density reaches, every constant explicit",
    tex=r"n \ge \frac{\ln\left(8a^2 / ((\mathrm{err}/2)^2\,\delta)\right)}{-\ln(1 - ac)}",
    cites=("slth", "dacunha2023revisiting"),
    where="derivation in proofs_checks/explicit_rss.py, its drift in proofs_checks/da_cunha_2022.py: of the pairs of a covered and an "
    "uncovered target, at most half are further apart than a sample reaches",
    mark="derived",
    checked=True,
    assumptions=_FULL,
    direction="sufficient",
)
def rss_n_explicit_full(err: ArrayLike, delta: ArrayLike, a: ArrayLike = 0.5, c: ArrayLike = 0.5) -> Any:
    """Samples with which, with probability >= 1 - delta, every z in [-2a, 2a] has a subset sum within err.

    The default a = c = 1/2 is U[-1, 1] and targets in [-1, 1]: ``ln(2 / ((err/2)^2 delta)) / ln(4/3)``, four or five samples
    more than `rss_n_explicit` asks for on [-1/2, 1/2].

    Parameters
    ----------
    err, delta, a, c : (...) float
        As in `rss_n_explicit`, err in (0, 4a].

    Returns
    -------
    int, or (...) float64 of whole numbers
    """
    args = Arguments("rss_n_explicit_full", err=err, delta=delta, a=a, c=c)
    err, delta, a, c = args
    args.require("0 < delta <= 1", (delta > 0) & (delta <= 1))
    _require(args, err, a, c, reach=2)
    return args.whole(lambda err, delta, a, c: _samples(2 * a, err, delta, a * c))


@statement(
    "probability that some target of [-2a, 2a] is missed, every constant explicit",
    tex=r"P(\exists z \in [-2a, 2a]: \min_S |\Sigma_S - z| > \mathrm{err}) \le \frac{8a^2}{(\mathrm{err}/2)^2} (1 - ac)^n",
    cites=("slth", "dacunha2023revisiting"),
    where="derivation in proofs_checks/explicit_rss.py and da_cunha_2022.py",
    mark="derived",
    checked=True,
    assumptions=_FULL,
    direction="sufficient",
)
def rss_failure_explicit_full(n: ArrayLike, err: ArrayLike, a: ArrayLike = 0.5, c: ArrayLike = 0.5) -> Any:
    """Upper bound, at most 1, on the probability that some z in [-2a, 2a] has no subset sum of n samples within err.

    Parameters
    ----------
    n : (...) int
        Samples.
    err, a, c : (...) float
        As in `rss_n_explicit_full`.

    Returns
    -------
    float, or (...) float64
    """
    args = Arguments("rss_failure_explicit_full", n=n, err=err, a=a, c=c)
    n, err, a, c = args
    args.require_whole("n", least=0)
    _require(args, err, a, c, reach=2)
    return args.real(lambda n, err, a, c: np.exp(np.minimum(_log_failure(n, 2 * a, err, a * c), 0.0)))


@statement(
    "expected error at the worst target of [-a, a], every constant explicit",
    tex=r"\mathbb{E} \sup_{|z| \le a} \min_S |\Sigma_S - z| \le 4 \sqrt{2}\, a\, (1 - ac)^{n/2}",
    cites=("slth", "lueker1998exponentially"),
    where="rss_failure_explicit integrated over the error; derivation in proofs_checks/lueker_1998.py. It is the claim of Lueker's "
    "abstract, an expected optimum O(e^(-cn)), with constants",
    mark="derived",
    checked=True,
    assumptions=(_ASSUMPTIONS[0], "the error at the worst of all targets z in [-a, a]; n >= 0; a > 0; 0 < a c <= 1/4"),
    direction="sufficient",
)
def rss_mean_error_explicit(n: ArrayLike, a: ArrayLike = 0.5, c: ArrayLike = 0.5) -> Any:
    """Upper bound, at most a, on the expected distance of the worst target of [-a, a] from the subset sums of n samples.

    Parameters
    ----------
    n : (...) int
        Samples.
    a, c : (...) float
        As in `rss_n_explicit`.

    Returns
    -------
    float, or (...) float64
    """
    args = Arguments("rss_mean_error_explicit", n=n, a=a, c=c)
    n, a, c = args
    args.require_whole("n", least=0)
    args.require("a > 0", a > 0)
    require_share(args, a, c)
    return args.real(lambda n, a, c: a * np.minimum(math.sqrt(32) * np.exp(0.5 * n * np.log1p(-a * c)), 1.0))


@dataclass(frozen=True)
class ExplicitConstants:
    """The a and c of the explicit bounds: a density >= c on [-2a, 2a], so that targets in [-a, a] are reached.

    Attributes
    ----------
    a, c : float
    """

    a: float
    c: float

    @property
    def samples_per_nat(self) -> float:
        """Samples that shrink the failure probability by a factor of e: 1 / -ln(1 - ac)."""
        return 1 / -math.log1p(-self.a * self.c)


def explicit_constants(law: Law | str, a: float | None = None) -> ExplicitConstants:
    """The constants of `rss_n_explicit` and its relatives for a law.

    Parameters
    ----------
    law : Law or str
        Name or object (`slth.laws`).
    a : float, optional
        Half-width of the interval of targets. By default the one with the largest ac, and so the fewest samples a digit.

    Returns
    -------
    ExplicitConstants

    Raises
    ------
    ValueError
        If the law contains no uniform one around 0, or it is not known which.

    Examples
    --------
    >>> explicit_constants("uniform")
    ExplicitConstants(a=0.5, c=0.5)
    >>> found = explicit_constants("product")  # a = 1 / (2 e), a c = 1 / (4 e)
    >>> round(found.a, 3), round(found.a * found.c, 3)
    (0.184, 0.092)
    """
    some = laws.get(law)
    half = 2 * positive_float(a, "a") if a is not None else _best_half_width(some)
    contained = some.contains_uniform(half) if half > 0 else 0.0
    if not contained > 0:
        raise ValueError(
            f"the law {some.name!r} has no density bounded below on [-2a, 2a]"
            + (f", a = {a}; take a smaller one" if a is not None else " for any a")
        )
    c = contained / (2 * half)
    while 0.5 * half * c > 0.25:  # only by rounding: no density of c on [-2a, 2a] weighs more than 1
        c = math.nextafter(c, 0.0)
    return ExplicitConstants(0.5 * half, c)


def _best_half_width(law: Law) -> float:
    """Of [-2a, 2a]: where the law contains the heaviest uniform one, by a grid of scales, refined by golden section."""
    low, high = law.support
    largest = min(-low, high, 100 * math.sqrt(law.moment(2)))
    if not largest > 0:
        return 0.0
    scales = largest * np.geomspace(1e-4, 1.0, 161)
    weights = [law.contains_uniform(float(scale)) for scale in scales]
    best = int(np.argmax(weights))
    left, right = (math.log(scales[i]) for i in (max(best - 1, 0), min(best + 1, scales.size - 1)))
    ratio = 0.5 * (math.sqrt(5) - 1)
    for _ in range(60):
        inner = right - ratio * (right - left), left + ratio * (right - left)
        if law.contains_uniform(math.exp(inner[0])) > law.contains_uniform(math.exp(inner[1])):
            right = inner[1]
        else:
            left = inner[0]
    refined = math.exp(0.5 * (left + right))
    return refined if law.contains_uniform(refined) > weights[best] else float(scales[best])


def _log_failure(n: Array | float, reach: Array, err: Array, ac: Array) -> Array:
    """ln(2 reach^2 / (err / 2)^2 (1 - ac)^n); factor by factor, so that nothing overflows."""
    log: Array = math.log(8) + 2 * (np.log(reach) - np.log(err)) + n * np.log1p(-ac)
    return log


def _samples(reach: Array, err: Array, delta: Array, ac: Array) -> Array:
    """Least n at which this is at most ln(delta)."""
    return np.maximum(np.ceil((_log_failure(0.0, reach, err, ac) - np.log(delta)) / -np.log1p(-ac)), 0)


def _require(args: Arguments, err: Array, a: Array, c: Array, reach: int = 1) -> None:
    args.require("a > 0", a > 0)
    args.require(f"0 < err <= {2 * reach} a", (err > 0) & (err / (2 * reach) <= a))
    require_share(args, a, c)


def require_share(args: Arguments, a: Array, c: Array) -> None:
    """Demand 0 < a c <= 1/4: the density c on [-2a, 2a] weighs 4 a c."""
    with np.errstate(over="ignore"):
        share = a * c
    args.require("0 < a c <= 1/4", (share > 0) & (share <= 0.25))
