"""What can be searched in: a network of slth, or any function of JAX; both are arrays that a mask ranges over, and an oracle."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slth.networks import Network, RandomSource
from slth.networks.archive import arrays_of, rebuilt, structure
from slth.search.oracle import Array, Oracle
from slth.validation import finite_array

if TYPE_CHECKING:
    from slth.search.objective import Objective


class Model(Protocol):
    """A source of a search."""

    @property
    def arrays(self) -> dict[str, NDArray[np.float64]]:
        """Weights and biases, by name."""

    def oracle(self) -> Oracle:
        """Outputs and gradients for any weights in the shapes of `slth.search.flat.Flat`."""

    def pruned(self, arrays: Mapping[str, NDArray[Any]]) -> Any:
        """The same with other weights."""

    def described(self) -> str:
        """Everything but the arrays, in words that tell two models apart."""

    def check(self, objective: Objective) -> None:
        """Raise a ValueError if inputs or outputs do not fit."""


@dataclass(frozen=True, eq=False)
class NetworkModel:
    """A `slth.Network`, and the `RandomSource` whose weights it has, if it was drawn from one."""

    network: Network
    source: RandomSource | None = None

    @cached_property
    def arrays(self) -> dict[str, NDArray[np.float64]]:
        return arrays_of(self.network)

    def oracle(self) -> Oracle:
        from slth.search.gradients import LayeredOracle

        return LayeredOracle(self.network)

    def pruned(self, arrays: Mapping[str, NDArray[Any]]) -> Network:
        return rebuilt(structure(self.network), arrays)

    def described(self) -> str:
        return repr(structure(self.network))

    def check(self, objective: Objective) -> None:
        shape, given = self.network.shapes[0], objective.inputs.shape[1:]
        if given != shape:
            fits = math.prod(given) == math.prod(d or 0 for d in shape)
            remedy = (
                f"give x.reshape({', '.join(map(str, (-1, *shape)))})"
                if fits
                else "give other inputs or another network"
            )
            raise ValueError(f"the inputs have shape {given}, the network takes {shape}; {remedy}")
        _check_outputs(objective, self.network.widths[-1])


@dataclass(frozen=True, eq=False)
class JaxFunction:
    """Any function ``apply(parameters, x) -> outputs`` of JAX (extra ``jax``): transformers, other layers, on a GPU where there is one.

    Parameters
    ----------
    apply : callable
        Of a tree of arrays and inputs (batch, *input_shape) float32; outputs (batch, ...) are flattened to (batch, d_out). Pure.
    parameters : tree of arrays
        The random weights and biases, nested dicts, lists or tuples as JAX takes them; they are never trained.
    masked : callable(name) -> bool, optional
        Which arrays masks range over, by name such as ``layers/0/weight``; all by default. The others stay as they are.

    Raises
    ------
    ImportError
        If JAX is missing.
    TypeError, ValueError
        If a leaf is no finite real array, or none is masked.
    """

    apply: Callable[[Any, Any], Any]
    parameters: Any
    masked: Callable[[str], bool] = lambda name: True

    def __post_init__(self) -> None:
        _ = self.arrays

    @cached_property
    def _leaves(self) -> tuple[list[tuple[str, NDArray[np.float64]]], Any]:
        tree = _jax().tree_util
        leaves, definition = tree.tree_flatten_with_path(self.parameters)
        named = [
            "/".join(str(getattr(k, "key", getattr(k, "idx", getattr(k, "name", k)))) for k in path)
            for path, _ in leaves
        ]
        return [(name, finite_array(leaf, name)) for name, (_, leaf) in zip(named, leaves, strict=True)], definition

    @cached_property
    def arrays(self) -> dict[str, NDArray[np.float64]]:
        """Those that masks range over."""
        found = {name: leaf for name, leaf in self._leaves[0] if self.masked(name)}
        if not found:
            raise ValueError(f"masked leaves none of {', '.join(name for name, _ in self._leaves[0])} to be pruned")
        return found

    def oracle(self) -> Oracle:
        from slth.search.flat import Flat

        return _JaxOracle(self, Flat.of_arrays(self.arrays))

    def tree(self, arrays: Mapping[str, Any]) -> Any:
        """The parameters with other masked arrays, as the tree that `apply` takes."""
        leaves, definition = self._leaves
        return _jax().tree_util.tree_unflatten(definition, [arrays.get(name, leaf) for name, leaf in leaves])

    def pruned(self, arrays: Mapping[str, NDArray[Any]]) -> JaxFunction:
        return JaxFunction(self.apply, self.tree(arrays), self.masked)

    def described(self) -> str:
        return f"{getattr(self.apply, '__qualname__', self.apply)} {self._leaves[1]}"

    def check(self, objective: Objective) -> None:
        outputs = self(objective.inputs[:1]).shape[1]
        _check_outputs(objective, outputs)

    def __call__(self, x: ArrayLike) -> NDArray[np.float64]:
        """Outputs (batch, d_out) of inputs, in float32 as JAX computes them."""
        inputs = np.asarray(x, np.float32)
        parameters = self.tree({name: array.astype(np.float32) for name, array in self.arrays.items()})
        return np.asarray(self.apply(parameters, inputs), np.float64).reshape(len(inputs), -1)

    @property
    def kept(self) -> int:
        """Masked weights and biases that are not zero."""
        return sum(int(np.count_nonzero(array)) for array in self.arrays.values())


class _JaxOracle:
    """Gradients by JAX, compiled once for each size of batch."""

    def __init__(self, function: JaxFunction, flat: Any) -> None:
        jax = _jax()
        self.shapes = flat.shapes
        names, whole, places = flat.names, flat.whole, flat.places

        def outputs(weights: list[Any], x: Any) -> Any:
            arrays = {}
            for name, shape, place, weight in zip(names, whole, places, weights, strict=True):
                if place is None:
                    arrays[name] = weight
                else:
                    arrays[name] = jax.numpy.zeros(int(np.prod(shape))).at[place].set(weight).reshape(shape)
            return function.apply(function.tree(arrays), x).reshape(x.shape[0], -1)

        def cross_entropy(weights: list[Any], x: Any, wanted: Any) -> Any:
            logs = jax.nn.log_softmax(outputs(weights, x))
            return -jax.numpy.take_along_axis(logs, wanted[:, None], axis=1).mean()

        def squared(weights: list[Any], x: Any, wanted: Any) -> Any:
            return 0.5 * ((outputs(weights, x) - wanted) ** 2).sum() / x.shape[0]

        self._outputs = jax.jit(outputs)
        losses = {"cross-entropy": cross_entropy, "squared": squared}
        self._gradients = {name: jax.jit(jax.value_and_grad(loss)) for name, loss in losses.items()}

    def outputs(self, weights: Sequence[Array], x: Array) -> Array:
        return np.asarray(self._outputs(list(weights), x), np.float32)

    def gradient(
        self, weights: Sequence[Array], x: Array, wanted: NDArray[Any], loss: str, into: Sequence[Array]
    ) -> float:
        labels = wanted.astype(np.int32) if loss == "cross-entropy" else wanted
        value, slopes = self._gradients[loss](list(weights), x, labels)
        for target, slope in zip(into, slopes, strict=True):
            target[...] = slope
        return float(value)


def read_model(source: Any) -> Model:
    """A model of a network, a random source, anything `Network.read` takes, or a `JaxFunction` itself."""
    if isinstance(source, JaxFunction):
        return source
    if isinstance(source, RandomSource):
        return NetworkModel(source.network(), source)
    return NetworkModel(Network.read(source))


def _check_outputs(objective: Objective, outputs: int) -> None:
    if objective.labelled:
        most = int(max(objective.wanted.max(), objective.held_out_wanted.max(initial=0)))
        if most >= outputs:
            raise ValueError(
                f"labels must be below the {outputs} outputs of the network, got {most}; give it more outputs"
            )
    elif objective.wanted.shape[1] != outputs:
        raise ValueError(
            f"{objective.wanted.shape[1]} outputs are wanted, the network puts out {outputs}; give y or the network as many as the other"
        )


def _jax() -> Any:
    try:
        import jax
    except ImportError:
        raise ImportError("functions of JAX need the package jax: pip install 'slth[jax]'") from None
    return jax
