"""Natale, Ferre, Giambartolomei, Giroire, Mallmann-Trenn, "On the sparsity of the strong lottery ticket hypothesis" (NeurIPS 2024).

Theorems 3 and 4: dense and equivariant networks, given Corollary 1 on fixed-size subset sums (`natale_2024.py`): for whole n and k, if
n >= c_amp log2(k / e)^2 / H2(k / n), then with probability at least 1 - e all targets have a subset of k within e.
"""

from __future__ import annotations

import math
from itertools import combinations, pairwise, product
from random import Random

import numpy as np
import sympy
from flint import arb, fmpq

from proofs_checks.lemma import lemma, require
from proofs_checks.tools.balls import precision
from proofs_checks.tools.chance import probability_at_most
from slth.bounds.networks.dense import sslth_width, sslth_width_simplified
from slth.bounds.networks.equivariant import sslth_equivariant_width

_WIDTH = ("sslth_width",)
_ALL = ("sslth_width", "sslth_width_simplified", "sslth_equivariant_width")
_CITES = ("natale2024sparsity", "slth")

_GRID = tuple(
    product(
        (0.9, 0.5, 0.3, 0.1, 1e-3, 1e-9),
        ((784, 500, 10), (20, 20, 20, 20), (1, 1)),
        (0.5, 0.01, 1e-12),
        (1.0, 8.0, 500.0),
    )
)


def _entropy(p: arb) -> arb:
    return -(p * p.log() + (1 - p) * (1 - p).log()) / arb(2).log()


@lemma(
    "Theorem 3, union bound",
    means="symbolic",
    scope="all widths and depths, layer by layer",
    bounds=_WIDTH,
    cites=_CITES,
)
def union_bound() -> str:
    """With tolerance and probability of failure e_i = eps / (2 l d_(i-1) d_i) for each of the 2 d_(i-1) d_i subset-sum problems of layer i
    one of all l layers fails with probability at most eps, and where none does layer i is within eps / (2 l) of its target.

    The matrix of errors of a layer has d_(i-1) d_i entries of at most e_i, so norm at most d_(i-1) d_i e_i; `pensia_2020.propagation`
    does the rest.
    """
    d, e, eps, depth = sympy.symbols("d e epsilon l", positive=True)
    each = eps / (2 * depth * d * e)
    require(sympy.simplify(depth * 2 * d * e * each - eps) == 0, "the failures do not add up to eps")
    require(sympy.simplify(d * e * each - eps / (2 * depth)) == 0, "a layer is not within eps / (2 l)")
    return "2 d d' l e_i = eps and d d' e_i = eps / (2 l)"


@lemma("Theorem 3, the equation", means="symbolic", scope="all A > 0 and K > 0", bounds=_ALL, cites=_CITES)
def equation() -> str:
    """The equation n = K log2(A n)^2 with A n > 1 has no solution, one or two, as A K / ln(2)^2 is below, at or above e^2 / 4; from the
    larger one on every n satisfies n >= K log2(A n)^2, and every n does if there is none.

    With t = ln(A n) > 0 it reads e^t / t^2 = A K / ln(2)^2 =: B. The left side has the derivative e^t (t - 2) / t^3 and the minimum
    e^2 / 4 at t = 2. (A n < 1 means k < e_i, for which the corollary says nothing.)
    """
    t, a, k, n = sympy.symbols("t A K n", positive=True)
    left = sympy.exp(t) / t**2
    require(sympy.simplify(sympy.diff(left, t) - sympy.exp(t) * (t - 2) / t**3) == 0, "the derivative is another")
    require(sympy.simplify(left.subs(t, 2) - sympy.exp(2) / 4) == 0, "the minimum is another")
    require(
        sympy.limit(left, t, 0, "+") == sympy.oo and sympy.limit(left, t, sympy.oo) == sympy.oo, "the limits are others"
    )
    ratio = (n / (k * sympy.log(a * n, 2) ** 2)).subs(n, sympy.exp(t) / a)
    gap = sympy.simplify(sympy.expand_log(ratio, force=True) - left * sympy.log(2) ** 2 / (a * k))
    require(gap == 0, f"n / (K log2(A n)^2) is off by {gap}")
    return "e^t / t^2 falls to e^2 / 4 at t = 2 and rises from there on"


