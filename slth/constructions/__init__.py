"""How a random network contains the target: one paper a file, all speaking the protocol of `protocol.py`.

A new construction is a new file and one entry of `CONSTRUCTIONS`.
"""

from slth.constructions.protocol import Construction, Effective, Masks, Plan, Problems
from slth.constructions.two_layer import TwoLayer

CONSTRUCTIONS: dict[str, Construction] = {c.name: c for c in (TwoLayer(),)}

__all__ = ["CONSTRUCTIONS", "Construction", "Effective", "Masks", "Plan", "Problems", "TwoLayer"]
