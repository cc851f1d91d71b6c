"""Counting from seed and masks, in blocks: which first-layer weights the outputs use, and which random subsets would."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from slth.constructions.protocol import Inserted, Masks
from slth.constructions.reuse.report import LayerReuse, Reuse
from slth.constructions.two_layer.deal import row_blocks
from slth.networks import RandomSource
from slth.networks.bits import ones

_FINE = 1 << 10  # probabilities told apart in a predicted histogram

Floats = NDArray[np.float64]


def reuse(construction: str, inserted: Iterable[Inserted], source: RandomSource, masks: Masks) -> Reuse:
    """Count, for each inserted layer, the outputs that use each of its weights.

    Time O(size of the source), memory for blocks of 32 MiB and some numbers for each hidden neuron.

    Raises
    ------
    ValueError
        If the construction inserts no layer.
    """
    layers = tuple(_layer(source, masks, piece) for piece in inserted)
    if not layers:
        raise ValueError(
            f"construction {construction!r} inserts no random layer before those of its target: no first-layer weights are there to be "
            "used by several outputs"
        )
    kept = sum(map(ones, masks.weights)) + sum(int(bias.sum()) for bias in masks.biases if bias is not None)
    return Reuse(construction, kept, layers)


def _layer(source: RandomSource, masks: Masks, piece: Inserted) -> LayerReuse:
    inner, outer = (masks.weights[piece.first + i] for i in (0, 1))
    biases = [masks.biases[piece.first + i] for i in (0, 1)]
    hidden = len(inner)
    uses = np.zeros(hidden, np.int64)
    groups = piece.groups()
    order = np.argsort(groups, kind="stable")  # candidates, those of a half together
    order = order[np.searchsorted(groups[order], 0) :]
    half, starts, sizes = np.unique(groups[order], return_index=True, return_counts=True)
    of = np.repeat(np.arange(half.size), sizes)
    chosen = np.zeros(half.size, np.int64)
    # sums over the outputs, for each candidate: that a random subset takes it, the square of that, and the logarithm of not
    taken, squares, missed = (np.zeros(order.size) for _ in range(3))
    for rows in row_blocks(len(outer), hidden):
        bits = np.unpackbits(outer[rows], axis=1, count=hidden)
        uses += bits.sum(axis=0, dtype=np.int64)
        if order.size == 0:
            continue
        k = np.add.reduceat(bits[:, order], starts, axis=1, dtype=np.int64)
        chosen += k.sum(axis=0)
        there = None
        if source.share(piece.first + 1) < 1:
            there = (source.weight_rows(piece.first + 1, rows.start, rows.stop) != 0) | bits.view(np.bool_)
        exist = sizes if there is None else np.add.reduceat(there[:, order], starts, axis=1, dtype=np.int64)
        share = k / np.maximum(exist, 1)
        with np.errstate(divide="ignore"):  # a subset of all candidates misses none: the logarithm of 0
            parts = share, share**2, np.log1p(-share)
        for total, part in zip((taken, squares, missed), parts, strict=True):
            total += part.sum(axis=0)[of] if there is None else np.where(there[:, order], part[:, of], 0).sum(axis=0)
    constant = np.zeros(hidden, np.bool_) if biases[0] is None else biases[0]
    kept = inner.any(axis=1)
    return LayerReuse(
        layer=piece.layer,
        outputs=piece.outputs,
        first=ones(inner),
        second=int(uses[kept].sum()),
        candidates=order.size,
        worst=int(np.minimum(chosen, sizes).sum()),
        expected=float(-np.expm1(missed).sum()),
        uses=np.bincount(uses[order], minlength=piece.outputs + 1),
        expected_uses=_binomials(taken, squares, piece.outputs),
        constants=int(constant.sum()),
        constant_uses=int(uses[constant].sum()),
        kept=ones(inner) + ones(outer) + sum(int(bias.sum()) for bias in biases if bias is not None),
        theorem=piece.theorem,
    )


def _binomials(taken: Floats, squares: Floats, outputs: int) -> Floats:
    """(outputs + 1,): how many of the candidates are expected to be used by each number of outputs.

    A number of uses is a sum of independent truth values with probabilities p_j; with sum p_j = N p and sum p_j^2 = N p^2 a binomial
    number of N trials has its mean and, but for the rounding of N, its variance.
    """
    from scipy.special import gammaln, xlog1py, xlogy

    found = np.zeros(outputs + 1)
    some = taken > 0
    found[0] = np.count_nonzero(~some)
    trials = np.clip(np.rint(taken[some] ** 2 / squares[some]), 1, outputs).astype(np.int64)
    p = np.minimum(taken[some] / trials, 1.0)
    # candidates that hardly differ are taken together
    _, alike, count = np.unique(
        trials * (_FINE + 1) + np.rint(p * _FINE).astype(np.int64), return_inverse=True, return_counts=True
    )
    mean = np.bincount(alike, p) / count
    first = np.zeros(count.size, np.int64)
    first[alike] = trials
    for n, q, many in zip(first.tolist(), mean.tolist(), count.tolist(), strict=True):
        m = np.arange(n + 1)
        found[: n + 1] += many * np.exp(
            gammaln(n + 1) - gammaln(m + 1) - gammaln(n - m + 1) + xlogy(m, q) + xlog1py(n - m, -q)
        )
    return found
