"""What a census was asked, checked: a source, what its subnetworks are to do on which inputs, and how far they may miss it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slth.census.parameters import Parameters
from slth.networks import Domain, Network, read_domain
from slth.validation import finite_array

Loss = Callable[[NDArray[np.float64], NDArray[Any]], float]


def sup_error(outputs: NDArray[np.float64], wanted: NDArray[Any]) -> float:
    """Largest |output - wanted| over inputs and coordinates."""
    return float(np.abs(outputs - wanted).max())


def error_rate(outputs: NDArray[np.float64], wanted: NDArray[Any]) -> float:
    """Share of the inputs whose largest output is not the one wanted; the first of equal ones counts as the largest."""
    return float((outputs.reshape(len(outputs), -1).argmax(axis=1) != wanted).mean())


LOSSES: Final[dict[str, Loss]] = {"sup": sup_error, "error-rate": error_rate}


@dataclass(frozen=True, eq=False)
class Question:
    """How many masks of `source` have ``loss(outputs on inputs, wanted) <= epsilon``?

    Attributes
    ----------
    source : Network
    epsilon : float
        >= 0; infinite counts every mask.
    inputs : (k, *input_shape) float64, or None
        None where the error is the largest over the whole of `domain`.
    wanted : (k, ...) float64 outputs of the target, or (k,) int64 labels, or None without inputs
    loss : str
        A key of `LOSSES`, or "own".
    measure : callable
        ``measure(outputs (k, ...), wanted) -> float``.
    target : Network or None
        None where outputs or labels were given instead of a network.
    domain : Box, Ball or None
        Where the error is a supremum; None where `inputs` are all that counts.
    """

    source: Network
    epsilon: float
    inputs: NDArray[np.float64] | None
    wanted: NDArray[Any] | None
    loss: str
    measure: Loss
    target: Network | None
    domain: Domain | None

    @cached_property
    def parameters(self) -> Parameters:
        """What masks range over."""
        return Parameters(self.source)

    @property
    def is_sup(self) -> bool:
        """Whether the loss is the largest error."""
        return self.loss == "sup"


def read_question(
    source: Any,
    target: Any,
    epsilon: Any,
    inputs: ArrayLike | None,
    domain: Any,
    loss: str | Loss,
) -> Question:
    """The question that the arguments of `count_subnetworks` ask.

    Raises
    ------
    TypeError, ValueError
        If they do not fit one another.
    """
    network = Network.read(source)
    margin = read_epsilon(epsilon)
    name = loss if isinstance(loss, str) else "own"
    if isinstance(loss, str) and loss not in LOSSES:
        raise ValueError(f"unknown loss {loss!r}; choose one of {', '.join(map(repr, LOSSES))}, or give a function")
    measure = LOSSES[loss] if isinstance(loss, str) else loss
    if not callable(measure):
        raise TypeError(f"loss must be a name or a function of (outputs, wanted), got {loss!r}")
    if inputs is not None and domain is not None:
        raise ValueError("give inputs (the error is the largest over them) or domain (over all of it), not both")
    if inputs is None:
        if name != "sup":
            raise ValueError(f"loss={name!r} needs inputs to be measured on; give inputs=")
        if isinstance(target, np.ndarray):
            raise ValueError(
                f"a target given as outputs, here of shape {target.shape}, needs the inputs= that they belong to; or give a network"
            )
        other = Network.read(target)
        _check_shapes(network, other)
        region = read_domain(other.usual if domain is None else domain, network.coordinates)
        return Question(network, margin, None, None, name, measure, other, region)
    x = finite_array(inputs, "inputs")
    target = _as_outputs(target)
    fits = x.ndim == len(network.shapes[0]) + 1 and all(
        d is None or d == n for d, n in zip(network.shapes[0], x.shape[1:], strict=True)
    )
    if not fits or len(x) == 0:
        raise ValueError(
            f"inputs must be at least one row of shape {network.shapes[0]}, got an array of shape {x.shape}; put one input a row"
        )
    if name == "error-rate":
        return Question(network, margin, x, _labels(target, len(x), network), name, measure, None, None)
    if isinstance(target, np.ndarray) and name == "own":
        return Question(network, margin, x, target, name, measure, None, None)
    if isinstance(target, np.ndarray):
        wanted = finite_array(target, "target")
        outputs = (len(x), *network(x[:1]).shape[1:])
        if wanted.shape != outputs:
            raise ValueError(
                f"target must be a network or outputs of shape {outputs}, got an array of shape {wanted.shape}"
            )
        return Question(network, margin, x, wanted, name, measure, None, None)
    other = Network.read(target)
    _check_shapes(network, other)
    return Question(network, margin, x, other(x), name, measure, other, None)


def read_epsilon(epsilon: Any) -> float:
    """A number >= 0, perhaps infinite."""
    if isinstance(epsilon, bool | str | bytes):
        raise TypeError(f"epsilon must be a number >= 0, got {epsilon!r}")
    try:
        margin = float(epsilon)
    except (TypeError, ValueError):
        raise TypeError(f"epsilon must be a number >= 0, got {epsilon!r}") from None
    if not margin >= 0:
        raise ValueError(f"epsilon must be >= 0 (infinity counts every mask), got {margin}")
    return margin


def _as_outputs(target: Any) -> Any:
    """Lists of numbers as an array; layers (W, b) are no rectangular one, and stay."""
    if not isinstance(target, list | tuple):
        return target
    try:
        array = np.asarray(target)
    except ValueError:
        return target
    return array if array.dtype.kind in "fiub" and array.size else target


def _labels(target: Any, count: int, network: Network) -> NDArray[np.int64]:
    labels = np.asarray(target)
    if labels.dtype.kind not in "iu" or labels.shape != (count,):
        raise ValueError(
            f"loss='error-rate' needs target to be {count} integer labels, got {labels.dtype} of shape {labels.shape}"
        )
    classes = network.widths[-1]
    if labels.min() < 0 or labels.max() >= classes:
        raise ValueError(f"labels must lie in 0..{classes - 1}, got {labels.min()}..{labels.max()}")
    return labels.astype(np.int64)


def _check_shapes(source: Network, target: Network) -> None:
    for what, mine, theirs in (
        ("takes", source.shapes[0], target.shapes[0]),
        ("puts out", source.shapes[-1], target.shapes[-1]),
    ):
        if mine != theirs:
            raise ValueError(
                f"the source {what} shape {mine}, the target {theirs}; give two networks between the same spaces"
            )
