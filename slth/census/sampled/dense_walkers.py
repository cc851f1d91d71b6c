"""Walkers over the masks of dense networks of ReLU (leaky or not) and identity layers, by the kernels that compute only what changes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from slth.census.question import Question
from slth.census.sampled.walkers import AnyWalker, Array, FlatState, Ladders, Masks, Walker
from slth.networks.dense_moves import DenseMoves
from slth.networks.kernels import dense_moves as kernel
from slth.networks.piecewise_linear import is_piecewise_linear

_LOSSES: Final = ("sup", "error-rate")
_DRAWS = 1 << 18  # random numbers at a time


def walker_of(question: Question) -> Walker:
    """The fastest walker for a question that has inputs."""
    if question.loss in _LOSSES and is_piecewise_linear(question.source):
        return DenseWalker(question)
    return AnyWalker(question)


@dataclass(frozen=True, eq=False)
class DenseWalker:
    """Dense layers of activations linear on either side of 0, the largest error or the error rate on given inputs."""

    question: Question

    @cached_property
    def _moves(self) -> DenseMoves:
        question, parameters = self.question, self.question.parameters
        assert question.inputs is not None
        assert question.wanted is not None
        return DenseMoves(
            question.source, parameters.places, parameters.values, question.inputs, question.wanted, question.loss
        )

    @cached_property
    def epsilon(self) -> float:
        """A sup error within rounding of the question's counts."""
        return self.question.epsilon + (self._moves.rounding if self.question.is_sup else 0.0)

    @property
    def margin(self) -> float:
        """A sup error drifts by less than this between two computations anew; rates do not."""
        return 100 * self._moves.rounding if self.question.is_sup else 0.0

    def losses(self, masks: Masks) -> Array:
        """Losses (n,) of masks (n, m)."""
        return self._moves.losses(masks)

    def swap(self, masks: Masks, losses: Array, level: float, steps: int, most: int, rng: np.random.Generator) -> int:
        """In place, a few masks at a time, so that their random numbers fit.

        A step makes 1, ..., most swaps, each number as likely as the others. Its reversal is as likely, so masks uniform among those
        within the level stay uniform.
        """
        accepted, each, m = 0, 1 + 2 * most, masks.shape[1]
        some = max(1, _DRAWS // (steps * each))
        for start in range(0, len(masks), some):
            part = masks[start : start + some]
            draws = rng.random((len(part), steps, each))
            sizes = part.sum(axis=1)[:, None, None]
            orders = np.argsort(~part, axis=1, kind="stable")  # the kept parameters, then the pruned ones
            kept, pruned = (
                (draws[..., 1::2] * sizes).astype(np.int64),
                (draws[..., 2::2] * (m - sizes)).astype(np.int64),
            )
            places = np.stack([kept, sizes + pruned], axis=-1)
            unused = np.arange(most) > (draws[..., :1] * most).astype(np.int64)
            places[unused | (sizes == 0) | (sizes == m)] = -1
            accepted += int(self._moves.swap(part, losses[start : start + some], orders, places, level)[:, 0].sum())
        return accepted

    def flat(self, mask: Masks, ladders: Ladders, state: FlatState, steps: int, rng: np.random.Generator) -> None:
        """In place, _DRAWS random numbers at a time."""
        for start in range(0, steps, _DRAWS // 4):
            draws = rng.random((min(_DRAWS // 4, steps - start), 4))
            kernel.flat_walk(
                self._moves.data, *self._moves.net, mask, ladders.first, ladders.edges, ladders.bulk,
                state.log_weights, state.visits, state.schedule, state.trips, draws,
            )  # fmt: skip