@lemma("Theorem 3, whole numbers", means="symbolic", scope="all 0 < k < n", bounds=_ALL, cites=_CITES)
def whole_numbers() -> str:
    """n H2(k / n) increases with n at fixed k: for k = ceil(gamma' n*) and n = ceil(k / gamma') >= k / gamma' >= n* the inequality at the
    real number k / gamma' gives it for the whole numbers, n H2(k / n) >= (k / gamma') H2(gamma') >= c_amp log2(k / e_i)^2.

    k is at least 4: the candidates, products of U[-1, 1], contain U[-1/2, 1/2] (`pensia_2020.product_distribution`), not U[-1, 1]. The
    corollary applied to their doubles covers targets in [-sqrt(k) / 2, sqrt(k) / 2], so that weights of 1 take k >= 4.
    """
    n, k = sympy.symbols("n k", positive=True)
    p = k / n
    bits = -n * (p * sympy.log(p) + (1 - p) * sympy.log(1 - p)) / sympy.log(2)
    gap = sympy.simplify(sympy.diff(bits, n) + sympy.log(1 - p) / sympy.log(2))
    require(gap == 0, f"the derivative is off by {gap}")
    return "the derivative is -log2(1 - k / n) > 0"


@lemma(
    "Theorem 3, the function",
    means="exact",
    scope="162 arguments: gamma' from 0.9 to 1e-9, three targets, eps from 0.5 to 1e-12, c_amp = 1, 8, 500; ball arithmetic",
    control=1.1,
    bounds=_WIDTH,
    cites=_CITES,
)
def fixed_point(claim: float = 1.0) -> str:
    """The whole numbers n_i and k_i of sslth_width satisfy n >= c_amp log2(k / e_i)^2 / H2(k / n) and k <= gamma' n, lie on the branch
    where all larger n do (or there is no solution), and k - 1 is below the solution or below 4.
    """
    kept = []
    with precision(300):
        log2 = arb(2).log()
        for gamma, widths, eps, c_amp in _GRID:
            found = sslth_width(gamma, widths, eps, c_amp)
            h = _entropy(arb(gamma))
            for (d_in, d_out), n, k in zip(pairwise(widths), found.n.tolist(), found.kept.tolist(), strict=True):
                at = f"gamma' = {gamma}, widths = {widths}, eps = {eps}, c_amp = {c_amp}"
                tolerance = arb(eps) / (2 * (len(widths) - 1) * d_in * d_out)
                need = arb(claim * c_amp) * ((arb(k) / tolerance).log() / log2) ** 2
                require(arb(n) * _entropy(arb(k) / arb(n)) >= need, f"n = {n}, k = {k} do not suffice at {at}")
                require(arb(k) <= arb(gamma) * arb(n) * (1 + arb(fmpq(1, 10**13))), f"k = {k} > gamma' n at {at}")
                t = (arb(k) / tolerance).log()
                level = arb(c_amp * gamma) / (h * tolerance * log2**2)
                require(t > 2 or level < arb(2).exp() / 4, f"k = {k} is not on the upper branch at {at}")
                if k > 4:
                    short = arb(c_amp) * ((arb(k - 1) / tolerance).log() / log2) ** 2
                    require(arb(k - 1) / arb(gamma) * h < short, f"k - 1 = {k - 1} suffices at {at}")
                kept.append(int(k))
    return f"{len(kept)} layers; k from {min(kept)} to {max(kept)}"


