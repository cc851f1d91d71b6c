"""Masks of dense piecewise linear networks, evaluated and moved in compiled code: a move computes only what it changes.

What the census walks with, and the searches that flip.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from slth.networks.kernels import dense_moves as kernel
from slth.networks.network import Network
from slth.networks.piecewise_linear import slope_of

Array = NDArray[np.float64]
Masks = NDArray[np.bool_]
Places = NDArray[np.int64]

KINDS: Final = {
    "sup": kernel.SUP,
    "error-rate": kernel.RATE,
    "squared": kernel.SQUARED,
    "cross-entropy": kernel.ENTROPY,
}
_LANES = 64  # inputs side by side


@dataclass(frozen=True, eq=False)
class DenseMoves:
    """A network whose layers are all dense and piecewise linear, m of its weights and biases, and a loss on inputs.

    Attributes
    ----------
    network : Network
    places : sequence of (name, (m_a,) int64)
        What masks range over: names of arrays, as `slth.networks.archive` names them, and flat places in each. All else is 0.
    values : (m,) float64
        The numbers there.
    inputs : (k, d_in) float64
    wanted : (k, d_out) float64, or (k,) labels
    loss : {"sup", "error-rate", "squared", "cross-entropy"}
        Largest |output - wanted|; share of the inputs whose largest output (the first of those that rounding cannot tell apart) is not
        the label; mean of half the squared distance; mean cross entropy.
    """

    network: Network
    places: Sequence[tuple[str, Places]]
    values: Array
    inputs: Array
    wanted: NDArray[Any]
    loss: str

    @cached_property
    def rounding(self) -> float:
        """Above what the outputs of two evaluations of one mask may differ by: gamma_n of the sum of absolute values, twice."""
        size, sums = np.abs(self.inputs), 0
        for layer in self.network.layers:
            bias = 0.0 if layer.bias is None else np.abs(layer.bias)
            size = (
                (size @ np.abs(layer.weight).T + bias) * layer.scale * max(1.0, abs(slope_of(layer.activation) or 0.0))
            )
            sums += layer.d_in + 4
        return float(4 * sums * 2.0**-53 * size.max())

    @cached_property
    def data(self) -> tuple[Any, ...]:
        """Of the kernels: kind, inputs and what is wanted side by side, how many there are of each block, ties."""
        k = len(self.inputs)
        lanes = min(k, _LANES)
        filled = np.minimum(lanes, k - lanes * np.arange(-(-k // lanes)))
        wanted = self.wanted.reshape(k, -1).astype(np.float64)
        tie = self.rounding if self.loss == "error-rate" else 0.0
        return KINDS[self.loss], _in_lanes(self.inputs, lanes), _in_lanes(wanted, lanes), filled, tie

    @cached_property
    def net(self) -> tuple[tuple[NDArray[Any], ...], tuple[NDArray[Any], ...], int]:
        """Of the kernels: net, parameters, and how many weights there are with biases everywhere."""
        layers = self.network.layers
        widths = np.array(self.network.widths, np.int64)
        starts = np.concatenate([[0], np.cumsum((widths[:-1] + 1) * widths[1:])])
        bases = np.concatenate([[0], np.cumsum(widths[1:])[:-1]])
        slopes = np.array([slope_of(layer.activation) for layer in layers], np.float64)
        rows: list[NDArray[np.int64]] = []
        scales = []
        for name, where in self.places:
            number, kind = name.split(".")
            layer, inputs = int(number), int(widths[int(number)])
            unit, source = (
                (where // inputs, where % inputs) if kind == "weight" else (where, np.full_like(where, inputs))
            )
            rows.append(np.stack([np.full_like(where, layer), unit, source]))
            scales.append(np.full(where.size, layers[layer].scale))
        place = np.concatenate(rows, axis=1) if rows else np.empty((3, 0), np.int64)
        # a positive scale of the sum is one of its weights
        values = self.values * (np.concatenate(scales) if scales else 1.0)
        parameters = (*(np.ascontiguousarray(row, np.int64) for row in place), values)
        return (widths, starts[:-1].astype(np.int64), bases.astype(np.int64), slopes), parameters, int(starts[-1])

    def losses(self, masks: Masks) -> Array:
        """Losses (n,) of masks (n, m) from nothing."""
        found = np.empty(len(masks))
        kernel.evaluate(self.data, *self.net, masks, found)
        return found

    def swap(
        self, masks: Masks, losses: Array, orders: Places, places: Places, level: float, slack: Array | None = None,
        best: Masks | None = None, lowest: Array | None = None,
    ) -> Places:  # fmt: skip
        """Move masks (n, m) in place, and their losses and orders; returns (n, 2): steps accepted, and the last one's number from 1 on.

        Parameters
        ----------
        masks, losses, orders : (n, m) bool, (n,) float64, (n, m) int64
            Each order is one of the parameters.
        places : (n, steps, most, 2) int64
            Each step swaps what stands at two places of the order, one of them kept and one not, `most` times; negative: fewer times.
        level : float
            A step is kept if the loss is then at most this;
        slack : (n, steps) float64, optional
            or, instead, at most so much above the loss before.
        best, lowest : (n, m) bool, (n,) float64, optional
            Where a mask of lower loss than `lowest` is met, it is kept here.
        """
        count = len(masks)
        accepted = np.zeros((count, 2), np.int64)
        kernel.swaps(
            self.data, *self.net, masks, losses, orders, places, level,
            np.empty((count, 0)) if slack is None else slack,
            np.empty((0, 0), np.bool_) if best is None else best,
            np.empty(0) if lowest is None else lowest, accepted,
        )  # fmt: skip
        return accepted


def _in_lanes(rows: Array, lanes: int) -> Array:
    """(k, d) as (blocks, d, lanes), the last block filled up with zeros."""
    blocks = -(-len(rows) // lanes)
    padded = np.zeros((blocks * lanes, rows.shape[1]))
    padded[: len(rows)] = rows
    return np.ascontiguousarray(padded.reshape(blocks, lanes, -1).transpose(0, 2, 1))
