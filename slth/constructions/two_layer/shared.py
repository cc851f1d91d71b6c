"""Several targets in one random network: of the subsets within the tolerance one that keeps few weights which no other target keeps.

"Memory Savings by Sharing One Source: Insights into Subsetsum Approximation" (submitted to ICLR 2025): m numbers are approximated by
subsets of one random source, and the union of the masks is made small, by exhaustive search. Here targets come one after another; each
takes, weight by weight, a subset that adds as few candidates as possible to those that earlier targets keep. Every weight stays within its
share of the budget, and no other choice of this weight alone would add fewer; the union over all targets need not be the smallest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slth.constructions.protocol import Construction, Effective, Inserted, Masks, Plan, Problems, Shapes, Weights
from slth.constructions.two_layer.plan import TwoLayerPlan
from slth.constructions.two_layer.rules import Answer, AnySubset
from slth.networks import Domain, Layer, Network, RandomSource
from slth.subset_sum.kernels import weighted_classes
from slth.subset_sum.masks import unpack
from slth.subset_sum.question import resolution
from slth.subset_sum.smallest import MAX_LISTED

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_INSIDE = 1 - 2.0**-40  # sums are rounded, so the search aims a little inside the tolerance


def fewest_new(samples: Floats, targets: Floats, tolerance: float, held: Bools, chosen: Bools) -> Bools:
    """Subsets with fewer candidates that are not held than `chosen` has, where there are any; elsewhere `chosen` itself.

    Of the subsets within the tolerance one of the fewest new elements: of those that have fewer than `chosen` the closest.

    Parameters
    ----------
    samples : (m, n) float64
        n <= 44; a zero is no candidate.
    targets : (m,) float64
    tolerance : float
    held : (m, n) bool
        Candidates that cost nothing.
    chosen : (m, n) bool
        Subsets within the tolerance; where one has no new element there is nothing to improve.

    Returns
    -------
    (m, n) bool
        All within the tolerance. The number of new elements is the least but for subsets that are within 2^-40 of its end.

    Notes
    -----
    Time and memory O(2^(n/2)) each.
    """
    new = (chosen & ~held).sum(axis=1)
    masks, found = np.zeros(len(targets), np.uint64), np.zeros(len(targets), np.bool_)
    weights = (~held).astype(np.int64)
    weighted_classes.lightest(samples, weights, targets, tolerance * _INSIDE, new - 1, masks, found)
    better = unpack(masks, samples.shape[1])
    off = np.abs(np.where(better, samples, 0.0).sum(axis=1) - targets)
    return np.where((found & (off <= tolerance))[:, None], better, chosen)


@dataclass(frozen=True)
class SharedPlan:
    """A two-layer plan whose answers add few weights to those held already; a `slth.constructions.Plan`."""

    plan: TwoLayerPlan
    held: Masks

    @property
    def source(self) -> RandomSource:
        return self.plan.source

    @property
    def scales(self) -> tuple[float, ...]:
        return self.plan.scales

    @property
    def unsolved(self) -> int:
        return self.plan.unsolved

    def rounds(self) -> Iterator[Iterator[Problems]]:
        return self.plan.rounds()

    def choose(self, problems: Problems, tolerance: float | None) -> Answer:
        chosen, errors = self.plan.choose(problems, tolerance)
        samples = problems.samples
        # where there are no tolerances, or closest subsets are taken all the same, there is no choice
        if tolerance is None or samples.shape[1] > MAX_LISTED or tolerance < resolution(samples):
            return chosen, errors
        met = errors == 0
        held = self._held(problems)[met]
        chosen[met] = fewest_new(samples[met], problems.targets[met], tolerance, held, chosen[met])
        return chosen, errors

    def _held(self, problems: Problems) -> Bools:
        """(m, n): which candidates are kept already: their weights of the second layer, or the output's own bias."""
        piece = self.plan.pieces[problems.layer]
        neurons = np.maximum(piece.neurons[problems.groups], 0)[:, : problems.samples.shape[1]]
        packed = self.held.weights[piece.first + 1][problems.rows[:, None], neurons // 8]
        held: Bools = (packed >> (7 - neurons % 8).astype(np.uint8) & 1).astype(np.bool_)
        biases = self.held.biases[piece.first + 1]
        if biases is not None and piece.deal.bias:
            bias = problems.groups >= piece.deal.inputs.size
            held[bias, piece.own] = biases[piece.output_of[problems.rows[bias]]]
        return held

    def place(self, problems: Problems, chosen: Bools, errors: Floats) -> None:
        self.plan.place(problems, chosen, errors)

    def masks(self) -> Masks:
        return self.plan.masks()

    def worst(self, allowed: tuple[float, ...]) -> tuple[float, int, str]:
        return self.plan.worst(allowed)


@dataclass(frozen=True)
class Sharing:
    """A construction next to weights that are held already; tickets are those of the construction itself.

    Where it takes the smallest of many subsets within a tolerance, it takes one that adds few weights instead; elsewhere nothing changes.
    """

    construction: Construction
    held: Masks

    @property
    def name(self) -> str:
        return self.construction.name

    @property
    def law(self) -> str:
        return self.construction.law

    @property
    def follows(self) -> bool:
        return self.construction.follows

    def attempts(self, budget: bool) -> Iterator[Construction]:
        for attempt in self.construction.attempts(budget):
            yield Sharing(attempt, self.held)

    def random_layers(self, target: Network, width: tuple[int, ...]) -> tuple[Shapes, tuple[int, ...]]:
        return self.construction.random_layers(target, width)

    def plan(self, source: RandomSource, target: Network, width: tuple[int, ...], domain: Domain) -> Plan:
        plan = self.construction.plan(source, target, width, domain)
        if isinstance(plan, TwoLayerPlan) and isinstance(plan.rule, AnySubset) and not plan.rule.closest:
            return SharedPlan(plan, self.held)
        return plan

    def sufficient_width(
        self, target: Network, tolerances: tuple[float, ...], domain: Domain, law: str
    ) -> float | None:
        return self.construction.sufficient_width(target, tolerances, domain, law)

    def count_scales(self, skeleton: Network) -> int:
        return self.construction.count_scales(skeleton)

    def check(self, source: RandomSource, skeleton: Network) -> None:
        self.construction.check(source, skeleton)

    def layers(
        self, source: RandomSource, weights: Weights, skeleton: Network, scales: tuple[float, ...], at: int
    ) -> tuple[Layer, ...]:
        return self.construction.layers(source, weights, skeleton, scales, at)

    def effective(
        self, source: RandomSource, masks: Masks, skeleton: Network, scales: tuple[float, ...]
    ) -> Iterable[Effective]:
        return self.construction.effective(source, masks, skeleton, scales)

    def inserted(self, source: RandomSource, masks: Masks, skeleton: Network, domain: Domain) -> Iterator[Inserted]:
        return self.construction.inserted(source, masks, skeleton, domain)