@lemma(
    "Theorem 3, sizes",
    means="exact",
    scope="masks of random, disjoint and equal subsets; widths 2-3, 3-4-2 and 5-2-2, gamma' = 0.4, 0.1, c_amp = 0.02, 0.2",
    bounds=_WIDTH,
    cites=_CITES,
)
def sizes() -> str:
    """The random network has m = sum of 2 d_(i-1)^2 n_i + 2 d_(i-1) d_i n_i parameters. A ticket keeps 2 d_(i-1) d_i k_i second-layer
    weights and one first-layer weight for each hidden neuron in use: at most 4 d_(i-1) d_i k_i in all, attained by disjoint subsets, and
    at most 2 d_(i-1) (d_i k_i + min(n_i, d_i k_i)) since a block has n_i neurons.
    """
    rng = Random(3)
    shared = disjoint = 0
    for widths, gamma, c_amp in product(((2, 3), (3, 4, 2), (5, 2, 2)), (0.4, 0.1), (0.02, 0.2)):
        found = sslth_width(gamma, widths, 0.5, c_amp)
        parameters = 0
        most = dict.fromkeys(("random", "apart", "equal"), 0)
        for (d_in, d_out), n, k in zip(pairwise(widths), map(int, found.n), map(int, found.kept), strict=True):
            parameters += sum(1 for _ in product(range(2 * d_in * n), range(d_in))) + sum(
                1 for _ in product(range(d_out), range(2 * d_in * n))
            )
            for kind in most:
                for _ in range(2 * d_in):
                    used: set[int] = set()
                    for i in range(d_out):
                        if kind == "random":
                            subset = set(rng.sample(range(n), k))
                        else:
                            subset = {(h + (i * k if kind == "apart" else 0)) % n for h in range(k)}
                        most[kind] += len(subset)
                        used |= subset
                    most[kind] += len(used)
        require(parameters == found.m, f"m = {found.m}, counted {parameters}")
        require(max(most.values()) <= found.ticket_shared <= found.ticket, f"{most}, but {found.ticket_shared} allowed")
        require(most["apart"] == found.ticket_shared, f"{most['apart']} at most, not {found.ticket_shared}")
        disjoint += found.ticket == found.ticket_shared
        shared += found.ticket > found.ticket_shared
    require(shared and disjoint, "a case is missing")
    return f"12 networks: the bound of the theorem attained by {disjoint}, that with shared neurons by all"


@lemma("Theorem 3, density", means="symbolic", scope="all d, d' > 0", bounds=_WIDTH, cites=_CITES)
def density() -> str:
    """4 d d' gamma' n <= rho gamma' (2 d^2 n + 2 d d' n) for rho >= max(d / d', d' / d), so that the density is at most rho gamma'; already
    rho = 2 d' / (d + d') < 2 does, with equality.

    With r = d' / d the claim is 2 r <= rho (1 + r): for r <= 1 since rho >= 1, for r >= 1 since rho >= r and 2 <= 1 + r.
    """
    r = sympy.Symbol("r", positive=True)
    above = sympy.factor(r * (1 + r) - 2 * r)
    below = sympy.factor((1 + r) / r - 2 * r)
    require(sympy.simplify(above - r * (r - 1)) == 0, f"slack {above} for r >= 1")
    require(sympy.simplify(below - (1 - r) * (2 * r + 1) / r - 0) == 0, f"slack {below} for r <= 1")
    require(sympy.limit(2 * r / (1 + r), r, sympy.oo) == 2, "2 r / (1 + r) is not below 2")
    for widths in ((20, 20, 20), (784, 500, 10), (3, 40, 5)):
        found = sslth_width(0.01, widths, 0.01, 8)
        sharper = max(2 * d_out / (d_in + d_out) for d_in, d_out in pairwise(widths))
        require(
            found.ticket <= 0.01 * sharper * found.m * (1 + 1e-12) <= found.gamma * found.m * (1 + 1e-12), f"{found}"
        )
    return "slack r (r - 1) for r >= 1, (1 - r) (2 r + 1) / r for r <= 1; 2 r / (1 + r) < 2 is enough"


