"""Multi-head attention: hidden dimensions, and how errors of weights pass through the softmax.

One attention head of the target is ``softmax(x W_Q W_K^T X^T / sqrt(d_K)) X W_V W_O``: two merged matrices, each of which a pair of random
ones approximates without a layer in between.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from slth.bounds.hypotheses import Arguments, Array
from slth.bounds.statement import statement
from slth.bounds.subset_sums.reach import rss_n_reach

_OTSUKA = ("otsuka2025attention",)
_C = {"C": "existential: Lueker's constant for products of two U[-1, 1], with the factors of the logarithm absorbed"}


@dataclass(frozen=True)
class AttentionDims:
    """Hidden dimensions of a random multi-head attention.

    Attributes
    ----------
    key : int, or (...) float64 of whole numbers
        n_K, of query and key in every head.
    value : int, or (...) float64 of whole numbers
        n_V, of value and output in every head.
    """

    key: Any
    value: Any


@dataclass(frozen=True)
class BlockDims:
    """Hidden dimensions of a random transformer block.

    Attributes
    ----------
    attention : int, or (...) float64 of whole numbers
        n_MHA, of query, key and value in every head.
    feedforward : int, or (...) float64 of whole numbers
        n_FC, of the layers put between those of the target.
    """

    attention: Any
    feedforward: Any


@statement(
    "inner dimension of a random product of two matrices that contains any matrix of entries up to 1",
    tex=(
        r"n \ge d_1 C \ln(d_1 d_2/\epsilon) \Rightarrow"
        r" \|W - (\tilde W_2 \odot M_2)(\tilde W_1 \odot M_1)\|_{\max} \le \frac{\epsilon}{d_1 d_2}"
    ),
    cites=(*_OTSUKA, "pensia2020optimal"),
    where="Lemmas 4 and 7",
    mark="read",
    assumptions=(
        "W in [-1, 1]^(d2 x d1); entries of W~1 (n x d1) and W~2 (d2 x n) independent U[-1, 1]",
        "0 < eps < 1; holds with probability at least 1 - eps",
    ),
    direction="sufficient",
    constants=_C,
)
def linear_gadget_n(d1: ArrayLike, d2: ArrayLike, eps: ArrayLike, C: ArrayLike) -> Any:
    """Rows of the first random matrix: n / d1 of them serve each column of W.

    Parameters
    ----------
    d1, d2 : (...) int
        Columns and rows of the target matrix.
    eps : (...) float
        Both the failure probability and d1 d2 times the error of an entry.
    C : (...) float
        Open constant, > 0.

    Returns
    -------
    int, or (...) float64 of whole numbers
    """
    args = Arguments("linear_gadget_n", d1=d1, d2=d2, eps=eps, C=C)
    d1, d2, eps, C = args
    args.require_whole("d1", "d2")
    args.require("0 < eps < 1", (eps > 0) & (eps < 1))
    args.require("C > 0", C > 0)
    return args.whole(lambda d1, d2, eps, C: np.ceil(d1 * C * (np.log(d1 * d2) - np.log(eps))))


@statement(
    "hidden dimensions at which a random multi-head attention contains any other",
    tex=(
        r"n_K \ge d_1 C \ln\frac{8 H \alpha^3 d_1^{3/2}}{\epsilon},\quad n_V \ge d_1 C \ln\frac{2 H \alpha d_1 \sqrt{d_2}}{\epsilon}"
    ),
    cites=_OTSUKA,
    where="Theorem 3",
    mark="read",
    assumptions=(
        "spectral norms of the target's projections at most 1; inputs of d1 features and norm at most alpha, outputs of d2",
        "alpha >= max(sqrt(d1), sqrt(d2)); 0 < eps < 1",
        "query and key U[-n_K^(1/4), n_K^(1/4)], value and output U[-1, 1], all entries independent",
        "any attention mask and any length of the sequence; holds with probability at least 1 - eps",
    ),
    direction="sufficient",
    constants=_C,
)
def mha_dims(
    d1: ArrayLike, d2: ArrayLike, H: ArrayLike, alpha: ArrayLike, eps: ArrayLike, C: ArrayLike
) -> AttentionDims:
    """n_K and n_V of every head with which each token's output is within eps.

    Parameters
    ----------
    d1, d2 : (...) int
        Dimensions of input and output.
    H : (...) int
        Heads.
    alpha : (...) float
        Bound on the norm of every token.
    eps : (...) float
        Error of the output in the Euclidean norm, and failure probability.
    C : (...) float
        Open constant, > 0.

    Returns
    -------
    AttentionDims
    """
    args = Arguments("mha_dims", d1=d1, d2=d2, H=H, alpha=alpha, eps=eps, C=C)
    d1, d2, H, alpha, eps, C = args
    args.require_whole("d1", "d2", "H")
    args.require("alpha >= max(sqrt(d1), sqrt(d2))", alpha >= np.sqrt(np.maximum(d1, d2)))
    args.require("0 < eps < 1", (eps > 0) & (eps < 1))
    args.require("C > 0", C > 0)

    def key(d1: Array, d2: Array, H: Array, alpha: Array, eps: Array, C: Array) -> Any:
        return np.ceil(d1 * C * (np.log(8 * H) + 3 * np.log(alpha) + 1.5 * np.log(d1) - np.log(eps)))

    def value(d1: Array, d2: Array, H: Array, alpha: Array, eps: Array, C: Array) -> Any:
        return np.ceil(d1 * C * (np.log(2 * H) + np.log(alpha) + np.log(d1) + 0.5 * np.log(d2) - np.log(eps)))

    return AttentionDims(args.whole(key), args.whole(value))


@statement(
    "hidden dimensions at which a random transformer block contains any other",
    tex=(
        r"n_{MHA} \ge d_1 C \ln\frac{32 \alpha^3 H d_1^{3/2}}{\epsilon},\quad"
        r" n_{FC} \ge d_1 C \ln\frac{24 \alpha L H d_1^{5/2}}{\epsilon}"
    ),
    cites=_OTSUKA,
    where="Theorem 11",
    mark="read",
    assumptions=(
        "as for mha_dims with d2 = d1, followed by L fully connected layers of width d1 and spectral norms at most 1; no normalisation",
        "alpha >= sqrt(d1); 0 < eps < 1; holds with probability at least 1 - eps",
    ),
    direction="sufficient",
    constants=_C,
)
def mha_block_dims(
    d1: ArrayLike, H: ArrayLike, L: ArrayLike, alpha: ArrayLike, eps: ArrayLike, C: ArrayLike
) -> BlockDims:
    """n_MHA and n_FC with which a block of attention and L fully connected layers is within eps.

    Parameters
    ----------
    d1 : (...) int
        Dimension of input and output.
    H : (...) int
        Heads.
    L : (...) int
        Fully connected layers of the target.
    alpha : (...) float
        Bound on the norm of every token.
    eps : (...) float
        Error of the output, and failure probability.
    C : (...) float
        Open constant, > 0.

    Returns
    -------
    BlockDims
    """
    args = Arguments("mha_block_dims", d1=d1, H=H, L=L, alpha=alpha, eps=eps, C=C)
    d1, H, L, alpha, eps, C = args
    args.require_whole("d1", "H", "L")
    args.require("alpha >= sqrt(d1)", alpha >= np.sqrt(np.maximum(d1, 0)))
    args.require("0 < eps < 1", (eps > 0) & (eps < 1))
    args.require("C > 0", C > 0)

    def attention(d1: Array, H: Array, L: Array, alpha: Array, eps: Array, C: Array) -> Any:
        return np.ceil(d1 * C * (np.log(32 * H) + 3 * np.log(alpha) + 1.5 * np.log(d1) - np.log(eps)))

    def feedforward(d1: Array, H: Array, L: Array, alpha: Array, eps: Array, C: Array) -> Any:
        return np.ceil(d1 * C * (np.log(24 * L * H) + np.log(alpha) + 2.5 * np.log(d1) - np.log(eps)))

    return BlockDims(args.whole(attention), args.whole(feedforward))


@statement(
    "inner dimension of a random product of two matrices that contains all matrices of entries up to 1, every constant explicit",
    tex=(
        r"n = d_1\,n_\mathrm{RSS}\left(\mathrm{err}, \frac{\delta}{d_1 d_2}\right),\quad"
        r" n_\mathrm{RSS} = \texttt{rss\_n\_reach} \text{ at } L = 1,\ a = \tfrac{1}{2e},\ c = \tfrac12"
    ),
    cites=("slth", "otsuka2025attention", "dacunha2023revisiting"),
    where="construction of Lemmas 4 and 7, with the density -ln abs(x) / 2 >= 1/2 of products on [-1/e, 1/e]",
    mark="derived",
    checked=True,
    assumptions=(
        "all W in [-1, 1]^(d2 x d1) at once; entries of W~1 (n x d1) and W~2 (d2 x n) independent U[-1, 1]",
        "0 < err <= 1 is the error of an entry, 0 < delta <= 1 the failure probability",
    ),
    direction="sufficient",
)
def linear_gadget_n_explicit(d1: ArrayLike, d2: ArrayLike, err: ArrayLike, delta: ArrayLike) -> Any:
    """Rows of the first random matrix, n / d1 for each column of W.

    Parameters
    ----------
    d1, d2 : (...) int
        Columns and rows of the target matrix.
    err : (...) float
        Error of an entry.
    delta : (...) float
        Failure probability.

    Returns
    -------
    int, or (...) float64 of whole numbers
    """
    args = Arguments("linear_gadget_n_explicit", d1=d1, d2=d2, err=err, delta=delta)
    d1, d2, err, delta = args
    args.require_whole("d1", "d2")
    args.require("0 < err <= 1", (err > 0) & (err <= 1))
    args.require("0 < delta <= 1", (delta > 0) & (delta <= 1))
    return args.whole(lambda d1, d2, err, delta: d1 * _products(err, delta / (d1 * d2)))


@statement(
    "hidden dimensions at which a random multi-head attention contains any other, every constant explicit",
    tex=(
        r"n_K = d_1\,n_\mathrm{RSS}\left(\frac{\epsilon}{2 H \alpha^3 d_1}, \frac{\delta}{2 H d_1^2}\right),\quad"
        r" n_V = d_1\,n_\mathrm{RSS}\left(\frac{\epsilon}{2 H \alpha \sqrt{d_1 d_2}}, \frac{\delta}{2 H d_1 d_2}\right),\quad"
        r" n_\mathrm{RSS} \text{ as in } \texttt{linear\_gadget\_n\_explicit}"
    ),
    cites=("slth", "otsuka2025attention", "dacunha2023revisiting"),
    where="linear_gadget_n_explicit for 2 H matrices, with the errors that make mha_error at most eps",
    mark="derived",
    checked=True,
    assumptions=(
        "as for mha_dims, without a condition on alpha, for all targets at once",
        "query and key U[-n_K^(1/4), n_K^(1/4)], value and output U[-1, 1], all entries independent",
    ),
    direction="sufficient",
)
def mha_dims_explicit(
    d1: ArrayLike, d2: ArrayLike, H: ArrayLike, alpha: ArrayLike, eps: ArrayLike, delta: ArrayLike
) -> AttentionDims:
    """n_K and n_V of every head with which, but for probability delta, each token's output is within eps.

    Parameters
    ----------
    d1, d2, H, alpha
        As in `mha_dims`.
    eps : (...) float
        Error of the output in the Euclidean norm.
    delta : (...) float
        Failure probability.

    Returns
    -------
    AttentionDims
    """
    args = Arguments("mha_dims_explicit", d1=d1, d2=d2, H=H, alpha=alpha, eps=eps, delta=delta)
    d1, d2, H, alpha, eps, delta = args
    args.require_whole("d1", "d2", "H")
    args.require("alpha > 0", alpha > 0)
    args.require("eps > 0", eps > 0)
    args.require("0 < delta <= 1", (delta > 0) & (delta <= 1))

    def key(d1: Array, d2: Array, H: Array, alpha: Array, eps: Array, delta: Array) -> Any:
        return d1 * _products(eps / (2 * H * d1 * alpha**3), delta / (2 * H * d1 * d1))

    def value(d1: Array, d2: Array, H: Array, alpha: Array, eps: Array, delta: Array) -> Any:
        return d1 * _products(eps / (2 * H * alpha * np.sqrt(d1 * d2)), delta / (2 * H * d1 * d2))

    return AttentionDims(args.whole(key), args.whole(value))


@statement(
    "change of a softmax average when the scores change by e_max, as published",
    tex=r"\|\sigma(x) X - \sigma(x + e) X\| \le \sqrt{d_1}\,\alpha\,(e^{2 e_{\max}} - 1)",
    cites=_OTSUKA,
    where="Lemma 8; the root of d1 is inferred from the proof of Theorem 3, where it is the value that fits",
    mark="read",
    checked=True,
    assumptions=("rows of X of norm at most alpha, any number of them", "all |e_j| <= e_max; e_max >= 0"),
    direction="sufficient",
)
def softmax_error(d1: ArrayLike, alpha: ArrayLike, e_max: ArrayLike) -> Any:
    """Upper bound on the error of an attention head; `softmax_error_sharp` is smaller, and best possible.

    Parameters
    ----------
    d1 : (...) int
        Columns of X.
    alpha : (...) float
        Bound on the norm of its rows.
    e_max : (...) float
        Largest change of a score.

    Returns
    -------
    float, or (...) float64
        Infinite where it exceeds float64.
    """
    args = _softmax("softmax_error", d1, alpha, e_max)

    def error(d1: Array, alpha: Array, e_max: Array) -> Any:
        with np.errstate(over="ignore"):
            return np.sqrt(d1) * alpha * np.expm1(2 * e_max)

    return args.real(error)


@statement(
    "change of a softmax average when the scores change by e_max, linear",
    tex=r"\|\sigma(x) X - \sigma(x + e) X\| \le 4 \sqrt{d_1}\,\alpha\,e_{\max}",
    cites=_OTSUKA,
    where="Lemma 5; the root of d1 as in softmax_error",
    mark="read",
    checked=True,
    assumptions=("rows of X of norm at most alpha, any number of them", "all |e_j| <= e_max; 0 <= e_max <= 1/2"),
    direction="sufficient",
)
def softmax_error_linear(d1: ArrayLike, alpha: ArrayLike, e_max: ArrayLike) -> Any:
    """`softmax_error`, simplified by exp(2e) - 1 <= 4e.

    Parameters
    ----------
    d1, alpha, e_max
        As in `softmax_error`; e_max <= 1/2.

    Returns
    -------
    float, or (...) float64
    """
    args = _softmax("softmax_error_linear", d1, alpha, e_max)
    _, _, e_max = args
    args.require("e_max <= 1/2", e_max <= 0.5)
    return args.real(lambda d1, alpha, e_max: 4 * np.sqrt(d1) * alpha * e_max)


@statement(
    "largest change of a softmax average when the scores change by e_max",
    tex=r"\|\sigma(x) X - \sigma(x + e) X\| \le 2 \alpha \tanh(e_{\max}/2) \le \alpha\,e_{\max}",
    cites=("slth", "otsuka2025attention"),
    where="derivation in proofs_checks/otsuka_2025.py: the odds of any set of tokens change by a factor of at most exp(2 e_max)",
    mark="derived",
    checked=True,
    assumptions=(
        "rows of X of norm at most alpha in any norm, any number of them, of any dimension",
        "all |e_j| <= e_max; e_max >= 0",
    ),
    direction="exact",
)
def softmax_error_sharp(alpha: ArrayLike, e_max: ArrayLike) -> Any:
    """The supremum over all scores, changes and tokens, attained by two opposite tokens.

    Parameters
    ----------
    alpha, e_max
        As in `softmax_error`.

    Returns
    -------
    float, or (...) float64
    """
    args = _softmax("softmax_error_sharp", 1, alpha, e_max)
    return args.real(lambda _, alpha, e_max: 2 * alpha * np.tanh(e_max / 2))


@statement(
    "error of multi-head attention when its merged matrices are known entrywise",
    tex=r"H\left(2\alpha\tanh\tfrac{\alpha^2 d_1 \tau_K}{2} + \alpha\sqrt{d_1 d_2}\,\tau_V\right)",
    cites=("slth", "otsuka2025attention"),
    where="proof of Theorem 3 with softmax_error_sharp in the place of Lemma 8",
    mark="derived",
    checked=True,
    assumptions=(
        "tokens of norm at most alpha; spectral norm of every merged value-output matrix of the target at most 1",
        "merged query-key matrices (d1 x d1, divided by sqrt(d_K)) within tau_K in every entry",
        "merged value-output matrices (d1 x d2) within tau_V in every entry",
    ),
    direction="sufficient",
)
def mha_error(
    d1: ArrayLike, d2: ArrayLike, H: ArrayLike, alpha: ArrayLike, key_error: ArrayLike, value_error: ArrayLike
) -> Any:
    """Upper bound on the Euclidean error of every token's output, for any mask and any length: what errors of weights amount to.

    Parameters
    ----------
    d1, d2, H, alpha
        As in `mha_dims`, without a condition on alpha.
    key_error, value_error : (...) float
        tau_K and tau_V, the largest errors of an entry.

    Returns
    -------
    float, or (...) float64
    """
    args = Arguments("mha_error", d1=d1, d2=d2, H=H, alpha=alpha, key_error=key_error, value_error=value_error)
    d1, d2, H, alpha, key_error, value_error = args
    args.require_whole("d1", "d2", "H")
    args.require("alpha > 0", alpha > 0)
    args.require("key_error >= 0", key_error >= 0)
    args.require("value_error >= 0", value_error >= 0)

    def error(d1: Array, d2: Array, H: Array, alpha: Array, key: Array, value: Array) -> Any:
        return H * alpha * (2 * np.tanh(alpha * alpha * d1 * key / 2) + np.sqrt(d1 * d2) * value)

    return args.real(error)


def _products(err: Array, delta: Array) -> Any:
    """Products of two U[-1, 1] that serve all targets of [-1, 1]."""
    return rss_n_reach(np.minimum(err, 1 / np.e), delta, L=1.0, a=0.5 / np.e, c=0.5)


def _softmax(bound: str, d1: ArrayLike, alpha: ArrayLike, e_max: ArrayLike) -> Arguments:
    args = Arguments(bound, d1=d1, alpha=alpha, e_max=e_max)
    _, alpha, e_max = args
    args.require_whole("d1")
    args.require("alpha > 0", alpha > 0)
    args.require("e_max >= 0", e_max >= 0)
    return args
