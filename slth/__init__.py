"""slth: the laboratory for the strong lottery ticket hypothesis.

A random network contains, untrained, subnetworks that approximate every smaller target network. `approximate` finds them,
`subset_sum` solves the random subset-sum problems behind the proofs, a `Ticket` is the answer that anyone can check.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slth import bounds, census, constructions, search, subset_sum, sweeps
    from slth.approximation import EpsilonError, approximate
    from slth.census import count_subnetworks
    from slth.compared import compare
    from slth.constructions import source_shapes
    from slth.networks import Ball, Box, Network, RandomSource
    from slth.perturbation import Perturbed, perturb
    from slth.sharing import SharedTickets, approximate_all
    from slth.spool import out_of_core
    from slth.ticket import Ticket, load

__version__ = "0.1.0"

# where each public name lives; imported on first use, so that `import slth` is cheap (no module has the name of a public function:
# importing it would hide the function)
_HOMES = {
    "Ball": "slth.networks",
    "Box": "slth.networks",
    "EpsilonError": "slth.approximation",
    "Network": "slth.networks",
    "Perturbed": "slth.perturbation",
    "RandomSource": "slth.networks",
    "SharedTickets": "slth.sharing",
    "Ticket": "slth.ticket",
    "approximate": "slth.approximation",
    "approximate_all": "slth.sharing",
    "compare": "slth.compared",
    "count_subnetworks": "slth.census",
    "load": "slth.ticket",
    "out_of_core": "slth.spool",
    "perturb": "slth.perturbation",
    "source_shapes": "slth.constructions",
}
_ROOMS = ("bounds", "census", "constructions", "search", "subset_sum", "sweeps")

__all__ = [
    "Ball",
    "Box",
    "EpsilonError",
    "Network",
    "Perturbed",
    "RandomSource",
    "SharedTickets",
    "Ticket",
    "approximate",
    "approximate_all",
    "bounds",
    "census",
    "compare",
    "constructions",
    "count_subnetworks",
    "load",
    "out_of_core",
    "perturb",
    "search",
    "source_shapes",
    "subset_sum",
    "sweeps",
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