@lemma(
    "Theorem 3, monotone",
    means="symbolic",
    scope="the larger solution, t > 2, all 0 < gamma' <= 1/2",
    bounds=_WIDTH,
    cites=_CITES,
)
def monotone() -> str:
    """The larger solution n* grows with c_amp, with d_(i-1), d_i, l and 1 / eps, and k* = gamma' n* grows with gamma'. n* itself falls with
    gamma' exactly while t q > 2, where t = ln(k* / e_i) and q = gamma' H2'(gamma') / H2(gamma'): it grows again next to gamma' = 1/2.

    From t - 2 ln t = ln B: dt / d(ln B) = t / (t - 2) > 0. With b = gamma' / H2(gamma'), d(ln b) / d(ln gamma') = 1 - q lies in (0, 1]
    for gamma' <= 1/2, H2 being concave with H2(0) = 0 and growing there.
    """
    t, q = sympy.symbols("t q")
    slope = 1 / sympy.diff(t - 2 * sympy.log(t), t)
    require(sympy.simplify(slope - t / (t - 2)) == 0, f"dt / d(ln B) = {slope}")
    log_n = slope * (1 - q) - 1  # d(ln n) / d(ln gamma'), as ln n = t - ln A and A grows as gamma'
    require(sympy.simplify(log_n - (2 - t * q) / (t - 2)) == 0, f"d(ln n) / d(ln gamma') = {sympy.factor(log_n)}")
    require(sympy.simplify(log_n + 1 - t * (1 - q) / (t - 2)) == 0, "d(ln k) / d(ln gamma') is another")
    g = sympy.Symbol("g", positive=True)
    entropy = -(g * sympy.log(g) + (1 - g) * sympy.log(1 - g)) / sympy.log(2)
    require(sympy.simplify(sympy.diff(entropy, g, 2) + 1 / (g * (1 - g) * sympy.log(2))) == 0, "H2 is not concave")
    blocks = {gamma: sslth_width(gamma, [100, 100], 0.01, 8).n[0] for gamma in (0.01, 0.1, 0.3, 0.47, 0.5)}
    require(blocks[0.01] > blocks[0.1] > blocks[0.3] > blocks[0.47] < blocks[0.5], f"blocks {blocks}")
    return "d(ln n) / d(ln gamma') = (2 - t q) / (t - 2), d(ln k) / d(ln gamma') = t (1 - q) / (t - 2) > 0"


@lemma(
    "Theorem 3, constant density",
    means="symbolic",
    scope="all B >= e^2 / 4; the function, in floating point, at 162 arguments",
    bounds=_WIDTH,
    cites=_CITES,
)
def constant_density() -> str:
    """n* <= c_amp / (H2(gamma') ln(2)^2) (2 ln B + 4 ln 4 - 4)^2 with B = c_amp gamma' / (H2(gamma') e_i ln(2)^2): for constant gamma' the
    block is O(log(1 / e_i)^2), the width of Pensia et al. up to one logarithm.

    n* = c_amp t^2 / (H2 ln(2)^2) with t = ln B + 2 ln t, and ln t <= t / 4 + ln 4 - 1, its tangent at t = 4.
    """
    t = sympy.Symbol("t", positive=True)
    gap = t / 4 + sympy.log(4) - 1 - sympy.log(t)
    require(sympy.simplify(gap.subs(t, 4)) == 0 and sympy.diff(gap, t).subs(t, 4) == 0, "not the tangent at 4")
    require(sympy.diff(gap, t, 2) == 1 / t**2, "ln is not concave")
    largest = 0.0
    for gamma, widths, eps, c_amp in _GRID:
        found = sslth_width(gamma, widths, eps, c_amp)
        h = -(gamma * math.log2(gamma) + (1 - gamma) * math.log1p(-gamma) / math.log(2))
        for (d_in, d_out), k in zip(pairwise(widths), found.kept, strict=True):
            log_b = math.log(c_amp * gamma / (h * math.log(2) ** 2)) - math.log(
                eps / (2 * (len(widths) - 1) * d_in * d_out)
            )
            bound = c_amp / (h * math.log(2) ** 2) * (2 * log_b + 4 * math.log(4) - 4) ** 2
            below = (k - 1) / gamma  # below n*, before rounding up
            require(below <= bound or k == 4, f"n* > {below} > {bound} at gamma' = {gamma}, eps = {eps}")
            largest = max(largest, below / bound if k > 4 else 0)
    return f"t <= 2 ln B + 4 ln 4 - 4; n* uses at most about {largest:.2f} of the bound"


