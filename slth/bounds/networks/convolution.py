"""Convolutional networks: channels of a random network that contains every network of given kernels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from slth.bounds.hypotheses import Arguments, Array
from slth.bounds.statement import statement
from slth.bounds.subset_sums.reach import rss_n_reach
from slth.validation import finite_array


@dataclass(frozen=True)
class CnnWidth:
    """A random CNN of twice the depth: a 1x1 layer before each layer of the target.

    Attributes
    ----------
    n : (..., l) float64 of whole numbers
        n_i, half of the hidden channels that serve one input channel of layer i.
    hidden : (..., l) float64 of whole numbers
        2 n_i c_{i-1}, channels after the i-th 1x1 layer.
    parameters : (...) float64 of whole numbers
        Weights of the random network.
    target_parameters : float
        Weights of the target.
    """

    n: Array
    hidden: Array
    parameters: Array
    target_parameters: float


@statement(
    "hidden channels of a random CNN that contains all CNNs of given shape",
    tex=r"n_i \ge C \ln\frac{c_{i-1} c_i d_i^2 l}{\min(\epsilon, \delta)}",
    cites=("dacunha2022proving",),
    where="main theorem",
    mark="recalled",
    confidence="high",
    assumptions=(
        "target: kernels K_i in [-1, 1]^(d_i x d_i x c_{i-1} x c_i) with sum of absolute values at most 1, ReLU; inputs in [0, 1]",
        "random network: 1x1 kernels c_{i-1} -> 2 n_i c_{i-1} and d_i x d_i kernels 2 n_i c_{i-1} -> c_i in turn, weights U[-1, 1]",
        "0 < eps < 1, 0 < delta < 1; error in the maximum norm, for all targets at once with probability at least 1 - delta",
    ),
    direction="sufficient",
    constants={
        "C": "existential: Lueker's constant for products U[0, 1] x U[-1, 1], with the factors of the logarithm absorbed"
    },
)
def cnn_width(channels: ArrayLike, kernels: ArrayLike, eps: ArrayLike, delta: ArrayLike, C: ArrayLike) -> CnnWidth:
    """Widths n_i of every layer, and the sizes that they amount to.

    Parameters
    ----------
    channels : (l + 1,) int
        c_0, ..., c_l of the target.
    kernels : (l,) int, or int
        d_1, ..., d_l: side of the kernels.
    eps : (...) float
        Error of the output.
    delta : (...) float
        Failure probability.
    C : (...) float
        Open constant, > 0.

    Returns
    -------
    CnnWidth
    """
    before, after, kernel = _layers(channels, kernels)
    args = Arguments("cnn_width", eps=eps, delta=delta, C=C)
    eps, delta, C = args
    args.require("0 < eps < 1", (eps > 0) & (eps < 1))
    args.require("0 < delta < 1", (delta > 0) & (delta < 1))
    args.require("C > 0", C > 0)
    log = np.asarray(args.real(lambda eps, delta, C: -np.log(np.minimum(eps, delta))))
    constant = np.asarray(args.real(lambda eps, delta, C: C))
    n = np.ceil(constant[..., None] * (np.log(before * after * kernel**2 * len(before)) + log[..., None]))
    return _sizes(n, before, after, kernel)


@statement(
    "hidden channels of a random CNN that contains all CNNs of given shape, every constant explicit",
    tex=(
        r"n_i = \left\lceil \tfrac12"
        r" n_\mathrm{RSS}\left(\frac{(1 + \epsilon)^{1/l} - 1}{d_i^2 c_{i-1}}, \frac{\delta}{l d_i^2 c_{i-1} c_i}\right) \right\rceil,\quad"
        r" n_\mathrm{RSS} = \texttt{rss\_n\_reach} \text{ at } L = 1,\ a = \tfrac{1}{2e},\ c = \tfrac14"
    ),
    cites=("slth", "dacunha2022proving", "dacunha2023revisiting"),
    where="the construction of the main theorem, with the density -ln abs(x) / 4 >= 1/4 of max(u, 0) v on [-1/e, 1/e]",
    mark="derived",
    checked=True,
    assumptions=(
        "target and random network as for cnn_width; for each kernel it is enough that the absolute values leading to one output sum to 1",
        "0 < eps <= 1, 0 < delta <= 1; error in the maximum norm, for all targets at once with probability at least 1 - delta",
    ),
    direction="sufficient",
)
def cnn_width_explicit(channels: ArrayLike, kernels: ArrayLike, eps: ArrayLike, delta: ArrayLike) -> CnnWidth:
    """Widths n_i of every layer with no constant left open, and the sizes that they amount to.

    Parameters
    ----------
    channels, kernels, eps, delta
        As in `cnn_width`.

    Returns
    -------
    CnnWidth
    """
    before, after, kernel = _layers(channels, kernels)
    args = Arguments("cnn_width_explicit", eps=eps, delta=delta)
    eps, delta = args
    args.require("0 < eps <= 1", (eps > 0) & (eps <= 1))
    args.require("0 < delta <= 1", (delta > 0) & (delta <= 1))
    depth = len(before)

    def candidates(inputs: float, outputs: float) -> Any:
        """2 n_i, for a layer with kernels of so many entries for one output."""
        return args.whole(
            lambda eps, delta: rss_n_reach(
                np.minimum(np.expm1(np.log1p(eps) / depth) / inputs, 1 / np.e),
                delta / (depth * inputs * outputs),
                L=1.0,
                a=0.5 / np.e,
                c=0.25,
            )
        )

    layers = [candidates(float(side**2 * c), float(o)) for c, o, side in zip(before, after, kernel, strict=True)]
    return _sizes(np.ceil(np.stack(layers, axis=-1) / 2), before, after, kernel)


@statement(
    "candidates a filter with which whole filters can be pruned to any CNN of given shape",
    tex=r"n \ge C\,d^{13} c^6 \ln^3\frac{d^2 c\,c' l}{\epsilon}",
    cites=("dacunha2023structured",),
    where="main theorem",
    mark="recalled",
    confidence="low",
    assumptions=(
        "random CNN of depth 2l with weights N(0, 1), masks that remove whole filters (2n-channel-blocked in the 1x1 layers)",
        "target: kernels of sum of absolute values at most 1, d x d x c -> c'; 0 < eps < 1; holds with probability at least 1 - eps",
    ),
    direction="sufficient",
    constants={"C": "existential; the exponents 13, 6 and 3 are themselves recalled"},
    unchecked="the powers come from a multidimensional subset-sum theorem whose constants are existential",
)
def structured_cnn_width(
    kernel: ArrayLike, channels: ArrayLike, outputs: ArrayLike, depth: ArrayLike, eps: ArrayLike, C: ArrayLike
) -> Any:
    """n of one layer, when only whole filters may be removed.

    Parameters
    ----------
    kernel : (...) int
        d, side of the kernels.
    channels, outputs : (...) int
        c and c', channels into and out of the layer.
    depth : (...) int
        l, layers of the target.
    eps : (...) float
        Error of the output.
    C : (...) float
        Open constant, > 0.

    Returns
    -------
    int, or (...) float64 of whole numbers
    """
    args = Arguments(
        "structured_cnn_width", kernel=kernel, channels=channels, outputs=outputs, depth=depth, eps=eps, C=C
    )
    kernel, channels, outputs, depth, eps, C = args
    args.require_whole("kernel", "channels", "outputs", "depth")
    args.require("0 < eps < 1", (eps > 0) & (eps < 1))
    args.require("C > 0", C > 0)

    def width(d: Array, c: Array, outputs: Array, depth: Array, eps: Array, C: Array) -> Any:
        return np.ceil(C * d**13 * c**6 * (np.log(d * d * c * outputs * depth) - np.log(eps)) ** 3)

    return args.whole(width)


def _sizes(n: Array, before: Array, after: Array, kernel: Array) -> CnnWidth:
    hidden = 2 * n * before
    weights = (hidden * (before + kernel**2 * after)).sum(-1)
    return CnnWidth(n, hidden, weights, float((before * after * kernel**2).sum()))


def _layers(channels: ArrayLike, kernels: ArrayLike) -> tuple[Array, Array, Array]:
    """Input channels, output channels and kernel sides of the layers: (l,) each."""
    count = finite_array(channels, "channels", ndim=1)
    side = finite_array(kernels, "kernels")
    depth = len(count) - 1
    if depth < 1:
        raise ValueError(f"channels must hold c_0, ..., c_l, two numbers or more, got {len(count)}")
    if side.shape not in ((), (depth,)):
        raise ValueError(f"kernels must be one number, or one for each of {depth} layers, got shape {side.shape}")
    for name, numbers in (("channels", count), ("kernels", side)):
        if (numbers < 1).any() or (numbers != np.floor(numbers)).any():
            raise ValueError(f"{name} must be whole numbers >= 1, got {np.array2string(numbers, separator=', ')}")
    return count[:-1], count[1:], np.broadcast_to(side, depth)
