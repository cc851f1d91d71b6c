"""Equivariant networks as tickets of prescribed density."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from slth.bounds.hypotheses import Arguments
from slth.bounds.networks.fixed_point import block_size, require_fixed_point
from slth.bounds.statement import statement


@statement(
    "channels of a random equivariant network that contains every equivariant target as a ticket of prescribed density",
    tex=r"\tilde n = c_{\mathrm{amp}} \frac{\log_2^2(2\ell n^2 \max(|B|, |||B|||) \gamma \tilde n / \epsilon)}{H_2(\gamma)}",
    cites=("natale2024sparsity", "ferbach2023equivariant"),
    where="Natale et al., Theorem 4, rebuilt from its proof: the available copy of the statement was corrupted",
    mark="read",
    confidence="high",
    assumptions=(
        "targets: l equivariant layers of n channels and norm <= 1, with coefficients of at most 1 in an equivariant basis B",
        "random network: 2 l layers, equivariant parameters independent from U[-1, 1]; density is counted in these parameters",
        "abs(B): elements of the basis; norm(B) = max over coefficients in [-1, 1] of the norm of their combination",
        "with probability >= 1 - eps; 0 < eps < 1; 0 < gamma < 1; c_amp > 0; n, depth, abs(B) >= 1 whole; norm(B) > 0",
    ),
    direction="sufficient",
    constants={"c_amp": "existential, as in `sslth_width`"},
)
def sslth_equivariant_width(
    gamma: ArrayLike,
    n: ArrayLike,
    depth: ArrayLike,
    eps: ArrayLike,
    c_amp: ArrayLike,
    basis: ArrayLike = 1,
    basis_norm: ArrayLike = 1.0,
) -> Any:
    """Channels of a block: the larger solution of the equation, rounded up as in `sslth_width`, which the trivial basis gives.

    Parameters
    ----------
    gamma : (...) float
        Density, in (0, 1).
    n, depth : (...) int
        Channels and layers l of the target.
    eps : (...) float
        Error of the network and probability of failure, in (0, 1).
    c_amp : (...) float
        Constant of Corollary 1.
    basis : (...) int, default 1
        Elements of the equivariant basis, abs(B).
    basis_norm : (...) float, default 1
        norm(B); for kernels of s taps, whose basis is s translations, it is s.

    Returns
    -------
    int, or (...) float64 of whole numbers
    """
    args = Arguments(
        "sslth_equivariant_width",
        gamma=gamma, n=n, depth=depth, eps=eps, c_amp=c_amp, basis=basis, basis_norm=basis_norm,
    )  # fmt: skip
    gamma, n, depth, eps, c_amp, basis, basis_norm = args
    require_fixed_point(args, "gamma", gamma, eps, c_amp)
    args.require_whole("n", "depth", "basis")
    args.require("basis_norm > 0", basis_norm > 0)
    return args.whole(
        lambda g, n, depth, e, c, basis, norm: block_size(
            g, np.log(2 * depth * n * n * np.maximum(basis, norm)) - np.log(e), c
        )
    )
