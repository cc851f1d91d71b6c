"""What a mask is to do well: classify, fit numbers, or imitate a target network on a domain."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slth.networks import Domain, Network, read_domain
from slth.validation import finite_array, positive_int

CROSS_ENTROPY, SQUARED = "cross-entropy", "squared"
LOSSES: Final = (CROSS_ENTROPY, SQUARED)

Inputs = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Objective:
    """Inputs, what is wanted there, and the loss; some inputs are held out for validation.

    Made by `classification`, `regression` or `imitation`.

    Attributes
    ----------
    inputs, held_out : (k, *input_shape), (h, *input_shape) float32
        Searched on, and validated on (h may be 0).
    wanted, held_out_wanted : (k,), (h,) int64 labels, or (k, d_out), (h, d_out) float32
    loss : {"cross-entropy", "squared"}
        Mean over inputs of the cross entropy, or of half the squared distance summed over outputs.
    target : Network or None
        Of an imitation.
    domain : Box, Ball or None
        That the inputs of an imitation were drawn from.
    """

    inputs: Inputs
    wanted: NDArray[Any]
    held_out: Inputs
    held_out_wanted: NDArray[Any]
    loss: str
    target: Network | None = None
    domain: Domain | None = None

    @property
    def labelled(self) -> bool:
        """Whether there is an accuracy."""
        return self.loss == CROSS_ENTROPY

    def __repr__(self) -> str:
        shape = "x".join(map(str, self.inputs.shape[1:]))
        return f"Objective({self.loss}, {len(self.inputs):,} inputs of {shape}, {len(self.held_out):,} held out)"


def classification(x: ArrayLike, labels: ArrayLike, *, held_out: float = 0.0, rng: Any = None) -> Objective:
    """Labels 0, 1, ... of inputs, to be given by the largest output.

    Parameters
    ----------
    x : (k, *input_shape) real
    labels : (k,) int
    held_out : float
        Share of the inputs kept for validation, drawn at random; in [0, 1).
    rng : seed or numpy.random.Generator, optional

    Raises
    ------
    TypeError, ValueError
        If the arrays do not fit, labels are negative, or nothing is left to search on.
    """
    inputs = _inputs(x)
    wanted = np.asarray(labels)
    if wanted.shape != (len(inputs),):
        raise ValueError(f"labels must be {len(inputs)} integers, one an input, got an array of shape {wanted.shape}")
    if wanted.dtype.kind not in "iu":
        raise TypeError(f"labels must be integers, got dtype {wanted.dtype}; convert them with labels.astype(int)")
    if wanted.size and wanted.min() < 0:
        raise ValueError(f"labels must be >= 0, got {wanted.min()}; number the classes from 0")
    if wanted.max() >= 2**31:
        raise ValueError(f"labels must be below 2^31, got {wanted.max()}; number the classes from 0 without gaps")
    return _split(inputs, wanted.astype(np.int64), CROSS_ENTROPY, None, held_out, rng)


def regression(x: ArrayLike, y: ArrayLike, *, held_out: float = 0.0, rng: Any = None) -> Objective:
    """Outputs (k, d_out) wanted of inputs, in squared distance; see `classification` for the rest."""
    inputs, wanted = _inputs(x), _single(finite_array(y, "y"), "y")
    if wanted.ndim != 2 or len(wanted) != len(inputs):
        column = "; reshape it with y[:, None]" if wanted.shape == (len(inputs),) else ""
        raise ValueError(f"y must have shape ({len(inputs)}, outputs), got {wanted.shape}{column}")
    return _split(inputs, wanted, SQUARED, None, held_out, rng)


def imitation(
    target: Any,
    *,
    domain: Any = None,
    inputs: ArrayLike | None = None,
    count: int = 4096,
    held_out: float = 0.0,
    rng: Any = None,
) -> Objective:
    """The outputs of a target network, in squared distance: the mask found is then a strong ticket with an error.

    Parameters
    ----------
    target : Network, or anything `Network.read` takes
    domain : Box, Ball or pair (lower, upper), optional
        `count` inputs are drawn uniformly from it; the target's usual one by default.
    inputs : (k, *input_shape), optional
        Instead of drawn ones.
    count : int
    held_out, rng
        As in `classification`.
    """
    network = Network.read(target)
    random = np.random.default_rng(rng)
    if inputs is not None and domain is not None:
        raise ValueError("give inputs or domain, not both")
    region = None
    if inputs is None:
        region = read_domain(network.usual if domain is None else domain, network.coordinates)
        shape = tuple(d or 1 for d in network.shapes[0])
        points = region.sample(random, positive_int(count, "count")).reshape(-1, *shape)
    else:
        points = finite_array(inputs, "inputs")
    wanted = _single(network(points).reshape(len(points), -1), "the target's outputs")
    return replace(_split(_inputs(points), wanted, SQUARED, network, held_out, random), domain=region)


def _inputs(x: ArrayLike) -> Inputs:
    inputs = finite_array(x, "x")
    if inputs.ndim < 2 or inputs.size == 0:
        raise ValueError(f"x must hold at least one input, one a row, got shape {inputs.shape}")
    return _single(inputs, "x")


def _single(values: NDArray[np.float64], name: str) -> Inputs:
    """In float32, in which searches compute."""
    size = float(np.abs(values).max(initial=0.0))
    if size > float(np.finfo(np.float32).max):
        raise ValueError(f"{name} must be within float32 (3.4e38), got {size:.3g}; scale the data down")
    return values.astype(np.float32)


def _split(x: Inputs, wanted: NDArray[Any], loss: str, target: Network | None, held_out: float, rng: Any) -> Objective:
    if isinstance(held_out, bool | str | bytes) or not 0 <= held_out < 1:
        raise ValueError(f"held_out must be a share in [0, 1), got {held_out}")
    apart = int(len(x) * held_out)
    if apart == 0:
        return Objective(x, wanted, x[:0], wanted[:0], loss, target)
    order = np.random.default_rng(rng).permutation(len(x))
    rest, out = np.sort(order[apart:]), np.sort(order[:apart])
    return Objective(x[rest], wanted[rest], x[out], wanted[out], loss, target)
