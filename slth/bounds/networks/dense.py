"""Dense networks inside random ones of twice the depth: widths, with and without a density prescribed.

Before layer i of the target stands a two-layer piece: for each of its d_(i-1) inputs, two blocks (halves) of n_i hidden neurons. The
random network has 2 l layers and m = sum of 2 d_(i-1)^2 n_i + 2 d_(i-1) d_i n_i parameters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from slth.bounds.hypotheses import Arguments, Array
from slth.bounds.networks.fixed_point import block_size, kept_products, require_fixed_point
from slth.bounds.networks.propagation import layer_shapes
from slth.bounds.statement import statement
from slth.bounds.subset_sums.binomials import binary_entropy
from slth.bounds.subset_sums.reach import rss_n_reach
from slth.validation import finite_array

_TARGETS = (
    "targets f(x) = W_l s(W_(l-1) ... s(W_1 x)), all at once: W_i of size d_i x d_(i-1), ||W_i|| <= 1, s the ReLU, ||x|| <= 1",
    "random network: depth 2 l, hidden layers of 2 d_(i-1) n_i neurons, weights independent from U[-1, 1]",
)


@dataclass(frozen=True)
class TwoLayerWidth:
    """A random network of two-layer pieces that contains every target of given widths.

    Attributes
    ----------
    n : (..., l) float64
        Hidden neurons of a block, whole numbers.
    hidden : (..., l) float64
        Width of the hidden layers, 2 d_(i-1) n_i.
    m : int, or (...) float64
        Parameters of the random network.
    m_t : int
        Parameters of the target.
    """

    n: Array
    hidden: Array
    m: Any
    m_t: int

    @property
    def overparameterisation(self) -> Any:
        """m / m_t."""
        return self.m / self.m_t


@dataclass(frozen=True)
class SparseTwoLayerWidth(TwoLayerWidth):
    """A random network of two-layer pieces that contains every target of given widths as a subnetwork of prescribed density.

    Attributes
    ----------
    n, hidden, m, m_t
        As in `TwoLayerWidth`.
    kept : (..., l) float64
        Products k_i out of the n_i of a block that are kept for each weight, whole numbers; k_i <= gamma' n_i.
    ticket : int, or (...) float64
        Bound of the theorem on the kept parameters: sum of 4 d_(i-1) d_i k_i, as if no two weights shared a hidden neuron.
    ticket_shared : int, or (...) float64
        The same with hidden neurons counted once: a block of n_i has no more than n_i of them, each with one weight kept.
    rho : float
        max over i of max(d_i / d_(i-1), d_(i-1) / d_i).
    gamma : float, or (...) float64
        Density promised, min(rho gamma', 1); ticket / m is no more than this.
    """

    kept: Array
    ticket: Any
    ticket_shared: Any
    rho: float
    gamma: Any


@statement(
    "width of a random network that contains every dense target",
    tex=r"n_i = C \ln\frac{d_{i-1} d_i \ell}{\min(\epsilon, \delta)}",
    cites=("pensia2020optimal",),
    where="Theorem 1",
    mark="read",
    assumptions=(*_TARGETS, "with probability >= 1 - delta", "0 < eps, delta < 1; C > 0"),
    direction="sufficient",
    constants={"C": "existential, from Lueker's theorem for a mixture with weight ln(2)/4 of U[-1/2, 1/2]"},
)
def pensia_width(widths: ArrayLike, eps: ArrayLike, delta: ArrayLike, C: ArrayLike) -> TwoLayerWidth:
    """Widths with which, with probability >= 1 - delta, every target is eps-approximated by a subnetwork.

    Parameters
    ----------
    widths : (l + 1,) int
        d_0, ..., d_l of the target.
    eps, delta : (...) float
        Error of the network and probability of failure, in (0, 1).
    C : (...) float
        Constant of the theorem, for natural logarithms.

    Returns
    -------
    TwoLayerWidth
        Its fields have the common shape of `eps`, `delta` and `C`.
    """
    shapes = layer_shapes(widths)
    args = Arguments("pensia_width", eps=eps, delta=delta, C=C)
    eps, delta, C = args
    _require_probabilities(args, eps, delta)
    args.require("C > 0", C > 0)
    n = [
        args.whole(lambda e, delta, C, w=w: np.maximum(np.ceil(C * (np.log(w) - np.log(np.minimum(e, delta)))), 1))
        for w in (float(len(shapes)) * d_in * d_out for d_in, d_out in shapes)
    ]
    return TwoLayerWidth(**_sizes(shapes, n))


@statement(
    "width of a random network that contains every dense target, every constant explicit",
    tex=r"n_i = n_{\mathrm{RSS}}\left(\frac{\epsilon}{2\ell d_{i-1} d_i}, \frac{\delta}{2\ell d_{i-1} d_i}\right), \quad"
    r" n_{\mathrm{RSS}} = \texttt{rss\_n\_reach} \text{ at } L = 1,\ a = \tfrac{1}{2e},\ c = \tfrac14",
    cites=("slth", "pensia2020optimal"),
    where="proof of Pensia et al., Theorem 1, with an explicit random subset sum bound in place of Lueker's theorem",
    mark="derived",
    checked=True,
    assumptions=(*_TARGETS, "with probability >= 1 - delta", "0 < eps, delta < 1"),
    direction="sufficient",
)
def pensia_width_explicit(widths: ArrayLike, eps: ArrayLike, delta: ArrayLike) -> TwoLayerWidth:
    """Widths with which, with probability >= 1 - delta, every target is eps-approximated by a subnetwork: no constant is left open.

    The candidates of a weight are n products u v that count only if u has the sign of the half: an atom at 0 and the density
    ``ln(1 / abs(x)) / 4``, which is at least 1/4 for ``abs(x) <= 1 / e``. There are ``2 d_(i-1) d_i`` of these problems in layer i.

    Parameters
    ----------
    widths : (l + 1,) int
        d_0, ..., d_l of the target.
    eps, delta : (...) float
        Error of the network and probability of failure, in (0, 1).

    Returns
    -------
    TwoLayerWidth
        Its fields have the common shape of `eps` and `delta`.
    """
    shapes = layer_shapes(widths)
    args = Arguments("pensia_width_explicit", eps=eps, delta=delta)
    eps, delta = args
    _require_probabilities(args, eps, delta)
    least = _least(shapes)
    args.require(
        f"eps, delta >= {least:.3g}, so that their shares are above 0 in float64", np.minimum(eps, delta) >= least
    )
    n = [
        args.whole(lambda e, delta, d_in=d_in, d_out=d_out: _block(len(shapes), d_in, d_out, e, delta))
        for d_in, d_out in shapes
    ]
    return TwoLayerWidth(**_sizes(shapes, n))


@statement(
    "error that random networks of given widths promise for every dense target, every constant explicit",
    tex=r"\epsilon = \min\left\{\epsilon < 1 : n_i(\epsilon, \delta) \le \lfloor w_i / 2 \rfloor \text{ for all } i\right\}, \quad"
    r" n_i \text{ of } \texttt{pensia\_width\_explicit}; \quad \infty \text{ if there is none}",
    cites=("slth", "pensia2020optimal"),
    where="inverse of `pensia_width_explicit`",
    mark="derived",
    checked=True,
    assumptions=(
        _TARGETS[0],
        "random network: depth 2 l, hidden layers of w_i d_(i-1) neurons, weights independent from U[-1, 1]",
        "with probability >= 1 - delta a subnetwork of it is within eps, in the Euclidean norm",
        "0 < delta < 1; w_i >= 1 whole",
    ),
    direction="sufficient",
)
def pensia_error_explicit(widths: ArrayLike, width: ArrayLike, delta: ArrayLike) -> Any:
    """The smallest error for which `pensia_width_explicit` asks for no more neurons than there are; infinite where it asks for more at
    every eps < 1, so that nothing is promised.

    By bisection, from above: `pensia_width_explicit` at the result is met, at a relative 1e-12 less it is not (but for the least eps that
    it takes). The result falls by a factor of 10 with every 98 neurons of a block or so, from the first thousand on.

    Parameters
    ----------
    widths : (l + 1,) int
        d_0, ..., d_l of the target.
    width : int, or (..., l) or (..., 1) int
        Hidden neurons w_i = 2 n_i for each of the d_(i-1) inputs of layer i, the `width` of `slth.approximate`; one number serves all
        layers. An odd one counts as one less.
    delta : (...) float
        Probability of failure, in (0, 1).

    Returns
    -------
    float, or (...) float64
    """
    shapes = layer_shapes(widths)
    given = finite_array(width, "width")
    if given.ndim and given.shape[-1] not in (1, len(shapes)):
        raise ValueError(
            f"width must be one number or hold one for each of the {len(shapes)} layers, got {given.shape}"
        )
    each = np.broadcast_to(given[..., None] if given.ndim == 0 else given, (*given.shape[:-1], len(shapes)))
    args = Arguments(
        "pensia_error_explicit", delta=delta, **{f"width_{i + 1}": each[..., i] for i in range(len(shapes))}
    )
    delta = next(iter(args))
    args.require_whole(*(f"width_{i + 1}" for i in range(len(shapes))))
    least = _least(shapes)
    args.require(f"{least:.3g} <= delta < 1", (delta >= least) & (delta < 1))

    def smallest(delta: Array, *width: Array) -> Array:
        parts = [
            _smallest(d_in, d_out, len(shapes), w, delta, least) for (d_in, d_out), w in zip(shapes, width, strict=True)
        ]
        return np.asarray(np.max(parts, axis=0))

    return args.real(smallest)


def _smallest(d_in: int, d_out: int, depth: int, width: Array, delta: Array, least: float) -> Array:
    """Smallest eps, up to a relative 1e-12, with which a block is not wider than width // 2."""
    n = np.floor(width / 2)
    largest = np.nextafter(1.0, 0.0)
    low, high = np.full(delta.shape, np.log(least)), np.zeros(delta.shape)
    for _ in range(52):  # halves ln(eps), from about 700 to 2e-13
        middle = 0.5 * (low + high)
        enough = _block(depth, d_in, d_out, np.minimum(np.maximum(np.exp(middle), least), largest), delta) <= n
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    eps = np.minimum(np.maximum(np.exp(high), least), largest)
    return np.where(_block(depth, d_in, d_out, eps, delta) <= n, eps, np.inf)


def _block(depth: int, d_in: int, d_out: int, eps: Array, delta: Array) -> Array:
    """n_i of `pensia_width_explicit`, as floats; does not rise with eps."""
    shares = 2.0 * depth * d_in * d_out
    a = 1 / (2 * np.e)
    return np.asarray(rss_n_reach(np.minimum(eps / shares, 2 * a), delta / shares, L=1.0, a=a, c=0.25), np.float64)


def _least(shapes: list[tuple[int, int]]) -> float:
    """Smallest eps and delta of which the share of a weight is above 0 in float64."""
    return float(2 * np.finfo(float).tiny * len(shapes) * max(float(d_in) * d_out for d_in, d_out in shapes))


@statement(
    "width of a random network that contains every dense target as a ticket of prescribed density",
    tex=r"n_i^* = c_{\mathrm{amp}} \frac{\log_2^2(2\ell d_{i-1} d_i \gamma' n_i^* / \epsilon)}{H_2(\gamma')}, \quad"
    r" \gamma = \gamma' \max_i \max\left(\tfrac{d_i}{d_{i-1}}, \tfrac{d_{i-1}}{d_i}\right), \quad"
    r" |\mathrm{ticket}| \le \sum_i 4 d_{i-1} d_i \gamma' n_i^* \le \gamma m",
    cites=("natale2024sparsity",),
    where="Theorem 3, rebuilt from its proof in the appendix: the available copy of the statement was corrupted",
    mark="read",
    confidence="high",
    assumptions=(
        *_TARGETS,
        "with probability >= 1 - eps",
        "0 < eps < 1; 0 < gamma' < 1; c_amp > 0",
        "Corollary 1 of the paper (`rfss_n_uniform`) holds with c_amp at density gamma'. Its statement covers gamma' <= 1/2, a remark "
        "every gamma' < 1; its proof, as written, gamma' of order 1 / log(k / eps)",
    ),
    direction="sufficient",
    constants={"c_amp": "existential: 8 c_hyp / c_thm of the fixed-size subset sum theorem, for the density gamma'"},
)
def sslth_width(gamma_prime: ArrayLike, widths: ArrayLike, eps: ArrayLike, c_amp: ArrayLike) -> SparseTwoLayerWidth:
    """Widths with which, with probability >= 1 - eps, every target is eps-approximated by a subnetwork of density at most gamma.

    The equation has no, one or two solutions with ``k > eps_i = eps / (2 l d_(i-1) d_i)``: in ``t = ln(k / eps_i)``, ``k = gamma' n``, it
    reads ``e^t / t^2 = B`` with ``B = c_amp gamma' / (H2(gamma') eps_i ln(2)^2)``, and the left side falls until t = 2 and rises from there
    on. Every n from the larger solution on suffices (every n at all, if there is none: B < e^2 / 4), so that is the one taken.

    Whole numbers: ``k_i = ceil(gamma' n*)`` and ``n_i = ceil(k_i / gamma')`` satisfy ``n >= c_amp log2^2(k / eps_i) / H2(k / n)`` as it
    stands, and ``k <= gamma' n``, since n H2(k / n) increases with n. k_i is at least 4: the products u v contain U[-1/2, 1/2], for which
    the corollary covers targets up to sqrt(k) / 2.

    Parameters
    ----------
    gamma_prime : (...) float
        Density within a block, in (0, 1); `gamma` of the result is that of the network.
    widths : (l + 1,) int
        d_0, ..., d_l of the target.
    eps : (...) float
        Error of the network and probability of failure, in (0, 1).
    c_amp : (...) float
        Constant of Corollary 1.

    Returns
    -------
    SparseTwoLayerWidth
        Its fields have the common shape of `gamma_prime`, `eps` and `c_amp`.
    """
    shapes = layer_shapes(widths)
    args = Arguments("sslth_width", gamma_prime=gamma_prime, eps=eps, c_amp=c_amp)
    gamma, eps, c_amp = args
    require_fixed_point(args, "gamma_prime", gamma, eps, c_amp)
    shares = [float(np.log(2.0 * len(shapes) * d_in * d_out)) for d_in, d_out in shapes]
    kept = [args.whole(lambda g, e, c, share=share: kept_products(g, share - np.log(e), c)) for share in shares]
    n = [args.whole(lambda g, e, c, share=share: block_size(g, share - np.log(e), c)) for share in shares]
    rho = max(max(d_out / d_in, d_in / d_out) for d_in, d_out in shapes)
    with np.errstate(over="ignore"):  # beyond float64: infinite
        shared = [d_out * k for (_, d_out), k in zip(shapes, kept, strict=True)]
        in_use = [np.minimum(n_i, s) if args.shape else min(n_i, s) for n_i, s in zip(n, shared, strict=True)]
        return SparseTwoLayerWidth(
            **_sizes(shapes, n),
            kept=np.stack([np.asarray(k, np.float64) for k in kept], axis=-1),
            ticket=sum(4 * d_in * s for (d_in, _), s in zip(shapes, shared, strict=True)),
            ticket_shared=sum(2 * d_in * (s + used) for (d_in, _), s, used in zip(shapes, shared, in_use, strict=True)),
            rho=rho,
            gamma=args.real(lambda g, e, c: np.minimum(rho * g, 1.0)),
        )


@statement(
    "width of a random network that contains every dense target of equal widths as a ticket of prescribed density, solved for n",
    tex=r"n^* = 2 c_{\mathrm{amp}} \frac{\log_2^2(2\ell d^2 / \epsilon)}{H_2(\gamma)} \quad\text{if}\quad"
    r" k = \gamma n^* \ge 2 c_{\mathrm{amp}} \left(\log_2^2 k + 2 \log_2 k \log_2(2\ell d^2/\epsilon)\right)",
    cites=("natale2024sparsity",),
    where="Theorem 3 with Corollary 2",
    mark="inferred",
    assumptions=(
        *_TARGETS,
        "equal widths d; with probability >= 1 - eps",
        "0 < eps < 1; 0 < gamma <= 1/2; c_amp > 0; d, depth >= 1 whole; k = gamma n* is as large as the formula says",
    ),
    direction="sufficient",
    constants={"c_amp": "existential, as in `sslth_width`"},
)
def sslth_width_simplified(gamma: ArrayLike, d: ArrayLike, depth: ArrayLike, eps: ArrayLike, c_amp: ArrayLike) -> Any:
    """Hidden neurons of a block for targets of equal widths, in closed form; at least that of `sslth_width`, where it applies.

    The condition on k is strict: at gamma = 1/2 and c_amp = 1 it holds from ``2 l d^2 / eps = 2^51`` on.

    Parameters
    ----------
    gamma : (...) float
        Density, in (0, 1/2].
    d, depth : (...) int
        Width and layers l of the target.
    eps : (...) float
        Error of the network and probability of failure, in (0, 1).
    c_amp : (...) float
        Constant of Corollary 1.

    Returns
    -------
    int, or (...) float64 of whole numbers
    """
    args = Arguments("sslth_width_simplified", gamma=gamma, d=d, depth=depth, eps=eps, c_amp=c_amp)
    gamma, d, depth, eps, c_amp = args
    require_fixed_point(args, "gamma", gamma, eps, c_amp)
    args.require("gamma <= 1/2", gamma <= 0.5)
    args.require_whole("d", "depth")
    with np.errstate(all="ignore"):  # entries that break a hypothesis come along
        share = np.where((gamma > 0) & (gamma < 1), gamma, 0.5)
        bits = np.log2(2 * depth * d * d) - np.log2(eps)
        log_k = np.log2(share * 2 * c_amp * bits**2 / binary_entropy(share))
        enough = 2**log_k >= 2 * c_amp * (log_k**2 + 2 * log_k * bits)
    args.require(
        "k = gamma n* >= 4 and k >= 2 c_amp (log2(k)^2 + 2 log2(k) log2(2 depth d^2 / eps))", enough & (log_k >= 2)
    )
    return args.whole(
        lambda g, d, depth, e, c: np.ceil(2 * c * (np.log2(2 * depth * d * d) - np.log2(e)) ** 2 / binary_entropy(g))
    )


def _sizes(shapes: list[tuple[int, int]], n: list[Any]) -> dict[str, Any]:
    """Fields of a `TwoLayerWidth` from the blocks, one number or array a layer; sizes of numbers are exact."""
    blocks = np.stack([np.asarray(n_i, np.float64) for n_i in n], axis=-1)
    with np.errstate(over="ignore"):  # beyond float64: infinite
        return {
            "n": blocks,
            "hidden": 2.0 * np.array([d_in for d_in, _ in shapes], np.float64) * blocks,
            "m": sum(2 * d_in * (d_in + d_out) * n_i for (d_in, d_out), n_i in zip(shapes, n, strict=True)),
            "m_t": sum(d_in * d_out for d_in, d_out in shapes),
        }


def _require_probabilities(args: Arguments, eps: Array, delta: Array) -> None:
    args.require("0 < eps < 1", (eps > 0) & (eps < 1))
    args.require("0 < delta < 1", (delta > 0) & (delta < 1))
