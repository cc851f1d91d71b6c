"""Searches that need losses only, no gradients: they swap kept with pruned weights. One method a file, by name in `FLIPS`.

Each is a `slth.search.flips.method.FlipMethod`; `landscape` says what a mask's loss is, `sizes` which masks and swaps there are, `walkers`
moves many at once, `loop` runs a search. Each also takes `loss`: None for the objective's own, or "sup" (largest error, where outputs are
wanted), or "error-rate" (where labels are).
"""

from collections.abc import Callable
from typing import Final

from slth.search.flips.annealing import Annealing
from slth.search.flips.genetic import Genetic
from slth.search.flips.greedy import Greedy
from slth.search.flips.method import FlipMethod
from slth.search.flips.tempering import Tempering

FLIPS: Final[dict[str, Callable[[], FlipMethod]]] = {
    "annealing": Annealing,
    "genetic": Genetic,
    "greedy": Greedy,
    "tempering": Tempering,
}

__all__ = ["FLIPS", "Annealing", "FlipMethod", "Genetic", "Greedy", "Tempering"]
