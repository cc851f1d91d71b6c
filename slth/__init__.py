"""slth: the laboratory for the strong lottery ticket hypothesis.

A random network contains, untrained, subnetworks that approximate every smaller target network. `approximate` finds them,
`subset_sum` solves the random subset-sum problems behind the proofs, a `Ticket` is the answer that anyone can check.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slth import bounds, constructions, subset_sum
    from slth.approximation import EpsilonError, approximate
    from slth.compared import compare
    from slth.networks import Ball, Box, Network, RandomSource
    from slth.sharing import SharedTickets, approximate_all
    from slth.ticket import Ticket, load

__version__ = "0.1.0"

# where each public name lives; imported on first use, so that `import slth` is cheap (no module has the name of a public function:
# importing it would hide the function)
_HOMES = {
    "Ball": "slth.networks",
    "Box": "slth.networks",
    "EpsilonError": "slth.approximation",
    "Network": "slth.networks",
    "RandomSource": "slth.networks",
    "SharedTickets": "slth.sharing",
    "Ticket": "slth.ticket",
    "approximate": "slth.approximation",
    "approximate_all": "slth.sharing",
    "compare": "slth.compared",
    "load": "slth.ticket",
}
_ROOMS = ("bounds", "constructions", "subset_sum")

__all__ = [
    "Ball",
    "Box",
    "EpsilonError",
    "Network",
    "RandomSource",
    "SharedTickets",
    "Ticket",
    "approximate",
    "approximate_all",
    "bounds",
    "compare",
    "constructions",
    "load",
    "subset_sum",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
        globals()[name] = value
        return value
    if name in _ROOMS:
        return importlib.import_module(f"slth.{name}")
    raise AttributeError(f"module 'slth' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
