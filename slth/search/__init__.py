"""Masks found by optimisation rather than by proof: edge-popup and its rivals, on one loop.

A search asks an oracle (`oracle.py`) for the loss and its gradient by the effective weights, and owns scores, budgets, schedules, history
(`loop.py`). One method a file under `methods/`; those that need losses only, and swap weights, under `flips/`. `SearchResult` (`result.py`)
is the answer of all of them.
"""

from slth.search.baselines import BASELINES, Baseline
from slth.search.budget import BUDGETS
from slth.search.finding import edge_popup, find
from slth.search.flips import FLIPS, Annealing, Genetic, Greedy, Tempering
from slth.search.methods import (
    METHODS,
    Biprop,
    EdgePopup,
    GemMiner,
    IteRand,
    PartlyFrozen,
    RelaxedGates,
    SignSearch,
    Supermask,
)
from slth.search.models import JaxFunction, NetworkModel
from slth.search.objective import Objective, classification, imitation, regression
from slth.search.planted import Planted, plant
from slth.search.result import History, SearchError, SearchResult
from slth.search.result_file import load
from slth.search.sources import random_network

__all__ = [
    "BASELINES",
    "BUDGETS",
    "FLIPS",
    "METHODS",
    "Annealing",
    "Baseline",
    "Biprop",
    "EdgePopup",
    "GemMiner",
    "Genetic",
    "Greedy",
    "History",
    "IteRand",
    "JaxFunction",
    "NetworkModel",
    "Objective",
    "PartlyFrozen",
    "Planted",
    "RelaxedGates",
    "SearchError",
    "SearchResult",
    "SignSearch",
    "Supermask",
    "Tempering",
    "classification",
    "edge_popup",
    "find",
    "imitation",
    "load",
    "plant",
    "random_network",
    "regression",
]
