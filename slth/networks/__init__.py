"""What is approximated and what is pruned: `Network`, layers read from what users have, and its random kind.

`RandomSource` regenerates any part of a random network from a seed, bit for bit; `LAWS` are its weights' laws.
"""

from slth.networks.anatomy import Anatomy
from slth.networks.domain import Ball, Box, Domain, read_domain
from slth.networks.edges import Edges
from slth.networks.layers import (
    Attention,
    AveragePool2d,
    Conv2d,
    Dense,
    Elementwise,
    Embedding,
    Flatten,
    Form,
    GlobalAveragePool2d,
    Layer,
    LayerNorm,
    Linear,
    MaxPool2d,
    Residual,
    Softmax,
)
from slth.networks.network import Network
from slth.networks.source import LAWS, RandomSource, seed_from, source_law

__all__ = [
    "LAWS",
    "Anatomy",
    "Attention",
    "AveragePool2d",
    "Ball",
    "Box",
    "Conv2d",
    "Dense",
    "Domain",
    "Edges",
    "Elementwise",
    "Embedding",
    "Flatten",
    "Form",
    "GlobalAveragePool2d",
    "Layer",
    "LayerNorm",
    "Linear",
    "MaxPool2d",
    "Network",
    "RandomSource",
    "Residual",
    "Softmax",
    "read_domain",
    "seed_from",
    "source_law",
]