@lemma(
    "Theorem 3, the density of the first proof",
    means="rigorous",
    scope="all z >= 2, c_amp > 0, c >= 10.2 c_amp^2 with sqrt(c) z >= 2; the function at 3 x 3 x 3 arguments",
    bounds=_WIDTH,
    cites=_CITES,
)
def first_proof() -> str:
    """For equal widths and z = m_t / eps >= 2 the choice gamma = 1 / z, n* = c z^2 satisfies n* >= c_amp log2(2 l d^2 gamma n* / eps)^2 /
    H2(gamma) if c >= 144 c_amp^2, as the paper says, and already if c >= 10.2 c_amp^2 (both for sqrt(c) z >= 2): overparameterisation of
    order m_t^2 / eps^2 with density eps / m_t.

    2 l d^2 / eps = 2 z, so that the right side is c_amp log2(2 c z^2)^2 / H2(1 / z). H2 is concave, 0 at 0 and 1 at 1/2, so that
    H2(x) >= 2 x for x <= 1/2. It remains 2 c z >= c_amp log2(2 c z^2)^2, and with c >= a^2 c_amp^2, y = sqrt(c) z: 2 a y >= s^2 for
    s = 1 + 2 log2(y). s^2 / (2 y) = s^2 / 2^((s + 1) / 2) is largest at s = 4 / ln 2 for y >= 1. For y >= 2 it is on the upper branch:
    ln(2 y^2) > 2.
    """
    s = sympy.Symbol("s", positive=True)
    value = s**2 / 2 ** ((s + 1) / 2)
    derivative = sympy.simplify(sympy.diff(value, s) / value)
    require(sympy.simplify(derivative - (2 / s - sympy.log(2) / 2)) == 0, f"logarithmic derivative {derivative}")
    with precision(100):
        log2 = arb(2).log()
        peak = 4 / log2
        largest = peak**2 / (((peak + 1) / 2) * log2).exp()
        require(largest**2 < arb(fmpq(102, 10)), f"a^2 = {largest**2}")
        require(largest > 1, "the end s = 1 is larger")  # s^2 / (2 y) = 1/2 at y = 1
        require(arb(8).log() > 2, "not on the upper branch")
    for d, depth, c_amp in product((3, 10, 100), (1, 2, 5), (1.0, 8.0, 100.0)):
        z = depth * d * d / 0.01
        found = sslth_width(1 / z, [d] * (depth + 1), 0.01, c_amp)
        allowed = 10.2 * c_amp**2 * z * z
        require(found.n[0] <= allowed, f"n = {found.n[0]} > {allowed} at d = {d}, l = {depth}, c_amp = {c_amp}")
        require(found.overparameterisation == 4 * found.n[0], "m / m_t is not 4 n")
    return f"sup of s^2 / (2 y) is {float(largest.mid()):.4f}, so that c >= {float((largest**2).mid()):.3f} c_amp^2 is enough"


@lemma(
    "Theorem 3, the constant",
    means="statistical",
    scope="l = d = 1, eps = 0.3, gamma' = 0.5 and 0.3 (29 of 58, 16 of 54), 100 draws each; 4,000 of the subsets, every target of [-1, 1]",
    false_alarm=1e-9,
    control=0.5,
    bounds=_WIDTH,
    cites=_CITES,
    slow=True,
)
def constant(claim: float = 1.0) -> str:
    """For one weight at eps = 0.3 the constant c_amp = 1 is enough, 1/2 is not: with probability at least 1 - eps, each half of the piece
    has among its n products u v, counted where u has the sign of the half, subsets of exactly k within eps / 2 of all targets of [-1, 1].

    Sums of k stay within eps / 2 of all targets if those in [-1 - eps / 2, 1 + eps / 2] leave no gap wider than eps. A search among fewer
    subsets can only fail more often; for c_amp = 1/2, that is 9 of 18 and 4 of 14, all subsets are tried.
    """
    rng = np.random.default_rng(2024)
    reports = []
    for gamma in (0.5, 0.3):
        found = sslth_width(gamma, [1, 1], 0.3, claim)
        n, k = int(found.n[0]), int(found.kept[0])
        few = math.comb(n, k) <= 50_000
        chosen = np.array(list(combinations(range(n), k))) if few else np.argsort(rng.random((4000, n)), axis=1)[:, :k]
        subsets = np.zeros((len(chosen), n))
        np.put_along_axis(subsets, chosen, 1.0, axis=1)
        u, v = rng.uniform(-1, 1, (2, 100, 2, n))
        sums = np.sort(np.clip(np.where(u > 0, u * v, 0.0) @ subsets.T, -1.15, 1.15), axis=-1)
        ends = np.full((100, 2, 1), 1.15)
        gaps = np.diff(np.concatenate([-ends, sums, ends], axis=-1), axis=-1)
        failures = int((gaps.max(axis=-1) > 0.3).any(axis=-1).sum())
        probability_at_most(0.3, failures, 100, 0.5e-9, f"a target is missed with {k} of {n}")
        reports.append(f"{k} of {n}: {failures} failures of 100")
    return "; ".join(reports)


