"""Gradients of networks in NumPy, layer by layer: each kind of layer forward and back, in float32.

`LayeredOracle` runs a network of them. A new kind of layer is one class with a `forward` and a `backward`, and one entry of `KINDS`.
"""

from slth.search.gradients.layered import KINDS, LayeredOracle

__all__ = ["KINDS", "LayeredOracle"]
