"""Random fixed-size subset sum for all targets of an interval: subsets of exactly k samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from slth.sweeps.tasks import parameters
from slth.sweeps.tasks.first import MAX_PROVEN
from slth.sweeps.tasks.rss_interval import RSSInterval


@dataclass(frozen=True, kw_only=True)
class RFSSInterval(RSSInterval):
    """P(every target of an interval is within epsilon of the sum of exactly k of n samples), for all n up to the one given.

    As `RSSInterval`, with the size fixed. By default the targets are [-sqrt(k), sqrt(k)], those of the theorem.

    Parameters
    ----------
    k : int
        Elements of a subset, at most n.
    low, high : float
    unit : {"one", "sqrt-k"}
        Of `low` and `high`: with "sqrt-k" they are multiplied by sqrt(k).

    Notes
    -----
    Trials a second on one core, n = 28: 75,000 for k = 4 and epsilon = 0.1, 4,900 for k = 8 and epsilon = 0.01.

    Source: Natale, Ferre, Giambartolomei, Giroire, Mallmann-Trenn, "On the Sparsity of the Strong Lottery Ticket Hypothesis", NeurIPS 2024,
    Corollary 1.
    """

    kind: ClassVar[str] = "rfss-interval"

    trials_a_block: int = 2_000
    k: int
    low: float = -1.0
    high: float = 1.0
    unit: str = "sqrt-k"

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "k", parameters.up_to(self.k, "k", MAX_PROVEN))
        parameters.up_to(self.n, "n of subsets of k samples", MAX_PROVEN, self.k)
        parameters.scale(self.unit, self.k)

    @property
    def _interval(self) -> tuple[float, float]:
        by = parameters.scale(self.unit, self.k)
        return by * self.low, by * self.high

    @property
    def _size(self) -> int | None:
        return self.k
