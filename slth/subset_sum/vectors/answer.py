"""Questions about vectors: to `vectors.solve_vectors` and back."""

from __future__ import annotations

import numpy as np

from slth.subset_sum.kernels import exact_sum
from slth.subset_sum.question import Question
from slth.subset_sum.solution import Solution, Status
from slth.subset_sum.vectors.solve import Vectors, evaluate, solve_vectors


def answer(question: Question) -> Solution:
    """The solution of all instances."""
    rows, shape = question.instances, question.shape
    assert isinstance(rows, Vectors)
    epsilon = question.epsilon
    masks, sums, errors, statuses = solve_vectors(
        rows.samples,
        rows.row_of,
        rows.targets,
        objective=question.objective,
        epsilon=None if epsilon is None else epsilon.astype(np.float64),
        norm=question.norm or "max",
        low=question.allowed.low,
        high=question.allowed.high,
        deadline=question.deadline,
        workers=question.workers,
        progress=question.progress,
    )
    lost = (statuses == Status.NOT_FOUND) & (masks == 0)
    if question.allowed.low and lost.any():  # the smallest subset allowed stands where there is none
        masks[lost] = np.uint64((1 << question.allowed.low) - 1)
        sums, errors = evaluate(rows.samples, rows.row_of, rows.targets, masks, question.norm or "max")
    return Solution(
        mask=masks.reshape(shape)[()],
        sum=sums.reshape(*shape, -1),
        error=errors.reshape(shape)[()],
        size=exact_sum.sizes_of(masks).reshape(shape)[()],
        status=statuses.reshape(shape)[()],
        n=question.n,
    )
