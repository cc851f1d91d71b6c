"""The loss of a mask: by evaluating any network on all inputs, or, for dense ReLU networks, by what a swap changes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from slth.networks.dense_moves import DenseMoves
from slth.networks.piecewise_linear import is_piecewise_linear
from slth.search.flat import Array, Flat
from slth.search.flips.sizes import Ints, Masks
from slth.search.losses import accuracy, loss_and_slope
from slth.search.models import Model, NetworkModel
from slth.search.objective import CROSS_ENTROPY, SQUARED
from slth.search.oracle import Oracle
from slth.validation import one_of

Floats = NDArray[np.float64]

SUP, ERROR_RATE = "sup", "error-rate"
OF_LABELS: Final = (CROSS_ENTROPY, ERROR_RATE)
OF_OUTPUTS: Final = (SQUARED, SUP)
_EVALUATED = 1024  # inputs at a time


class Landscape(Protocol):
    """Losses of masks (m,) over the non-zero numbers of a source."""

    def losses(self, masks: Masks) -> Floats:
        """(n,) of masks (n, m)."""

    def swap(
        self, masks: Masks, losses: Floats, orders: Ints, places: Ints, slack: Floats, best: Masks, lowest: Floats
    ) -> Ints:
        """Walk masks in place, as `slth.networks.dense_moves.DenseMoves.swap` does: a step is kept if it raises the loss by at most its
        slack."""


@dataclass(frozen=True, eq=False)
class DenseLandscape:
    """Dense layers of ReLU (leaky or not) or identity: a swap costs what it changes. float64; 16 bytes an input, neuron and thread."""

    moves: DenseMoves

    def losses(self, masks: Masks) -> Floats:
        return self.moves.losses(masks)

    def swap(
        self, masks: Masks, losses: Floats, orders: Ints, places: Ints, slack: Floats, best: Masks, lowest: Floats
    ) -> Ints:
        return self.moves.swap(masks, losses, orders, places[:, :, None], 0.0, slack, best, lowest)


@dataclass(frozen=True, eq=False)
class AnyLandscape:
    """Any model, evaluated on all inputs for every swap, in float32."""

    oracle: Oracle
    source: Flat
    where: Ints
    inputs: Array
    wanted: NDArray[Any]
    loss: str

    @cached_property
    def _values(self) -> Array:
        return self.source.values[self.where]

    def losses(self, masks: Masks) -> Floats:
        return np.array([self._evaluated(self._weights(mask)) for mask in masks])

    def swap(
        self, masks: Masks, losses: Floats, orders: Ints, places: Ints, slack: Floats, best: Masks, lowest: Floats
    ) -> Ints:
        accepted = np.zeros((len(masks), 2), np.int64)
        for n, (mask, order) in enumerate(zip(masks, orders, strict=True)):
            weights = self._weights(mask)
            losses[n] = self._evaluated(weights)
            if losses[n] < lowest[n]:
                lowest[n], best[n] = losses[n], mask
            for s, (a, b) in enumerate(places[n]):
                p, q = order[a], order[b]
                weights[self.where[p]], weights[self.where[q]] = 0, self._values[q]
                loss = self._evaluated(weights)
                if loss <= losses[n] + slack[n, s]:
                    losses[n], mask[p], mask[q], order[a], order[b] = loss, False, True, q, p
                    accepted[n] = accepted[n, 0] + 1, s + 1
                    if loss < lowest[n]:
                        lowest[n], best[n] = loss, mask
                else:
                    weights[self.where[p]], weights[self.where[q]] = self._values[p], 0
        return accepted

    def _weights(self, mask: Masks) -> Array:
        weights = np.zeros_like(self.source.values)
        weights[self.where[mask]] = self._values[mask]
        return weights

    def _evaluated(self, weights: Array) -> float:
        views, count, total = self.source.views(weights), len(self.inputs), 0.0
        with np.errstate(over="ignore", invalid="ignore"):  # a loss that is no number is refused
            for start in range(0, count, _EVALUATED):
                here = slice(start, start + _EVALUATED)
                outputs, wanted = self.oracle.outputs(views, self.inputs[here]), self.wanted[here]
                if self.loss == SUP:
                    total = max(total, float(np.abs(outputs - wanted).max()))
                elif self.loss == ERROR_RATE:
                    total += (1 - accuracy(outputs, wanted)) * len(wanted) / count
                else:
                    total += loss_and_slope(outputs, wanted, self.loss)[0] * len(wanted) / count
        return total


def landscape_of(
    model: Model, oracle: Oracle, source: Flat, where: Ints, inputs: Array, wanted: NDArray[Any], loss: str
) -> Landscape:
    """The faster of the two that suits a model.

    Raises
    ------
    ValueError
        If the loss does not fit what is wanted.
    """
    labelled = wanted.ndim == 1
    one_of(loss, OF_LABELS if labelled else OF_OUTPUTS, f"loss of {'labels' if labelled else 'outputs'}")
    if not (isinstance(model, NetworkModel) and is_piecewise_linear(model.network)):
        return AnyLandscape(oracle, source, where, inputs, wanted, loss)
    arrays, places, values = model.arrays, [], []
    for name, slice_, stored in zip(source.names, source.slices, source.places, strict=True):
        here = np.flatnonzero(source.values[slice_])
        places.append((name, here if stored is None else stored[here]))
        values.append(arrays[name].reshape(-1)[places[-1][1]])
    return DenseLandscape(
        DenseMoves(model.network, places, np.concatenate(values), inputs.astype(np.float64), wanted, loss)
    )
