"""Every mask of a network: exact, for dense networks of any depth to some 30 parameters.

With the sup error the masks of the last two layers are walked as combinations of what each neuron of the last hidden layer can add to the
outputs (`groups`): the innermost neurons side by side in one block, and of the others one turns at a time. The masks of the layers below
are gone through one by one. Nothing is updated in place, so that no rounding error builds up: a bound of the error of each sum is carried
along, and what lies within it of epsilon is decided in integers. A branch from which the outputs can no longer come within epsilon is
left out whole.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from slth.census import batches, vertices
from slth.census.answer import Census
from slth.census.combinations import Walk
from slth.census.exact import largest_sum
from slth.census.forward import numbered
from slth.census.groups import most_entries
from slth.census.identical import why_not_permuted
from slth.census.question import Question
from slth.census.tally import census
from slth.census.windows import Windows
from slth.networks.piecewise_linear import slope_of

MOST_BITS = 36.0  # log2 of the combinations that are walked
MOST_PARAMETERS = 62  # numbers of masks are int64
LARGEST = 1e150  # so that nothing overflows
MOST_TABLE = 2**26  # numbers in the entries of all groups


def count(
    question: Question, *, once: Iterable[str], by_layer: bool, masks: bool, workers: int, progress: bool
) -> Census:
    """The census of a question by looking at every mask.

    Parameters
    ----------
    question : Question
    once : iterable of {"dead", "permuted"}
        See `slth.census.identical`; dense networks only.
    by_layer : bool
        Also by the sizes of the layers.
    masks : bool
        Also list them, at most 2^22.
    workers : int
    progress : bool

    Returns
    -------
    Census
        Exact in real arithmetic for the sup error and the error rate of dense networks with relu, leaky relu and identity; with curved
        activations (of hidden layers) as long as no mask lies within rounding of epsilon, else between bounds (CERTIFIED; assuming that
        libm is right to 8 units in the last place). Other losses and networks: as float64 evaluates them.

    Raises
    ------
    ValueError
        If `why_not` says why not, or more masks would have to be listed than fit.

    Notes
    -----
    Time O(k d_out 2^m) at worst, far less for small epsilon; memory some MiB.
    """
    kinds = set(once)
    problem = why_not(question, once=kinds)
    if problem is not None:
        raise ValueError(problem)
    search: Any = batches.Batches(question, "dead" in kinds, by_layer, workers, progress)
    if question.is_sup and question.source.is_dense:
        search = Walk(Windows(question), "dead" in kinds, by_layer, workers, progress)
    return census(question, search, "walk", permuted="permuted" in kinds, by_layer=by_layer, masks=masks)


def why_not(question: Question, *, once: Iterable[str] = ()) -> str | None:
    """Why a question is not for this method; None if it is."""
    source, m, kinds = question.source, question.parameters.count, set(once)
    if kinds and not source.is_dense:
        return f"once={sorted(kinds)} knows dense networks only, not {source!r}; leave it out"
    if "permuted" in kinds:
        problem = why_not_permuted(numbered(question.parameters))
        if problem is not None:
            return problem
    if not (question.is_sup and source.is_dense):
        if question.inputs is None:
            return f"an error over a whole domain needs a dense source, not {source!r}; give inputs="
        most = batches.MOST_BITS[batches.quick(question)]
        if m > most:
            return (
                f"the source has {m} weights and biases that are not zero, so 2^{m} masks; the walk takes at most 2^{most} with this "
                'loss and network: use "splitting" or "flat-histogram"'
            )
        return None
    problem = why_not_windows(question)
    if problem is not None:
        return problem
    if m > MOST_PARAMETERS:
        return _too_large(question, f"2^{m} masks")
    entries, below = most_entries(question)
    bits = below + sum(map(math.log2, entries))
    closed = math.isinf(question.epsilon) and not (below and "dead" in kinds)  # counted without a walk
    if bits > MOST_BITS and not closed:
        return _too_large(question, f"2^{m} masks, or 2^{bits:.1f} combinations of what its neurons add to the outputs")
    k = inputs_of(question)
    if sum(entries) * source.widths[-1] * k > MOST_TABLE:
        return _too_large(question, f"a neuron that can add {max(entries):,} different vectors to the outputs")
    return None


def why_not_windows(question: Question) -> str | None:
    """Why the sup error of a dense network cannot be counted exactly; None if it can. For the walk and the halves."""
    source = question.source
    last = slope_of(source.layers[-1].activation)
    if last is None or last < 0:
        return (
            f"the last layer of the source has activation {source.layers[-1].activation!r}; exact counting needs relu, leaky-relu or "
            "identity there: leave it away from source and target, or give the error as a function, loss=lambda outputs, wanted: ..."
        )
    ends = question.inputs if question.inputs is not None else (question.domain.lower, question.domain.upper)  # type: ignore[union-attr]
    size = largest_sum(source, float(np.abs(ends).max()))
    if not size < LARGEST:
        return (
            f"sums in the source may be as large as {size:g}, beyond {LARGEST:g}: scale its weights or the inputs down"
        )
    if question.inputs is None:
        assert question.target is not None
        assert question.domain is not None
        return vertices.why_not(source, question.target, question.domain)
    return None


def inputs_of(question: Question) -> int:
    """On how many inputs the error is measured."""
    return len(question.inputs) if question.inputs is not None else len(Windows(question).points.denominators)


def _too_large(question: Question, what: str) -> str:
    m, sampled = question.parameters.count, '"splitting" or "flat-histogram"'
    joined = question.source.depth <= 2 and m <= MOST_PARAMETERS
    return (
        f"the source has {m} weights and biases that are not zero: {what}; the walk takes at most 2^{MOST_BITS:.0f}: use "
        + (f'"halves", or {sampled}' if joined else sampled)
    )
