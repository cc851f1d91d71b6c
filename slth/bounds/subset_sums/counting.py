"""How many subsets of each size come within epsilon of a target, given the samples: exactly, by saddle point, or as if Gaussian.

Three names for `slth.subset_sum.count`, which has more methods (proven bounds for long rows, sampling) and options.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from numpy.typing import ArrayLike

from slth.bounds.statement import statement

if TYPE_CHECKING:
    from slth.subset_sum import Count


@statement(
    "number of subsets of each size within epsilon of a target, counted",
    tex=r"N_k = \#\{S : |S| = k,\ |\Sigma_S - z| \le \epsilon\}",
    cites=("slth",),
    where="half lists, sorted and merged, in exact arithmetic",
    mark="derived",
    checked=True,
    assumptions=("at most 64 samples, any real numbers; equal samples count as different",),
    direction="exact",
)
def count_subsets_exact(samples: ArrayLike, target: ArrayLike, epsilon: ArrayLike) -> Count:
    """The numbers themselves; time O(2^(n/2)) for n samples, seconds at n = 56.

    Parameters
    ----------
    samples : (..., n) float64 or int64
    target, epsilon : (...) float64 or int64
        Broadcast against the batch shape of `samples`.

    Returns
    -------
    slth.subset_sum.Count
        `by_size` (..., n + 1), `total`, `log2_by_size`, ...

    Examples
    --------
    >>> count_subsets_exact([1, 2, 3, 4, 5], 6, 0).by_size
    array([0, 0, 2, 1, 0, 0], dtype=uint64)
    """
    from slth.subset_sum import count

    return count(samples, target, epsilon, method="exact")


@statement(
    "number of subsets of each size within epsilon of a target, from the saddle point of the samples",
    tex=r"N_k \approx \frac{2\epsilon\, e^{\Phi - \xi k - \eta z}}{2\pi \sqrt{\det \mathcal{S}}},\quad "
    r"\Phi = \sum_i \ln(1 + e^{\xi + \eta X_i}),\ \partial_\xi \Phi = k,\ \partial_\eta \Phi = z,\ "
    r"\mathcal{S} = \sum_i p_i (1 - p_i) \begin{pmatrix} 1 & X_i \\ X_i & X_i^2 \end{pmatrix}",
    cites=("slth", "borgs2004constrained"),
    where="standard saddle point of the generating function, with its next term; sizes 0, 1, 2 and their complements are counted",
    mark="derived",
    checked=True,
    assumptions=(
        "samples in general position, none dwarfs the others",
        "N_k large: true counts scatter about it like Poisson numbers",
    ),
    direction="predictor",
)
def count_subsets_saddle(samples: ArrayLike, target: ArrayLike, epsilon: ArrayLike) -> Count:
    """Estimated numbers for any n, in the bulk and in the tails: O(n^2), 0.1 s at n = 1000.

    Parameters
    ----------
    samples : (..., n) float64
    target, epsilon : (...) float64
        Broadcast against the batch shape of `samples`.

    Returns
    -------
    slth.subset_sum.Count
        `lower` and `upper` are three estimated standard errors away, not a proof.
    """
    from slth.subset_sum import count

    return count(samples, target, epsilon, method="saddle")


@statement(
    "number of subsets of each size within epsilon of a target, as if their sums were Gaussian",
    tex=r"N_k \approx \binom{n}{k} P\left(|G_k - z| \le \epsilon\right),\quad "
    r"G_k \sim N\left(k \bar X,\ \frac{k(n-k)}{n-1} s^2\right),\ s^2 = \frac1n \sum_i (X_i - \bar X)^2",
    cites=("slth", "natale2024sparsity"),
    where="moments of a random k-subset of the given samples (finite population), proofs_checks/borgs_2004.py",
    mark="derived",
    checked=True,
    assumptions=("|z - k mean| below about two standard deviations", "samples in general position"),
    direction="predictor",
)
def count_subsets_gauss(samples: ArrayLike, target: ArrayLike, epsilon: ArrayLike) -> Count:
    """Estimated numbers, in closed form, within a few percent in the bulk; for targets in the tails use `count_subsets_saddle`.

    Parameters
    ----------
    samples : (..., n) float64
    target, epsilon : (...) float64
        Broadcast against the batch shape of `samples`.

    Returns
    -------
    slth.subset_sum.Count
        `lower` and `upper` are the trivial 0 and C(n, k).
    """
    from slth.subset_sum import count

    return count(samples, target, epsilon, method="gaussian")
