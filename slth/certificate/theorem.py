"""What Pensia's theorem, with explicit constants, promises of random networks as wide as that of a ticket: before any of them is drawn.

The theorem speaks of targets f(x) = W_l relu(... relu(W_1 x)) with spectral norms of at most 1 on the unit ball. With L_i >= ||W_i||, all
positive, and a ball of radius r, f(x) = r L_1 ... L_l f'(x / r) for a target f' of the theorem, since relu is positively homogeneous. A
subnetwork g' that is within eps of f' on the unit ball becomes, with the scales L_i that a ticket may carry, one within r L_1 ... L_l eps
of f.
"""

from __future__ import annotations

import math

import numpy as np

from slth import bounds
from slth.certificate.state import TINY, UNIT, Array, gamma
from slth.networks import Ball, Domain, Network, RandomSource
from slth.networks.layers import Dense


def promised(source: RandomSource, construction: str, target: Network, domain: Domain, delta: float) -> float:
    """See `Ticket.theorem_bound`."""
    layers = [layer for layer in target.layers if isinstance(layer, Dense)]
    if (
        construction != "two-layer"
        or source.law != "uniform"
        or source.edges is not None
        or len(layers) != len(target.layers)
        or any(layer.bias is not None for layer in layers)
        or [layer.activation for layer in layers] != ["relu"] * (len(layers) - 1) + ["identity"]
    ):
        return math.nan
    widths = [layers[0].d_in, *(layer.weight.shape[0] for layer in layers)]
    width = [source.shapes[2 * i][0] // d_in for i, d_in in enumerate(widths[:-1])]
    eps = float(bounds.pensia_error_explicit(widths, width, delta))
    if math.isinf(eps):
        return eps
    with np.errstate(over="ignore", invalid="ignore"):
        scale = _radius(domain) * math.prod(layer.scale * spectral_norm(layer.weight) for layer in layers)
    found = scale * eps * (1 + gamma(4 * len(layers) + 8))
    return math.inf if math.isnan(found) else found


def spectral_norm(matrix: Array) -> float:
    """An upper bound of the spectral norm, rounding included: from factors U, s, V of LAPACK and how far they are off.

    For any U, s, V: ||W|| <= ||U|| max(s) ||V|| + ||W - U diag(s) V||_F, and ||U||^2 <= 1 + ||U^T U - 1||_F.
    """
    u, s, v = np.linalg.svd(matrix, full_matrices=False)
    k, largest = max(matrix.shape) + 8, float(s[0])
    rounded = gamma(4 * k)  # of inner products of k terms, and of Frobenius norms
    size_u, size_v = (float(np.linalg.norm(q)) * (1 + gamma(q.size + 4)) for q in (u, v))

    def norm(q: Array, size: float) -> float:
        defect = float(np.linalg.norm(q.T @ q - np.eye(q.shape[1]))) * (1 + gamma(q.shape[1] ** 2 + 4))
        return math.sqrt(1 + defect + rounded * (size**2 + q.shape[1])) * (1 + 4 * UNIT)

    whole = float(np.linalg.norm(matrix)) * (1 + gamma(matrix.size + 4))
    rest = float(np.linalg.norm(matrix - (u * s) @ v)) * (1 + gamma(matrix.size + 4))
    rest += rounded * (size_u * size_v * largest + whole)
    return (norm(u, size_u) * largest * norm(v.T, size_v) + rest) * (1 + 16 * UNIT) + TINY


def _radius(domain: Domain) -> float:
    """Of a ball around 0 that holds the domain."""
    if isinstance(domain, Ball):
        return domain.radius
    corner = np.maximum(np.abs(domain.lower), np.abs(domain.upper))
    return float(np.linalg.norm(corner)) * (1 + gamma(corner.size + 4)) + TINY
