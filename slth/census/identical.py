"""Masks that are the same but for dead ends, or but for the order of hidden neurons.

A parameter of a mask is a *dead end* if it lies on no path of kept parameters from an input or a kept bias to an output. Only the wiring
counts: a neuron whose inputs are all pruned but whose bias is kept is alive, be its bias negative and its ReLU always zero. Taking dead
ends away leaves the *core* of a mask, which computes the same function; counted are the cores. A mask is its own core just if every hidden
neuron that keeps anything that leads to it (weights or bias) keeps a weight that leads on, and the other way round.

Masks are the same up to the order of neurons if a permutation of the neurons within each hidden layer takes one pattern of kept parameters
to the other; only permutations that take the non-zero parameters of the source to themselves take part (all of them if none is zero). The
weights do not move: it is the patterns that are the same, while the functions differ in general. So what is counted is in how many
patterns, up to the order of neurons, the source has at least one subnetwork that approximates the target. With both, it is the patterns of
the cores that do.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from slth.census.forward import Bools, Numbered

MOST_ORDERS = 5040


def why_not_permuted(layers: Sequence[Numbered]) -> str | None:
    """Why masks cannot be compared up to the order of neurons; None if they can."""
    widths = [item.layer.d_out for item in layers[:-1]]
    orders = math.prod(math.factorial(width) for width in widths)
    if orders <= MOST_ORDERS:
        return None
    return (
        f'once="permuted" goes through all orders of the hidden neurons, at most {MOST_ORDERS:,}; widths {widths} have {orders:,}; '
        'leave "permuted" out'
    )


def core(layers: Sequence[Numbered], masks: Bools) -> Bools:
    """Masks (n, m) without their dead ends."""
    kept = [tuple(array.copy() for array in item.kept(masks)) for item in layers]
    fed: Bools = np.ones((len(masks), layers[0].layer.d_in), np.bool_)
    for weight, bias in kept:
        weight &= fed[:, None, :]
        fed = np.asarray(weight.any(axis=2)) | bias
    heard: Bools = np.ones((len(masks), layers[-1].layer.d_out), np.bool_)
    for weight, bias in reversed(kept):
        weight &= heard[:, :, None]
        bias &= heard
        heard = np.asarray(weight.any(axis=1))
    out = np.zeros_like(masks)
    for item, (weight, bias) in zip(layers, kept, strict=True):
        out[:, item.weight[item.weight >= 0]] = weight[:, item.weight >= 0]
        out[:, item.bias[item.bias >= 0]] = bias[:, item.bias >= 0]
    return out


def patterns(layers: Sequence[Numbered], masks: Bools) -> Bools:
    """One mask (n, m) for each pattern up to the order of hidden neurons: the smallest as a number, the first parameter the highest bit."""
    if len(masks) == 0 or len(layers) == 1:
        return masks
    ordered = _least(layers, masks)
    return np.unique(ordered, axis=0)


def _least(layers: Sequence[Numbered], masks: Bools) -> Bools:
    """The least of the masks that permutations lead to, in the order of packed bytes."""
    best: NDArray[np.uint8] | None = None
    for numbers in _moves(layers):
        moved = np.packbits(masks[:, numbers], axis=1)
        if best is None:
            best = moved
            continue
        differ = moved != best
        first = differ.argmax(axis=1)
        rows = np.arange(len(masks))
        less = differ.any(axis=1) & (moved[rows, first] < best[rows, first])
        best[less] = moved[less]
    assert best is not None
    return np.unpackbits(best, axis=1, count=masks.shape[1]).astype(np.bool_)


def _moves(layers: Sequence[Numbered]) -> list[NDArray[np.int64]]:
    """Of each order of the neurons that keeps the zeros of the source in place: whose bit each parameter takes."""
    widths = [item.layer.d_out for item in layers[:-1]]
    count = sum(item.count for item in layers)
    moves = []
    for order in itertools.product(*(itertools.permutations(range(width)) for width in widths)):
        orders_of = [np.arange(layers[0].layer.d_in), *(np.array(o) for o in order), np.arange(layers[-1].layer.d_out)]
        numbers = np.empty(count, np.int64)
        for item, before, after in zip(layers, orders_of[:-1], orders_of[1:], strict=True):
            weight, bias = item.weight[np.ix_(after, before)], item.bias[after]
            if ((weight >= 0) != (item.weight >= 0)).any() or ((bias >= 0) != (item.bias >= 0)).any():
                break
            numbers[item.weight[item.weight >= 0]] = weight[item.weight >= 0]
            numbers[item.bias[item.bias >= 0]] = bias[item.bias >= 0]
        else:
            moves.append(numbers)
    return moves