@lemma(
    "Theorem 3, simplified", means="symbolic", scope="all k <= n / 2", bounds=("sslth_width_simplified",), cites=_CITES
)
def simplified() -> str:
    """If k <= n / 2, k >= c_amp (log2(k)^2 + 2 log2(k) L) with L = log2(1 / e), and n >= 2 c_amp L^2 / H2(k / n), then
    n >= c_amp log2(k / e)^2 / H2(k / n). Corollary 2 of the paper asks for twice that k.

    n H2(k / n) >= 2 k, since H2(x) >= 2 x for x <= 1/2; half of n H2 covers 2 c_amp L^2 / 2, the other half, at least k, the rest.

    Whole numbers, with the paper's k = gamma n >= 4: the rest is at most half of k <= n H2 / 2, so that 3/4 of n H2 would do. Then
    gamma n* <= 3 k / 4 for the larger solution n*, and ceil(gamma n*) <= k: the n of sslth_width is not larger.
    """
    log_k, bits, c = sympy.symbols("log_k L c", positive=True)
    gap = sympy.expand(c * (log_k + bits) ** 2 - (c * (log_k**2 + 2 * log_k * bits) + 2 * c * bits**2 / 2))
    require(gap == 0, f"off by {gap}")
    g = sympy.Symbol("g", positive=True)
    entropy = -(g * sympy.log(g) + (1 - g) * sympy.log(1 - g)) / sympy.log(2)
    require(sympy.simplify(sympy.diff(entropy, g, 2) + 1 / (g * (1 - g) * sympy.log(2))) == 0, "H2 is not concave")
    require(sympy.simplify(entropy.subs(g, sympy.Rational(1, 2))) == 1, "H2(1/2) is not 1")
    for gamma, eps in product((0.5, 0.2), (1e-30, 1e-100, 1e-300)):
        n = sslth_width_simplified(gamma, 5, 2, eps, 1)
        require(
            n >= sslth_width(gamma, [5, 5, 5], eps, 1).n[0],
            f"n = {n} at gamma = {gamma}, eps = {eps} is below the solution",
        )
        with precision(100):
            closed = 2 * ((100 / arb(eps)).log() / arb(2).log()) ** 2 / _entropy(arb(gamma))
            require(0 <= arb(n) - closed < 1, f"n = {n}, not {closed}, at gamma = {gamma}, eps = {eps}")
    return "c (log k + L)^2 = c (log(k)^2 + 2 log(k) L) + c L^2; H2(x) >= 2 x"


@lemma(
    "Theorem 4, norm of a basis",
    means="exact",
    scope="translations of Z_n, n <= 7, any subset of them; the trivial basis on 60 arguments",
    bounds=("sslth_equivariant_width",),
    cites=("natale2024sparsity", "ferbach2023equivariant"),
)
def equivariant() -> str:
    """For a basis of s translations norm(B), the largest norm of a combination with coefficients in [-1, 1], is s: the triangle
    inequality, attained at the vector of ones by coefficients 1. With abs(B) = norm(B) = 1 Theorem 4 is Theorem 3 with equal widths.
    """
    cases = 0
    for n in range(1, 8):
        for mask in product((0, 1), repeat=n):
            taps = [i for i in range(n) if mask[i]]
            image = [sum(1 for s in taps if 0 <= (i - s) % n < n) for i in range(n)]
            require(image == [len(taps)] * n, f"the combination maps ones to {image}")
            cases += 1
    for gamma, d, depth, eps in product((0.5, 0.1, 1e-3), (1, 5, 30, 200), (1, 3, 10), (0.1, 1e-6)):
        trivial = sslth_equivariant_width(gamma, d, depth, eps, 8)
        dense = sslth_width(gamma, [d] * (depth + 1), eps, 8).n[0]
        require(trivial == dense, f"{trivial}, but Theorem 3 has {dense}")
        nine = sslth_equivariant_width(gamma, d, depth, eps, 8, basis=9, basis_norm=9.0)
        require(
            nine == sslth_equivariant_width(gamma, d, 9 * depth, eps, 8), "a basis of 9 is not nine times the tolerance"
        )
    return f"{cases} sets of translations; the trivial basis gives the dense width"
