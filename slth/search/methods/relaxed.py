"""Tsayag, Lindenbaum, "Continuously relaxed Bernoulli gates" for strong lottery tickets (arXiv 2603.08914).

A gate is clip(mu + sigma * normal, 0, 1), so that the expected loss is differentiable in mu without a straight-through step; the
expected number of open gates, sum Phi(mu / sigma), is penalised (the stochastic gates of Yamada et al., ICML 2020). sigma, the penalty and
where mu starts are settings: the values of the paper are not known to us. The mask is that of the largest mu, as many as asked for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slth.search.budget import Group
from slth.search.flat import Array, Flat
from slth.search.method import DRAWS, Step
from slth.search.methods.gates import Gates
from slth.search.methods.settings import not_negative, share
from slth.validation import positive_float


@dataclass(frozen=True)
class RelaxedGates:
    """The method.

    Attributes
    ----------
    sigma : float
        Noise of the gates.
    penalty : float
        Of an open gate, in units of the loss times the number of gates.
    begin : float
        Of mu.
    gain : float
        What rates of edge-popup are multiplied by.
    momentum : float
    """

    sigma: float = 0.5
    penalty: float = 0.0
    begin: float = 0.5
    gain: float = 20.0
    momentum: float = 0.9

    def __post_init__(self) -> None:
        positive_float(self.sigma, "sigma")
        positive_float(self.gain, "gain")
        not_negative(self.penalty, "penalty")
        share(self.momentum, "momentum")

    @property
    def name(self) -> str:
        return "relaxed-gates"

    def start(self, source: Flat, groups: tuple[Group, ...], seed: int) -> _Searcher:
        return _Searcher(source, groups, seed, self)


class _Searcher(Gates):
    def __init__(self, source: Flat, groups: tuple[Group, ...], seed: int, method: RelaxedGates) -> None:
        super().__init__(source, groups, seed, method.gain, method.momentum, 0.0)
        self._method = method
        self.scores[:] = method.begin

    def gates(self, step: Step) -> Array:
        random = np.random.default_rng([self.seed, DRAWS, step.number])
        noise = random.standard_normal(self.scores.size, np.float32)
        raw = self.scores + np.float32(self._method.sigma) * noise
        self._open = (raw > 0) & (raw < 1)
        return np.clip(raw, 0, 1)

    def slopes(self) -> Array:
        return self._open.astype(np.float32)

    def pull(self) -> Array | np.float32:
        if not self._method.penalty:
            return np.float32(0)
        z = self.scores / np.float32(self._method.sigma)
        density = np.exp(-0.5 * z * z) / np.float32(np.sqrt(2 * np.pi) * self._method.sigma)
        return np.asarray(np.float32(self._method.penalty / self.scores.size) * density)

    def rank(self) -> NDArray[np.float32]:
        return self.scores
