"""Many subsets for one question: all within epsilon, in order, and the k closest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slth.subset_sum.answer import from_masks
from slth.subset_sum.multiple_choice.every import Subsets, k_best
from slth.subset_sum.multiple_choice.restricted import choices_of, integers_of, masks_of, tolerance_of
from slth.subset_sum.question import Question
from slth.subset_sum.solution import Solution, Status
from slth.threads import in_order, progress_bar


def every_subset(question: Question) -> Subsets:
    """The iterator behind objective "all", for a single instance.

    Raises
    ------
    ValueError
        If the question is of more than one instance.
    """
    if question.shape:
        raise ValueError(
            f'objective="all" takes one row and one target, got a batch of shape {question.shape}; loop over the instances'
        )
    batch = question.batch
    integers, goal, unit = integers_of(batch, 0)
    return Subsets(
        choices_of(batch, 0),
        integers,
        goal,
        tolerance_of(question, 0, unit),
        unit=unit,
        order=question.order,
        low=batch.allowed.low,
        high=batch.allowed.high,
        integral=batch.integral,
    )


def closest_few(question: Question) -> Solution:
    """The `k_best` closest subsets of every instance, along a last axis; as many as the instance with most of them has."""
    batch, k = question.batch, question.k_best
    assert k is not None

    def run(i: int) -> NDArray[np.int64]:
        choices = choices_of(batch, int(batch.row_of[i]))
        integers, goal, unit = integers_of(batch, i)
        low, high = batch.allowed.low, batch.allowed.high
        coefficients: NDArray[np.int64] = choices.decode(
            k_best(choices, integers, goal, k, unit=unit, low=low, high=high).mask
        )
        return coefficients

    found = []
    with progress_bar(question.m, "instance", question.progress) as bar:
        for coefficients in in_order(run, range(question.m), min(question.workers, question.m)):
            found.append(coefficients)
            bar.update(1)
    most = max(len(some) for some in found)
    every = np.full((question.m, most, batch.n), batch.allowed.base)
    statuses = np.full((question.m, most), Status.NOT_FOUND, np.uint8)
    for i, some in enumerate(found):
        every[i, : len(some)], statuses[i, : len(some)] = some, Status.OPTIMAL
        every[i, len(some) :] = some[0]  # stands in where there are no more
    flat = every.reshape(-1, batch.n)
    which = np.repeat(np.arange(question.m), most)
    return from_masks(batch, which, masks_of(batch, flat), statuses.reshape(-1), flat, (*batch.shape, most))
