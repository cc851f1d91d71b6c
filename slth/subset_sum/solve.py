"""The front door of the laboratory: `solve`, and `explain`, which tells how it would."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import ArrayLike

from slth.subset_sum.allowed import Size
from slth.subset_sum.capability import Capabilities, Solver
from slth.subset_sum.choice import Choice, choose
from slth.subset_sum.heuristics.row import Method
from slth.subset_sum.multiple_choice.listing import every_subset
from slth.subset_sum.question import Question
from slth.subset_sum.solvers import SOLVERS


def solve(
    samples: ArrayLike,
    target: ArrayLike,
    *,
    objective: str = "closest",
    epsilon: ArrayLike | None = None,
    size: Size = None,
    pattern: tuple[int, int] | None = None,
    coefficients: Sequence[int] = (0, 1),
    locked: ArrayLike | None = None,
    k_best: int | None = None,
    norm: str | None = None,
    order: str = "error",
    solver: str | Solver | Method = "auto",
    time_limit: float | None = None,
    rng: Any = None,
    workers: int | None = None,
    progress: bool = False,
) -> Any:
    """Choose, for each target, the best subset of the samples: proven over all subsets allowed, in exact arithmetic.

    "closest" is equivalent to ``min(subsets, key=lambda s: (abs(sum(s) - target), len(s), mask(s)))``: among equally close subsets
    the one of fewest elements, then of the smallest mask. "smallest" is equivalent to
    ``min(those within epsilon, key=lambda s: (len(s), abs(sum(s) - target), mask(s)))``. "any" is some subset within epsilon, found fast.
    "all" iterates over every subset within epsilon, sorted. So the answer is a function of row and target alone, whatever the batch,
    its order or the number of workers (but for `time_limit`), and a sample that is zero is never chosen unless a size asks for it.

    Parameters
    ----------
    samples : (..., n) float64 or int64
        Finite, of any sign and magnitude; the sum of absolute values and the target must not overflow. Integers (both `samples` and
        `target`) are never rounded; their absolute values must sum to less than 2^60. n up to 64 for a proof ("smallest", "all": see
        Notes), any n for a heuristic answer. With `norm`: vectors (..., n, d) float64.
    target : (...) float64 or int64
        Broadcasts against the batch shape of `samples` like a NumPy gufunc of signature ``(n),()->()``. A row shared by many targets
        is sorted once. With `norm`: (..., d).
    objective : {"closest", "smallest", "any", "all"}
        The closest subset, the one of fewest elements within `epsilon`, the first found within it, or all within it.
    epsilon : (...) float64, optional
        How far from the target a sum may be, in exact arithmetic, > 0 (for integers >= 0). Broadcasts against the target and the batch
        shape. Required by all objectives but "closest".
    size : int or (int, int), optional
        Exactly k elements, or from lo to hi (random fixed-size subset sum, Natale et al. 2024).
    pattern : (int, int), optional
        (s, B): exactly s of every B consecutive samples (N:M sparsity); B must divide n.
    coefficients : sequence of int
        What a sample may be multiplied by instead of 0 and 1: (-1, 1) is number partitioning, (-1, 0, 1) signed subsets. A sample counts
        as chosen if its coefficient is not the base: 0 if that is one of them, else the first.
    locked : (..., n) bool, optional
        Samples that are always chosen (partially frozen networks).
    k_best : int, optional
        The k closest subsets, along a last axis of the answer, closest first; fewer if there are fewer.
    norm : {"max", "l2"}, optional
        Samples and targets are vectors, and this is their distance.
    order : {"error", "size"}
        Of objective "all".
    solver : str or solver object
        "auto", or one of `capabilities`: a name, or an object such as ``CompleteKarmarkarKarp(budget=10**6)``.
    time_limit : float, optional
        Seconds; what is not proven by then has status LIMIT and is the best subset seen.
    rng : seed or numpy.random.Generator, optional
        For heuristics only; 0 by default.
    workers : int, optional
        Threads; all cores by default. The answer does not depend on it.
    progress : bool
        Show a progress bar (tqdm).

    Returns
    -------
    Solution or Subsets
        Arrays of the broadcast shape; what is proven is in `status`. NOT_FOUND is proven too: no subset allowed lies within epsilon, and
        the smallest one allowed (the empty one, mostly) stands in its place. "all" gives a `Subsets`, an iterable.

    Raises
    ------
    TypeError
        If the input is not real numbers, or an option of the wrong type.
    ValueError
        If it holds NaN or infinity, is empty, does not broadcast, or overflows; if epsilon is missing, negative, or given for "closest"; if
        no subset has the size asked for; if the solver cannot answer, or would need too much memory.

    Warns
    -----
    ResolutionWarning
        If epsilon is below half the last bit of the largest sample.

    Notes
    -----
    Time O(2^(n/2)) an instance; memory O(2^(n/2)) for n to 30 and O(2^(n/4)) above, under 1 GB whatever the input. "any" needs a prefix of
    about log2(1/epsilon) samples. "smallest", patterns and coefficients list O(sqrt(choices)) sums, "all" and `k_best` too (n <= 48). The
    sums are formed in 60-bit fixed point; where its rounding leaves more than one candidate, those are compared as exact integers. Above 44
    samples ties may be too many to list: then the answer is still a closest subset, but not always the one of fewest elements.

    Examples
    --------
    >>> from slth import subset_sum
    >>> subset_sum.solve([0.5, -0.3, 0.9, 0.25], 0.44)
    Solution(chosen=[0, 1, 3], sum=0.45, error=0.01, OPTIMAL)
    >>> subset_sum.solve([0.5, -0.3, 0.9, 0.25], 0.44, size=2)
    Solution(chosen=[1, 2], sum=0.6000000000000001, error=0.16, OPTIMAL)
    >>> subset_sum.solve([4, 5, 6, 7, 8], 0, coefficients=(-1, 1))
    Solution(coefficients=[-1, -1, -1, 1, 1], sum=0, error=0, OPTIMAL)
    >>> for subset in subset_sum.solve([3, 5, 7, 11], 12, objective="all", epsilon=1):
    ...     print(subset)
    Subset(mask=6, sum=12, error=0, size=2)
    Subset(mask=8, sum=11, error=1, size=1)
    """
    question = Question.read(
        samples,
        target,
        objective=objective,
        epsilon=epsilon,
        size=size,
        pattern=pattern,
        coefficients=coefficients,
        locked=locked,
        k_best=k_best,
        norm=norm,
        order=order,
        time_limit=time_limit,
        rng=rng,
        workers=workers,
        progress=progress,
    )
    chosen = choose(question, solver).solver
    return every_subset(question) if objective == "all" else chosen.answer(question)


def explain(samples: ArrayLike, target: ArrayLike, *, solver: str | Solver | Method = "auto", **options: Any) -> Choice:
    """Which solver ``solve`` would use for the same arguments, and why; nothing is solved.

    Raises
    ------
    TypeError, ValueError
        As `solve`.

    Examples
    --------
    >>> from slth import subset_sum
    >>> print(subset_sum.explain([0.5, -0.3, 0.9, 0.25], 0.44, objective="any", epsilon=0.1))
    growing-prefix: any subset within epsilon: a prefix suffices nearly always
    """
    return choose(Question.read(samples, target, **options), solver)


def capabilities() -> Capabilities:
    """What every solver can do: a table, printed as Markdown."""
    return Capabilities(solver.capability for solver in SOLVERS.values())
