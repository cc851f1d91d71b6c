"""Malach, Yehudai, Shalev-Shwartz, Shamir, "Proving the lottery ticket hypothesis: pruning is all you need" (ICML 2020)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from slth.constructions.protocol import Problems
from slth.constructions.two_layer.rules.rule import MANY, Answer, Predicted, Rule, counted, reaching


@dataclass(frozen=True)
class BestProduct(Predicted):
    """The one product closest to the weight, or none: what Malach et al.'s search becomes when it looks at products."""

    @property
    def name(self) -> str:
        return "best-product"

    @property
    def most(self) -> int:
        return MANY

    def cost(self, n: int) -> float:
        return 10.0 * n

    def scale(self, problems: Iterable[Problems], rescued: int) -> float:
        return reaching(problems)

    def choose(self, problems: Problems, tolerance: float | None) -> Answer:
        off = np.abs(problems.samples - problems.targets[:, None])
        best = off.argmin(axis=1)
        chosen = np.zeros(off.shape, np.bool_)
        at = np.arange(len(best))
        taken = (off[at, best] < np.abs(problems.targets)) & (problems.samples[at, best] != 0)
        chosen[at[taken], best[taken]] = True
        return chosen, counted(np.where(taken, off[at, best], np.abs(problems.targets)), tolerance)

    def attempts(self, budget: bool) -> Iterator[Rule]:
        yield self


@dataclass(frozen=True)
class OnePair(BestProduct):
    """One pair with |u| close to the size of the weight and |v| close to 1, or none (Malach et al. 2020, Theorem 2.1).

    The pair of least max(||u| - |w||, |v - sign w|) is taken. A product is then off by at most twice that, to first order.
    """

    @property
    def name(self) -> str:
        return "malach"

    def choose(self, problems: Problems, tolerance: float | None) -> Answer:
        samples, gains = problems.samples, problems.gains
        sign, size = np.sign(problems.targets)[:, None], np.abs(problems.targets)[:, None]
        # a bias of the output's own is no product: it stands for itself
        v = np.divide(samples, gains, out=np.zeros_like(samples), where=gains > 0)
        off = np.where(
            gains > 0, np.maximum(np.abs(gains - size), np.abs(v - sign)), np.abs(samples - problems.targets[:, None])
        )
        off[samples == 0] = np.inf
        best = off.argmin(axis=1)
        at = np.arange(len(best))
        # none is taken where the pair would be further off than nothing
        errors = np.abs(samples[at, best] - problems.targets)
        taken = np.isfinite(off[at, best]) & (errors < np.abs(problems.targets))
        chosen = np.zeros(samples.shape, np.bool_)
        chosen[at[taken], best[taken]] = True
        return chosen, counted(np.where(taken, errors, np.abs(problems.targets)), tolerance)
