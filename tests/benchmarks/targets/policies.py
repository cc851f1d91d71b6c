"""Policies that drive the robots of PyBullet, as shipped in ``tests/data``; observations are clipped to [-5, 5]."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import slth
from tests.benchmarks.targets.target import RealTarget, ranges

FOLDER = Path(__file__).parents[2] / "data"


def policy(name: str) -> RealTarget:
    """The policy "ant" or "swingup", on 2,000 observations drawn evenly from [-5, 5]^d."""
    network = slth.Network.read(FOLDER / f"{name}_policy.npz")
    seen = np.random.default_rng(0).uniform(-5, 5, (2000, network.coordinates))
    # five inputs have few neurons to share with the biases
    firsts = (64, 90) if name == "swingup" else (42, 60)
    widths = {
        str(width) if first == width else f"{first}, then {width}": (first, width, width)
        for first, width in zip(firsts, (42, 60), strict=True)
    }
    return RealTarget(network, (-5, 5), lambda net: net(seen), ranges, widths)
