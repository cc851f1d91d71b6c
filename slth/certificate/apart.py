"""How far two networks are from each other over a domain, whatever they look like inside: for masks that a search has found.

Nothing inside the two corresponds, so that errors cannot be followed layer by layer. What is bounded is where the outputs of each lie:

* by intervals, layer by layer (`certify`, with each linear layer in the place of its own approximation, so that the errors there are
  those of rounding alone): for all layers that have a certificate; what both networks do alike does not cancel;
* as affine functions of the input with noise (`affine`), for dense layers with ReLU: these can be subtracted;
* both on smaller boxes, where there are at most `SPLIT` coordinates: the box with the largest bound is halved along its widest
  coordinate, again and again, which converges to the largest difference there is.

The smallest bound is the answer, plus the rounding of evaluating both networks on the whole domain. It is rigorous but loose unless the
inputs are few. Measured on random networks, bound over largest difference seen on 100,000 inputs: 1.00 with 2 inputs (64 hidden neurons
against 8), 1.02 to 1.15 with 4, 1.2 to 2.4 with 8; 6.0 for 64-256-10 against 64-32-10 on [0, 1]^64 (by intervals alone 9.9), where
inputs at random see less than there is.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass

import numpy as np

from slth.certificate.affine import Affine, is_affine, through
from slth.certificate.certify import enclosed
from slth.certificate.state import TINY, UNIT, Array
from slth.networks import Ball, Box, Domain, Embedding, Network
from slth.networks.layers.layer import shown

SPLIT = 8  # coordinates, at most, of a domain that is cut into smaller boxes
_MOST_BOXES = 1 << 10  # an eighth of them where intervals are needed, which take longer
_WORK = 1 << 30  # multiplications for all of them together, about


def apart(network: Network, target: Network, domain: Domain) -> float:
    """Bound sup |network(x) - target(x)| over x in the domain, in any output, as computed in float64.

    Parameters
    ----------
    network, target : Network
        Of one shape of inputs and one of outputs.
    domain : Box or Ball
        Of sequences, where each position lies, as in `certify`.

    Returns
    -------
    float
        At least the true supremum, rounding of both networks and of the bound included.

    Raises
    ------
    ValueError
        If the shapes differ, no bound is known for a kind of layer, or the bound is too large for a float64.

    Notes
    -----
    Time of an evaluation of both networks on a batch of d + hidden neurons inputs; with at most `SPLIT` coordinates up to 1024 times that,
    2^30 multiplications in all.
    """
    if (network.shapes[0], network.shapes[-1]) != (target.shapes[0], target.shapes[-1]):
        mine, theirs = (f"{shown(n.shapes[0])} -> {shown(n.shapes[-1])}" for n in (network, target))
        raise ValueError(f"the ticket maps {mine}, the target {theirs}; give the target it was made for")
    with np.errstate(over="ignore", invalid="ignore"):  # an overflow shows in the result
        found = _bound(network, target, domain)
    if not math.isfinite(found):
        raise ValueError(
            f"the error bound overflows float64 on {domain!r}: the weights or the domain are too large; scale them down"
        )
    return found


def _bound(network: Network, target: Network, domain: Domain) -> float:
    states = [enclosed(n, domain) for n in (network, target)]
    # of evaluating both, anywhere in the domain
    rounding = (states[0].error.ravel() + states[1].error.ravel() + TINY) * (1 + 4 * UNIT)
    ends = [(state.low.ravel(), state.high.ravel()) for state in states]
    (low, high), (least, most) = ends
    size = np.maximum.reduce([np.abs(x) for pair in ends for x in pair])
    intervals = float((np.maximum(high - least, most - low) + 4 * UNIT * size + rounding).max() * (1 + 4 * UNIT))
    whole = _Region(network, target, rounding)
    if not whole.affine and not whole.splits:
        return intervals
    start = domain.lower, domain.upper
    first = whole.bound(*start, domain.radius if isinstance(domain, Ball) else None)
    finite = [x for x in (intervals, first) if math.isfinite(x)]
    return whole.halved(*start, min(finite), domain) if finite and whole.splits else min(finite, default=math.inf)


@dataclass(frozen=True)
class _Region:
    """Two networks, and bounds of their distance on boxes."""

    network: Network
    target: Network
    rounding: Array

    @property
    def affine(self) -> bool:
        return is_affine(self.network) or is_affine(self.target)

    @property
    def splits(self) -> bool:
        tokens = any(isinstance(n.layers[0], Embedding) for n in (self.network, self.target))
        return None not in self.target.shapes[0] and self.target.coordinates <= SPLIT and not tokens

    @property
    def boxes(self) -> int:
        """How many boxes there may be: a rule of shapes alone, so that a bound can be recomputed anywhere."""
        numbers = sum(math.prod(d or 1 for d in shape) for shape in (*self.network.shapes, *self.target.shapes))
        most = _MOST_BOXES if is_affine(self.network) and is_affine(self.target) else _MOST_BOXES // 8
        return max(1, min(most, _WORK // (1 + numbers * (self.network.size + self.target.size))))

    def bound(self, low: Array, high: Array, radius: float | None = None) -> float:
        """Of the distance on a box, or on the ball in it."""
        start = Affine.start(low, high, radius)
        mine, theirs = (self._outputs(n, start, low, high) for n in (self.network, self.target))
        return float(((mine.apart(theirs) + self.rounding) * (1 + 4 * UNIT)).max())

    def _outputs(self, network: Network, start: Affine, low: Array, high: Array) -> Affine:
        if is_affine(network):
            return through(network, start)
        state = enclosed(network, Box(low, high))
        return Affine.box(state.low.ravel(), state.high.ravel(), start.half)

    def halved(self, low: Array, high: Array, bound: float, domain: Domain) -> float:
        """The largest bound of all boxes, once the box with the largest has been halved again and again."""
        boxes, count = [(-bound, 0, low, high)], 1
        while count < self.boxes and boxes:
            worst, number, low, high = heapq.heappop(boxes)
            widest = int(np.argmax(high - low))
            middle = 0.5 * low[widest] + 0.5 * high[widest]
            if not low[widest] < middle < high[widest]:
                heapq.heappush(boxes, (worst, number, low, high))
                break
            for side, other in ((high, low), (low, high)):
                part = side.copy()
                part[widest] = middle
                box = (other, part) if side is high else (part, other)
                count += 1
                if not _outside(*box, domain):
                    heapq.heappush(boxes, (max(worst, -self.bound(*box)), count, *box))
        return -boxes[0][0]


def _outside(low: Array, high: Array, domain: Domain) -> bool:
    """Whether a box has no point in a ball, by more than rounding."""
    nearest = np.clip(0.0, low, high)
    return isinstance(domain, Ball) and float(np.linalg.norm(nearest)) > domain.radius * (1 + 1e-12)
