"""Da Cunha, Natale, Viennot 2022: convolutional networks. 1x1 kernels as the first half of a product, and how errors of kernels add up.

A 1x1 layer gives input channel j hidden channels (j, k) of weight u_jk; a kernel with entries v then acts on relu(u_jk x_j), which for
inputs x >= 0 is max(u_jk, 0) x_j. Inputs of later layers are outputs of ReLUs, those of the first are in [0, 1].
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import sympy
from flint import arb, fmpq
from numpy.typing import NDArray

from proofs_checks.lemma import claimed, lemma, require
from proofs_checks.tools.balls import precision
from slth.bounds.networks.convolution import cnn_width, cnn_width_explicit
from slth.bounds.subset_sums.reach import rss_n_reach

_CITES = ("dacunha2022proving",)
_BOUNDS = ("cnn_width",)
Integers = NDArray[np.int64]


@lemma(
    "lemma on one layer, product kernel",
    means="exact",
    scope="integers: 60 draws of inputs 5 x 5 x 2, kernels 1 to 3, 2 outputs, 3 hidden channels for each input channel, random masks",
    bounds=_BOUNDS,
    cites=_CITES,
)
def product_kernel() -> str:
    """For inputs x >= 0, a 1x1 layer whose mask gives every hidden channel one input channel, ReLU, and a masked kernel V act together as
    one kernel, whose entry (p, q, j, o) is the sum over k of mask times V_pq(jk)o max(u_jk, 0).
    """
    rng, compared = np.random.default_rng(2022), 0
    for trial in range(60):
        side, each = 1 + trial % 3, 3
        x = rng.integers(0, 10, (5, 5, 2))
        u, v = rng.integers(-9, 10, (2, each)), rng.integers(-9, 10, (side, side, 2 * each, 2))
        mask = rng.integers(0, 2, v.shape)
        pointwise = np.zeros((1, 1, 2, 2 * each), np.int64)
        for j in range(2):
            pointwise[0, 0, j, j * each : (j + 1) * each] = u[j]
        hidden = np.maximum(_convolve(x, pointwise), 0)
        kernel = ((v * mask).reshape(side, side, 2, each, 2) * np.maximum(u, 0)[..., None]).sum(3)
        require((_convolve(hidden, v * mask) == _convolve(x, kernel)).all(), f"layers differ in draw {trial}")
        compared += 1
    return f"{compared} pairs of layers equal, entry by entry"


@lemma(
    "lemma on one layer, signs",
    means="exact",
    scope="one weight, 6 hidden channels of both signs, all 2^6 masks, inputs -4 to 4",
    bounds=_BOUNDS,
    cites=_CITES,
)
def one_sign_suffices() -> str:
    """For x >= 0 hidden channels with u <= 0 contribute nothing, so that no block of negative weights is needed, and about half of 2 n_i
    channels are of use; for x < 0 those with u >= 0 contribute nothing: inputs of both signs need both blocks.
    """
    u, v = np.array([3, -2, 5, -7, 1, -4]), np.array([2, 3, -1, 5, -6, 1])
    for bits in product((0, 1), repeat=6):
        mask = np.array(bits)
        for x in range(-4, 5):
            both = int((mask * v * np.maximum(u * x, 0)).sum())
            useful = (u > 0) if x >= 0 else (u < 0)
            require(both == int((mask * v * u)[useful].sum()) * x, f"{both} at x = {x}")
    positive = u > 0
    at_negative = {
        int((np.array(bits) * (v * np.maximum(-u, 0))[positive]).sum()) for bits in product((0, 1), repeat=3)
    }
    require(at_negative == {0}, "positive weights alone give a non-zero value at x = -1")
    return "576 values equal; at x = -1 the channels with u > 0 give 0 under every mask"


@lemma(
    "lemma on one layer, separate subset sums",
    means="exact",
    scope="kernels 2 x 2 with 2 input and 2 output channels, 2 hidden channels each: every one of the 32 bits of the mask",
    bounds=_BOUNDS,
    cites=_CITES,
)
def separate_entries() -> str:
    """Every bit of the second mask enters one entry of the product kernel: entries are separate subset-sum problems; those of different
    positions or outputs share the weights u of the 1x1 layer and no weight v.
    """
    rng = np.random.default_rng(5)
    u, v = rng.integers(1, 9, (2, 2)), rng.integers(1, 9, (2, 2, 4, 2))

    def kernel(mask: Integers) -> Any:
        return ((v * mask).reshape(2, 2, 2, 2, 2) * u[..., None]).sum(3)

    mask = rng.integers(0, 2, v.shape)
    before, seen = kernel(mask), set()
    for place in np.ndindex(v.shape):
        flipped = mask.copy()
        flipped[place] ^= 1
        changed = [tuple(int(i) for i in row) for row in np.argwhere(kernel(flipped) != before)]
        p, q, channel, o = (int(i) for i in place)
        require(changed == [(p, q, channel // 2, o)], f"bit {place} changes {changed}")
        seen.update(changed)
    return f"{v.size} bits, each in one of {len(seen)} entries"


@lemma(
    "convolution in the maximum norm",
    means="search",
    scope="200 integer tensors 6 x 6 x 3 with kernels 1 to 3, 2 outputs; the extremal input among them",
    bounds=_BOUNDS,
    cites=_CITES,
    control=0.99,
)
def norm_of_a_convolution(factor: float = 1.0) -> str:
    """The largest entry of K * x is at most that of x times the largest sum of abs of the entries of K that lead to one output; attained.

    Each output entry is a sum of entries of K times distinct entries of x: the triangle inequality; x = sign(K) attains it.
    """
    rng, attained = np.random.default_rng(6), 0
    for trial in range(200):
        side = 1 + trial % 3
        kernel = rng.integers(-9, 10, (side, side, 3, 2))
        bound = int(np.abs(kernel).sum((0, 1, 2)).max())
        x = rng.integers(-7, 8, (6, 6, 3))
        if trial % 2:
            x[1 : 1 + side, 1 : 1 + side] = 7 * np.sign(kernel[..., int(np.abs(kernel).sum((0, 1, 2)).argmax())])
        largest = int(np.abs(_convolve(x, kernel)).max())
        require(largest <= factor * bound * int(np.abs(x).max()), f"{largest} > {factor} * {bound} * {np.abs(x).max()}")
        attained += largest == bound * int(np.abs(x).max())
    return f"no violation, attained by {attained} of 200"


@lemma(
    "propagation of errors",
    means="rigorous",
    scope="all depths l >= 1, all 0 < eps <= 1",
    bounds=_BOUNDS,
    cites=_CITES,
    control=1,
)
def propagation(share: int = 2) -> str:
    """If every kernel entry is within eps / (2 l d^2 c c'), every kernel is within eps / (2 l) in the sum of abs; with kernels of sum at
    most 1 and inputs of [0, 1] the l layers together are within (1 + eps/(2l))^l - 1 <= exp(eps/2) - 1 <= eps.

    Errors obey E_i <= (1 + t) E_{i-1} + t with t = eps / (2 l), since outputs of the target stay in [0, 1]: E_l = (1 + t)^l - 1. And
    ln(1 + t) <= t; exp(eps/2) - 1 is convex and 0 at 0, hence below its chord to eps = 1.
    """
    t, l_, d, c, o, eps = sympy.symbols("t l d c o eps", positive=True)
    require(
        sympy.simplify(d**2 * c * o * eps / (share * l_ * d**2 * c * o) - eps / (share * l_)) == 0,
        "the entries add up to more",
    )
    error: Any = sympy.Integer(0)
    for depth in range(1, 9):
        error = sympy.expand((1 + t) * error + t)
        require(sympy.expand((1 + t) ** depth - 1 - error) == 0, f"(1 + t)^{depth} - 1 is not {error}")
    # the induction: (1 + t) ((1 + t)^l - 1) + t = (1 + t)^(l + 1) - 1
    require(sympy.simplify((1 + t) * ((1 + t) ** l_ - 1) + t - ((1 + t) ** (l_ + 1) - 1)) == 0, "the induction fails")
    require(sympy.simplify(sympy.diff(t - sympy.log(1 + t), t) - t / (1 + t)) == 0, "t - ln(1 + t) does not increase")
    with precision(128):
        chord = arb(fmpq(1, share)).exp() - 1
        require(chord <= 1, f"exp(eps / {share}) - 1 has a chord of slope {float(chord):.4f} > 1")
    return f"E_l <= {float(chord):.4f} eps"


@lemma(
    "union bound",
    means="exact",
    scope="8 shapes of depth 1 to 16, eps and delta in {0.5, 0.01, 1e-12}, C in {1, 6}, enclosed in balls",
    bounds=_BOUNDS,
    cites=_CITES,
)
def union_bound() -> str:
    """If a kernel entry fails with probability at most exp(-n_i / C), all of them fail with probability at most min(eps, delta)."""
    shapes: list[tuple[list[int], Any]] = [
        ([1, 1], 1), ([1, 6, 16], 5), ([3, 64, 64, 128], 3), ([1] * 17, 1), ([3, 5], 7), ([7, 1, 7], [1, 3]), ([512, 512], 3),
        ([3, *[32] * 12], 3),
    ]  # fmt: skip
    tightest = 0.0
    with precision(256):
        for (channels, kernels), eps, delta, C in product(shapes, (0.5, 0.01, 1e-12), (0.5, 0.01, 1e-12), (1, 6)):
            n = cnn_width(channels, kernels, eps, delta, C).n
            sides = np.broadcast_to(kernels, len(channels) - 1)
            total = sum(
                (c * o * int(side) ** 2 * (-arb(int(k)) / C).exp())
                for c, o, side, k in zip(channels[:-1], channels[1:], sides, n, strict=True)
            )
            require(total <= arb(min(eps, delta)), f"{float(total):.4g} > {min(eps, delta)} for {channels}, {kernels}")
            tightest = max(tightest, float(total) / min(eps, delta))
    return f"{len(shapes) * 18} cases; at most {tightest:.3f} min(eps, delta)"


@lemma(
    "constants in the logarithm",
    means="symbolic",
    scope="all a = c c' d^2 l / min(eps, delta) >= 2",
    bounds=_BOUNDS,
    cites=(*_CITES, "lueker1998exponentially"),
)
def logarithm_absorbs_constants() -> str:
    """Samples C1 ln(2/t) for tolerance and failure probability t = min(eps, delta) / (2 l c c' d^2) are at most 3 C1 ln(a) for
    a = c c' d^2 l / min(eps, delta) >= 2: the theorem follows with C = 3 C1. (As a tends to 1 its logarithm vanishes; one kernel entry
    and eps near 1 are outside.)
    """
    x = sympy.symbols("x", nonnegative=True)  # a = 2 + x
    slack = sympy.Poly(sympy.expand((2 + x) ** 3 - 4 * (2 + x)), x)
    require(all(c >= 0 for c in slack.coeffs()), f"a^3 - 4 a = {slack}")
    return "2/t = 4 a <= a^3: a^3 - 4 a has no negative coefficient in a - 2"


@lemma(
    "explicit version, law of a product",
    means="symbolic",
    scope="all 0 < abs(x) <= 1",
    bounds=("cnn_width_explicit",),
    cites=("slth", "pensia2020optimal"),
)
def density_of_a_product() -> str:
    """max(u, 0) v with u and v independent U[-1, 1] is 0 with probability 1/2 and has besides the density -ln(abs(x)) / 4, at least 1/4 on
    [-1/e, 1/e]. (A sample that is 0 never harms: the drift of the covered share only counts the density.)
    """
    u, x = sympy.symbols("u x", positive=True)
    density = sympy.integrate(sympy.Rational(1, 2) / (2 * u), (u, x, 1))
    require(sympy.simplify(density + sympy.log(x) / 4) == 0, f"density {density}")
    require(sympy.integrate(2 * density, (x, 0, 1)) == sympy.Rational(1, 2), "the density has another mass than 1/2")
    require(sympy.simplify(sympy.diff(density, x) + 1 / (4 * x)) == 0, "the density does not decrease")
    at_end = sympy.simplify(density.subs(x, sympy.exp(-1)))
    require(at_end == sympy.Rational(1, 4), f"at 1/e the density is {at_end}")
    return "density -ln(x)/4, decreasing, of mass 1/2, 1/4 at x = 1/e"


@lemma(
    "explicit version",
    means="exact",
    scope="4 shapes of depth 1 to 4, eps in {1, 0.01, 1e-9}, delta in {1, 1e-6}",
    bounds=("cnn_width_explicit",),
    cites=("slth", "dacunha2022proving", "dacunha2023revisiting"),
)
def explicit_widths() -> str:
    """With kernel entries within t / (d_i^2 c_{i-1}), t = (1 + eps)^(1/l) - 1, the kernels that lead to one output are within t and errors
    end at (1 + t)^l - 1 = eps; 2 n_i samples max(u, 0) v serve each of c_{i-1} c_i d_i^2 entries of l layers but for a share of delta.
    """
    shapes: list[tuple[list[int], Any]] = [([1, 1], 1), ([3, 5], 3), ([1, 6, 16], 5), ([3, 8, 8, 8, 4], [3, 3, 1, 3])]
    layers, slack = 0, 1 + 1e-9
    for (channels, kernels), eps, delta in product(shapes, (1.0, 0.01, 1e-9), (1.0, 1e-6)):
        n = cnn_width_explicit(channels, kernels, eps, delta).n
        depth = len(n)
        t = float(np.expm1(np.log1p(eps) / depth))
        require(abs(float(np.expm1(depth * np.log1p(t))) / eps - 1) < 1e-9, "errors do not end at eps")
        for i, side in enumerate(np.broadcast_to(kernels, depth)):
            entries = channels[i] * int(side) ** 2
            err, failure = min(t / entries, 1 / np.e), delta / (depth * entries * channels[i + 1])
            fewest = rss_n_reach(min(err * slack, 1 / np.e), min(failure * slack, 1.0), 1.0, 0.5 / np.e, 0.25)
            most = rss_n_reach(err / slack, failure / slack, 1.0, 0.5 / np.e, 0.25)
            require(fewest <= 2 * n[i] <= most + 1, f"2 n = {2 * n[i]}, but {fewest} to {most} samples are needed")
            layers += 1
    return f"{layers} layers agree"


def _convolve(x: Integers, kernel: Integers) -> Integers:
    """(h, w, c) with (d, d, c, o) to (h - d + 1, w - d + 1, o): the definition, without padding."""
    d = kernel.shape[0]
    rows, columns = x.shape[0] - d + 1, x.shape[1] - d + 1
    out = np.zeros((rows, columns, kernel.shape[3]), np.int64)
    for p, q in product(range(d), repeat=2):
        out += x[p : p + rows, q : q + columns] @ kernel[p, q]
    return out


claimed(
    "existence",
    "main theorem",
    "C ln(1/t) products of U[0, 1] and U[-1, 1] have subset sums within t of every number of [-1, 1] at once, but for probability t; and"
    " enough of 2 n_i weights u are positive.",
    why="the constant is existential; what is checked is the construction, the propagation of errors and the union bound",
    bounds=_BOUNDS,
    cites=(*_CITES, "lueker1998exponentially", "pensia2020optimal"),
)
