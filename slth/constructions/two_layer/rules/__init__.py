"""Which candidates of a weight are kept: the one thing in which the two-layer constructions of the papers differ; one paper a file.

A candidate is a product v |u| of a weight of each layer. A rule sees the candidates of many weights at once and answers for each on its
own; what it promises is in its docstring. A new rule is a file here and an entry of `slth.constructions.CONSTRUCTIONS`.
"""

from slth.constructions.two_layer.rules.any_subset import AnySubset
from slth.constructions.two_layer.rules.exact import Exact
from slth.constructions.two_layer.rules.fixed_size import FixedSize
from slth.constructions.two_layer.rules.golden_ratio import GoldenRatio
from slth.constructions.two_layer.rules.one_product import BestProduct, OnePair
from slth.constructions.two_layer.rules.partly_frozen import PartlyFrozen
from slth.constructions.two_layer.rules.pattern import Pattern
from slth.constructions.two_layer.rules.perturbable import Perturbable
from slth.constructions.two_layer.rules.rule import MANY, Answer, Rule

__all__ = [
    "MANY",
    "Answer",
    "AnySubset",
    "BestProduct",
    "Exact",
    "FixedSize",
    "GoldenRatio",
    "OnePair",
    "PartlyFrozen",
    "Pattern",
    "Perturbable",
    "Rule",
]
