"""What is approximated and what is pruned: `Network`, dense layers read from what users have, and its random kind.

`RandomSource` regenerates any part of a random network from a seed, bit for bit; `LAWS` are its weights' laws.
"""

from slth.networks.domain import Ball, Box, Domain, read_domain
from slth.networks.layers import Dense
from slth.networks.network import Network
from slth.networks.source import LAWS, RandomSource, seed_from

__all__ = ["LAWS", "Ball", "Box", "Dense", "Domain", "Network", "RandomSource", "read_domain", "seed_from"]
