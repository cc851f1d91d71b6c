"""Random walks over the masks of a question: what every walker can do, and the one for any network and any loss."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from slth.census import vertices
from slth.census.question import Question
from slth.networks.activations import activation
from slth.networks.layers import Dense

Array = NDArray[np.float64]
Masks = NDArray[np.bool_]
_CELLS = 1 << 21  # weights of dense networks multiplied at a time


class Walker(Protocol):
    """Losses of masks, and random moves among masks within a loss.

    Attributes
    ----------
    epsilon : float
        The largest loss that counts; a little more than the question's where losses are computed with other roundings than its own.
    margin : float
        Far above what roundings make of a loss. Levels keep it from the losses that were seen: where many masks have the same loss, the
        way by which it was computed must not decide which of them lie within a level, or moves would no longer keep uniform masks
        uniform.
    """

    @property
    def epsilon(self) -> float: ...

    @property
    def margin(self) -> float: ...

    def losses(self, masks: Masks) -> Array:
        """Losses (n,) of masks (n, m)."""

    def swap(self, masks: Masks, losses: Array, level: float, steps: int, most: int, rng: np.random.Generator) -> int:
        """Move each of the masks (n, m) by `steps` steps of 1 to `most` swaps that leave its loss at most `level`, in place; uniform
        masks stay uniform. Returns how many steps were accepted."""

    def flat(self, mask: Masks, ladders: Ladders, state: FlatState, steps: int, rng: np.random.Generator) -> None:
        """Go `steps` steps of a walk over (size, bin of the loss), `mask` (m,) and `state` in place."""


@dataclass(frozen=True, eq=False)
class Ladders:
    """Bins of the loss for sizes in a row.

    Attributes
    ----------
    first : int
        The smallest size.
    edges : (S, B) float64
        Ascending upper ends of the bins of each size, the last infinite. The first is epsilon.
    bulk : (S,) int64
        The bin of each size from which on a mask counts as an arbitrary one.
    """

    first: int
    edges: Array
    bulk: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class FlatState:
    """What a flat-histogram walk keeps.

    Attributes
    ----------
    log_weights : (S, B) float64
        A mask of (size, bin) is as likely as exp(-log_weights) of it, times a constant.
    visits : (S, B) int64
    schedule : (3,) float64
        Every step adds schedule[0] to the log weight of where it ends, or schedule[2] / schedule[1] where that is less and schedule[2] >
        0; schedule[1] counts the steps.
    trips : (3,) int64
        The end visited last (1: within epsilon, 2: the bulk), descents from the bulk to within epsilon, steps accepted.
    """

    log_weights: Array
    visits: NDArray[np.int64]
    schedule: Array
    trips: NDArray[np.int64]


def with_inputs(question: Question) -> Question:
    """The question with inputs: the points at which the error over a domain is largest, where it was asked over a domain.

    Raises
    ------
    ValueError
        If no finitely many points are known that would do.
    """
    if question.inputs is not None:
        return question
    assert question.target is not None
    assert question.domain is not None
    points = vertices.inputs_for(question.source, question.target, question.domain)
    return replace(question, inputs=points, wanted=question.target(points))


@dataclass(frozen=True, eq=False)
class AnyWalker:
    """Evaluates a network for every mask: any network, any loss."""

    question: Question

    @property
    def epsilon(self) -> float:
        """The question's."""
        return self.question.epsilon

    @cached_property
    def margin(self) -> float:
        """Relative to the loss of the whole network."""
        loss = abs(float(self.losses(np.ones((1, self.question.parameters.count), np.bool_))[0]))
        return 1e-11 * (loss if math.isfinite(loss) else 0.0)

    def losses(self, masks: Masks) -> Array:
        """Losses (n,) of masks (n, m); dense networks by products of stacks of matrices.

        Raises
        ------
        ValueError
            If a loss is NaN.
        """
        question = self.question
        if not question.source.is_dense:
            outputs = [question.parameters.pruned(mask)(question.inputs) for mask in masks]  # type: ignore[arg-type]
            return self._measured(outputs)
        found = np.empty(len(masks))
        step = max(1, _CELLS // max(1, question.source.size))
        for start in range(0, len(masks), step):
            found[start : start + step] = self._measured(self._outputs(masks[start : start + step]))
        return found

    def _measured(self, outputs: NDArray[np.float64] | list[NDArray[np.float64]]) -> Array:
        question = self.question
        assert question.wanted is not None
        if question.loss == "sup" and isinstance(outputs, np.ndarray):
            return np.asarray(np.abs(outputs - question.wanted).reshape(len(outputs), -1).max(axis=1))
        found = np.array([float(question.measure(out, question.wanted)) for out in outputs])
        if np.isnan(found).any():
            raise ValueError("the loss of a mask is NaN; let loss return a number, or infinity, for every output")
        return found

    def _outputs(self, masks: Masks) -> Array:
        """(n, k, d_out) outputs of the dense networks of masks (n, m)."""
        question = self.question
        parameters, values = question.parameters, question.parameters.values
        arrays, start = {}, 0
        for name, where in parameters.places:
            layer, kind = name.split(".")
            shape = question.source.layers[int(layer)].arrays[kind].shape
            flat = np.zeros((len(masks), math.prod(shape)))
            flat[:, where] = masks[:, start : start + where.size] * values[start : start + where.size]
            arrays[name], start = flat.reshape(len(masks), *shape), start + where.size
        assert question.inputs is not None
        x = np.broadcast_to(question.inputs, (len(masks), *question.inputs.shape))
        for i, layer in enumerate(question.source.layers):
            assert isinstance(layer, Dense)
            x = x @ arrays[f"{i}.weight"].transpose(0, 2, 1)
            if layer.bias is not None:
                x = x + arrays[f"{i}.bias"][:, None]
            x = activation(layer.activation)(x * layer.scale)
        return x

    def swap(self, masks: Masks, losses: Array, level: float, steps: int, most: int, rng: np.random.Generator) -> int:
        """All masks (n, m) one step at a time, together."""
        n, m = masks.shape
        size = int(masks[0].sum()) if n else 0
        if not 0 < size < m:
            return 0
        order = np.argsort(~masks, axis=1, kind="stable")  # kept parameters first
        rows, accepted = np.arange(n), 0
        for _ in range(steps):
            new = order.copy()
            for _ in range(int(rng.integers(1, most + 1))):
                a, b = rng.integers(0, size, n), rng.integers(size, m, n)
                new[rows, a], new[rows, b] = new[rows, b], new[rows, a]
            proposed = np.zeros_like(masks)
            proposed[rows[:, None], new[:, :size]] = True
            found = self.losses(proposed)
            good = found <= level
            order[good], masks[good], losses[good] = new[good], proposed[good], found[good]
            accepted += int(good.sum())
        return accepted

    def flat(self, mask: Masks, ladders: Ladders, state: FlatState, steps: int, rng: np.random.Generator) -> None:
        """As the kernel `flat_walk`, a network a step."""
        sizes, m = len(ladders.edges), mask.size
        size = int(mask.sum())
        row = size - ladders.first
        b = int(np.searchsorted(ladders.edges[row], self.losses(mask[None])[0]))
        for _ in range(steps):
            kind, u, v, w = rng.random(4)
            flips: list[int] = []
            if sizes > 1 and kind < 0.5:
                p = int(u * m)
                if 0 <= row + (-1 if mask[p] else 1) < sizes:
                    flips = [p]
            elif 0 < size < m:
                flips = [int(np.flatnonzero(mask)[int(u * size)]), int(np.flatnonzero(~mask)[int(v * (m - size))])]
            if flips:
                mask[flips] ^= True
                new_size = int(mask.sum())
                new_row = new_size - ladders.first
                c = int(np.searchsorted(ladders.edges[new_row], self.losses(mask[None])[0]))
                if state.log_weights[new_row, c] <= state.log_weights[row, b] - math.log1p(-w):
                    size, row, b = new_size, new_row, c
                    state.trips[2] += 1
                else:
                    mask[flips] ^= True
            state.schedule[1] += 1
            rate = state.schedule[0]
            if state.schedule[2] > 0:
                rate = min(rate, state.schedule[2] / state.schedule[1])
            state.log_weights[row, b] += rate
            state.visits[row, b] += 1
            if b == 0:
                state.trips[1] += state.trips[0] == 2
                state.trips[0] = 1
            elif b >= ladders.bulk[row]:
                state.trips[0] = 2
