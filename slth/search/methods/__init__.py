"""The methods, one paper a file; each is a `slth.search.method.Method`, by name in `METHODS`."""

from collections.abc import Callable
from typing import Final

from slth.search.method import Method
from slth.search.methods.biprop import Biprop
from slth.search.methods.edge_popup import EdgePopup
from slth.search.methods.frozen import PartlyFrozen
from slth.search.methods.gem_miner import GemMiner
from slth.search.methods.iterand import IteRand
from slth.search.methods.relaxed import RelaxedGates
from slth.search.methods.signs import SignSearch
from slth.search.methods.supermask import Supermask

METHODS: Final[dict[str, Callable[[], Method]]] = {
    "biprop": Biprop,
    "edge-popup": EdgePopup,
    "gem-miner": GemMiner,
    "iterand": IteRand,
    "partly-frozen": PartlyFrozen,
    "relaxed-gates": RelaxedGates,
    "sign-search": SignSearch,
    "supermask": Supermask,
}

__all__ = [
    "METHODS",
    "Biprop",
    "EdgePopup",
    "GemMiner",
    "IteRand",
    "PartlyFrozen",
    "RelaxedGates",
    "SignSearch",
    "Supermask",
]
