"""The subset-sum laboratory: random numbers, and which of their subsets come near a target.

`solve` finds them, with proof where there is one; `count` says how many there are of each size; `coverage` which targets they reach. Random
samples come from `laws`. Results say what is proven: `Status`, `Certainty`, `Covered`.
"""

from slth import laws
from slth.subset_sum.batch import MAX_SAMPLES
from slth.subset_sum.capability import Capabilities, Capability, Solver
from slth.subset_sum.choice import Choice
from slth.subset_sum.counting.count import Certainty, Count, count
from slth.subset_sum.counting.expected import log2_expected
from slth.subset_sum.covering.coverage import coverage
from slth.subset_sum.covering.covered import Coverage, Covered
from slth.subset_sum.heuristics.row import CompleteKarmarkarKarp, Greedy, KarmarkarKarp
from slth.subset_sum.heuristics.swaps import LocalSearch
from slth.subset_sum.multiple_choice.every import Subset, Subsets
from slth.subset_sum.perturbed import PerturbedSolution, closest_perturbed
from slth.subset_sum.question import OBJECTIVES, ResolutionWarning
from slth.subset_sum.reduction import partition_target
from slth.subset_sum.solution import Solution, Status
from slth.subset_sum.solve import capabilities, explain, solve
from slth.subset_sum.solvers import (
    GrowingPrefix,
    HashJoin,
    MultipleChoice,
    PythonIntegers,
    SharedRow,
    SortedLists,
    Streaming,
    VectorJoin,
)

__all__ = [
    "MAX_SAMPLES",
    "OBJECTIVES",
    "Capabilities",
    "Capability",
    "Certainty",
    "Choice",
    "CompleteKarmarkarKarp",
    "Count",
    "Coverage",
    "Covered",
    "Greedy",
    "GrowingPrefix",
    "HashJoin",
    "KarmarkarKarp",
    "LocalSearch",
    "MultipleChoice",
    "PerturbedSolution",
    "PythonIntegers",
    "ResolutionWarning",
    "SharedRow",
    "Solution",
    "Solver",
    "SortedLists",
    "Status",
    "Streaming",
    "Subset",
    "Subsets",
    "VectorJoin",
    "capabilities",
    "closest_perturbed",
    "count",
    "coverage",
    "explain",
    "laws",
    "log2_expected",
    "partition_target",
    "solve",
]
