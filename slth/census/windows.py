"""What a mask has to meet: at each input and output a window for the sum that goes into the last layer; and exact decisions."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from slth.census import vertices
from slth.census.exact import ExactNetwork, Integers, Points, float_above, float_below, fractions_of, is_whole
from slth.census.forward import TINY, UNIT, Bools, Floats, Numbered, forward, numbered
from slth.census.identical import core
from slth.census.question import Question
from slth.networks.piecewise_linear import is_piecewise_linear, slope_of

INSIDE, OUTSIDE, UNDECIDED = 1, 0, -1
_PILOT = 512  # masks that tell which inputs decide most


@dataclass(frozen=True, eq=False)
class Windows:
    """The sup loss of a question about a dense network, as windows; everything is exact but `low`, `high`, which are rounded inwards.

    The outputs of a target network of dense layers and piecewise linear activations are taken without rounding; of another target, as
    float64 gives them.
    """

    question: Question

    @cached_property
    def points(self) -> Points:
        """The k inputs."""
        question = self.question
        if question.inputs is not None:
            return Points.of_floats(question.inputs)
        assert question.target is not None
        assert question.domain is not None
        return vertices.points_for(question.source, question.target, question.domain)

    @cached_property
    def wanted(self) -> Integers:
        """(k, d_out) fractions."""
        question = self.question
        if question.target is not None and is_piecewise_linear(question.target):
            return ExactNetwork.of(question.target).fractions(self.points)
        assert question.wanted is not None
        return fractions_of(question.wanted)

    @cached_property
    def layers(self) -> tuple[Numbered, ...]:
        """The layers of the source."""
        return numbered(self.question.parameters)

    @cached_property
    def unit(self) -> float:
        """2^-53, or 0 where floating point makes no error for any mask."""
        return 0.0 if is_whole(self.question.source, self.points) else UNIT

    @property
    def tiny(self) -> float:
        return TINY if self.unit else 0.0

    @cached_property
    def _ends(self) -> tuple[Floats, Floats]:
        """Windows (d_out * k,) of the sums into the last layer, before its scale and activation; no float between them and the truth."""
        last = self.question.source.layers[-1]
        slope = Fraction(slope_of(last.activation) or 0.0)
        scale, lows, highs = Fraction(last.scale), [], []
        margin = None if np.isinf(self.question.epsilon) else Fraction(self.question.epsilon)
        for wanted in self.wanted.T.reshape(-1).tolist():
            if margin is None:
                lows.append(-np.inf)
                highs.append(np.inf)
                continue
            low, high = wanted - margin, wanted + margin
            if slope == 0:  # nothing below 0 is put out
                lows.append(float_above(low / scale) if low > 0 else -np.inf)
                highs.append(float_below(high / scale) if high >= 0 else -np.inf)
                if high < 0:
                    lows[-1] = np.inf
            else:
                lows.append(float_above((low if low >= 0 else low / slope) / scale))
                highs.append(float_below((high if high >= 0 else high / slope) / scale))
        return np.array(lows, np.float64), np.array(highs, np.float64)

    @property
    def low(self) -> Floats:
        return self._ends[0]

    @property
    def high(self) -> Floats:
        return self._ends[1]

    @cached_property
    def margin(self) -> float:
        """Rounding of `low` and `high`, for sums that are rounded themselves."""
        ends = np.abs(np.concatenate(self._ends))
        ends = ends[np.isfinite(ends)]
        return 8 * float(ends.max(initial=0.0)) * self.unit + self.tiny

    @cached_property
    def inputs(self) -> Floats:
        """(d_in, k)"""
        return np.ascontiguousarray(self.points.floats.T)

    @cached_property
    def off(self) -> Floats:
        """(d_in, k): how far `inputs` may be off."""
        return np.ascontiguousarray(self.points.off.T)

    @cached_property
    def order(self) -> NDArray[np.int64]:
        """The windows (d_out * k,), those first that rule out most of some random masks that are left."""
        masks = np.random.default_rng(0).random((_PILOT, self.question.parameters.count)) < 0.5
        below, _ = forward(self.layers[:-1], masks, self.inputs, self.off)
        last = self.layers[-1]
        kept_w, kept_b = last.kept(masks)
        sums = (
            np.matmul(np.where(kept_w, last.layer.weight, 0.0), below) + np.where(kept_b, last.biases, 0.0)[:, :, None]
        )
        sums = sums.reshape(_PILOT, -1)
        out = (sums < self.low) | (sums > self.high)
        shares = out.mean(axis=0)
        chosen, left, free = [], np.ones(_PILOT, np.bool_), np.ones(len(shares), np.bool_)
        for _ in range(len(shares)):
            gains = out[left].sum(axis=0) + shares if left.any() else shares
            best = int(np.where(free, gains, -1.0).argmax())
            chosen.append(best)
            free[best] = False
            left &= ~out[:, best]
        return np.array(chosen, np.int64)

    @cached_property
    def _exact(self) -> tuple[ExactNetwork, Integers, Integers] | None:
        """The source in integers, and the window (k, d_out) of its outputs in the same units."""
        if not is_piecewise_linear(self.question.source) or np.isinf(self.question.epsilon):
            return None
        network, margin = ExactNetwork.of(self.question.source), Fraction(self.question.epsilon)
        units = (self.points.denominators * (1 << network.exponent))[:, None]
        low, high = (self.wanted - margin) * units, (self.wanted + margin) * units
        return (
            network,
            np.vectorize(lambda x: -(-x // 1), otypes=[object])(low),
            np.vectorize(lambda x: x // 1, otypes=[object])(high),
        )

    def decide(self, masks: Bools) -> NDArray[np.int8]:
        """INSIDE, OUTSIDE or (with curved activations) UNDECIDED for each mask (n, m), in exact arithmetic; some 50 us a mask."""
        if self._exact is None:
            return np.full(len(masks), UNDECIDED, np.int8)
        network, low, high = self._exact
        # masks that differ in dead ends compute the same function
        cores, which = np.unique(core(self.layers, masks), axis=0, return_inverse=True)
        codes = np.empty(len(cores), np.int8)
        for i, mask in enumerate(cores):
            kept = [item.kept(mask[None]) for item in self.layers]
            outputs = network.outputs(
                self.points, [(w[0].astype(np.object_) * 1, b[0].astype(np.object_) * 1) for w, b in kept]
            )
            codes[i] = INSIDE if bool(((outputs >= low) & (outputs <= high)).all()) else OUTSIDE
        return codes[which.reshape(-1)]
