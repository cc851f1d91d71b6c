"""Random fixed-size subset sum for one target: subsets of exactly k samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from slth.sweeps.tasks import parameters
from slth.sweeps.tasks.first import MAX_PROVEN
from slth.sweeps.tasks.rss_target import RSSTarget


@dataclass(frozen=True, kw_only=True)
class RFSSTarget(RSSTarget):
    """P(some subset of exactly k of n samples has its sum within epsilon of the target), for several n and epsilon at once.

    As `RSSTarget`, with the size fixed. For the phase diagram over density k/n and n either follow one k along `ns` (one task a k, its
    points share trials), or take one task a point.

    Parameters
    ----------
    k : int
        Elements of a subset; the smallest of `ns` must be at least k.
    unit : {"one", "sqrt-k"}
        Of `target` and `spread`: with "sqrt-k" they are multiplied by sqrt(k), so that the default target is drawn
        from the interval of the theorem.

    Notes
    -----
    Trials a second on one core, epsilons (0.1, 0.01, 0.001): 110,000 for k = 4 and ns = (8, 12, 16, 20); 180,000 for k = 10 and n = 20.

    Source: Natale, Ferre, Giambartolomei, Giroire, Mallmann-Trenn, "On the Sparsity of the Strong Lottery Ticket Hypothesis", NeurIPS 2024,
    Theorem 2.
    """

    kind: ClassVar[str] = "rfss-target"

    trials_a_block: int = 50_000
    k: int
    unit: str = "sqrt-k"

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "k", parameters.up_to(self.k, "k", MAX_PROVEN))
        parameters.lengths(self.ns, "ns of subsets of k samples", self.k, MAX_PROVEN)
        parameters.scale(self.unit, self.k)

    @property
    def _scale(self) -> float:
        return parameters.scale(self.unit, self.k)

    @property
    def _size(self) -> int | None:
        return self.k
