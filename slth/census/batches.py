"""Every mask in batches, for losses other than the sup error: any loss of any network, and quicker the error rate of dense ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from slth.census.exact import ExactNetwork, Points, is_whole
from slth.census.forward import UNIT, Bools, forward, numbered
from slth.census.identical import core
from slth.census.question import Question
from slth.census.tally import Tally, layer_of
from slth.networks.piecewise_linear import is_piecewise_linear
from slth.threads import in_order, progress_bar

MOST_BITS = {True: 26, False: 20}  # parameters: error rate of dense networks, anything else
_BATCH = 12

Chosen = tuple[Bools, Bools]  # masks surely within epsilon, and masks undecided


def all_masks(begin: int, end: int, m: int) -> Bools:
    """Masks number begin to end, bit i of the number for parameter i."""
    return ((np.arange(begin, end, dtype=np.int64)[:, None] >> np.arange(m)) & 1).astype(np.bool_)


def quick(question: Question) -> bool:
    """Whether masks are evaluated side by side."""
    return question.loss == "error-rate" and question.source.is_dense


@dataclass(frozen=True, eq=False)
class Batches:
    """The masks within epsilon of a question, batch by batch.

    The error rate of dense networks with piecewise linear activations is decided in exact arithmetic where rounding might matter.
    Otherwise a loss is what it is in float64: ``measure(parameters.pruned(mask)(inputs), wanted)``, some 100 us a mask.

    Attributes
    ----------
    without_dead : bool
        Leave out masks with dead ends; dense networks only.
    by_layer : bool
    """

    question: Question
    without_dead: bool
    by_layer: bool
    workers: int
    progress: bool

    def tally(self) -> Tally:
        tally, layers = Tally(), layer_of(self.question)
        for sure, undecided in self._chosen():
            tally.merge(Tally.of_masks(layers if self.by_layer else 0 * layers, sure, undecided))
        return tally

    def listed(self) -> Chosen:
        parts = list(self._chosen())
        return np.concatenate([sure for sure, _ in parts]), np.concatenate([undecided for _, undecided in parts])

    def _chosen(self) -> Iterator[Chosen]:
        m = self.question.parameters.count
        size = 1 << min(_BATCH, m)
        evaluate = _error_rates(self.question) if quick(self.question) else _one_by_one(self.question)
        layers = numbered(self.question.parameters) if self.without_dead else ()

        def work(begin: int) -> Chosen:
            masks = all_masks(begin, begin + size, m)
            return evaluate(masks[(core(layers, masks) == masks).all(axis=1)] if layers else masks)

        with progress_bar(1 << m, "mask", self.progress) as bar:
            for found in in_order(work, range(0, 1 << m, size), self.workers):
                yield found
                bar.update(size)


def _one_by_one(question: Question) -> Callable[[Bools], Chosen]:
    def evaluate(masks: Bools) -> Chosen:
        pruned, inputs = question.parameters.pruned, question.inputs
        losses = [float(question.measure(pruned(mask)(inputs), question.wanted)) for mask in masks]  # type: ignore[arg-type]
        return masks[np.array(losses, np.float64) <= question.epsilon], masks[:0]

    return evaluate


def _error_rates(question: Question) -> Callable[[Bools], Chosen]:
    layers, wanted, inputs = numbered(question.parameters), question.wanted, question.inputs
    assert wanted is not None
    assert inputs is not None
    k = len(inputs)
    points = Points.of_floats(inputs)
    unit = 0.0 if is_whole(question.source, points) else UNIT
    most = max(c for c in range(k + 1) if c / k <= question.epsilon)  # wrong answers allowed
    others = np.arange(layers[-1].layer.d_out)[:, None] != wanted
    before = np.arange(layers[-1].layer.d_out)[:, None] < wanted
    exact = ExactNetwork.of(question.source) if is_piecewise_linear(question.source) else None

    def decided(masks: Bools) -> Bools:
        assert exact is not None
        right = np.empty(len(masks), np.bool_)
        for i, mask in enumerate(masks):
            kept = [item.kept(mask[None]) for item in layers]
            outputs = exact.outputs(
                points, [(w[0].astype(np.object_) * 1, b[0].astype(np.object_) * 1) for w, b in kept]
            )
            right[i] = (outputs.argmax(axis=1) != wanted).sum() <= most
        return right

    def evaluate(masks: Bools) -> Chosen:
        outputs, radii = forward(layers, masks, inputs.T, np.zeros(inputs.T.shape), unit)
        own = np.arange(k)
        ahead = outputs - outputs[:, wanted, own][:, None, :]  # of the wanted answer
        off = (radii + radii[:, wanted, own][:, None, :]) * (1 + 4 * UNIT) + 2 * unit * np.abs(ahead)
        # the first of equal outputs counts as the largest
        beaten = (ahead > off) | ((ahead == 0) & (off == 0) & before)
        near = (np.abs(ahead) <= off) & (off > 0)
        wrong = (beaten & others).any(axis=1)
        maybe = wrong | (near & others).any(axis=1)
        sure, possible = maybe.sum(axis=1) <= most, wrong.sum(axis=1) <= most
        left = masks[possible & ~sure]
        if exact is None or not len(left):
            return masks[sure], left
        cores, which = np.unique(core(layers, left), axis=0, return_inverse=True)
        right = decided(cores)[which.reshape(-1)]
        return np.concatenate([masks[sure], left[right]]), left[:0]

    return evaluate
