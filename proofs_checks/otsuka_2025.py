"""Otsuka et al. 2025: attention. Softmax averages under perturbed scores, merged matrices, and the constants of Theorem 3.

A head of the target is softmax(x A X^T) X B with A = W_Q W_K^T / sqrt(d_K) and B = W_V W_O. Lemma 8 rests on two facts that hold for
any number of tokens: a perturbation by at most e changes the odds of any set of tokens by a factor of at most exp(2e), and the average
moves by at most the total variation times the distance of two tokens. They give more than the lemma, and settle which root it needs: none.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import sympy
from flint import arb, fmpq

from proofs_checks.lemma import claimed, lemma, require
from proofs_checks.tools.balls import precision
from slth.bounds.networks.attention import (
    linear_gadget_n,
    linear_gadget_n_explicit,
    mha_block_dims,
    mha_dims,
    mha_dims_explicit,
    mha_error,
    softmax_error,
    softmax_error_linear,
    softmax_error_sharp,
)
from slth.bounds.subset_sums.reach import rss_n_reach

_CITES = ("otsuka2025attention",)
_SOFTMAX = ("softmax_error", "softmax_error_linear", "softmax_error_sharp")


@lemma(
    "Lemma 8, step 1: the weight of one token",
    means="symbolic",
    scope="all scores, all perturbations, any number of tokens",
    bounds=_SOFTMAX,
    cites=_CITES,
)
def one_token() -> str:
    """If every score changes by at most e, every softmax weight p becomes q with exp(-2e) p <= q <= exp(2e) p, for any number of tokens.

    With u = exp(change of the token's score) and m the weighted mean of the same over the other tokens, q = p u / (p u + (1 - p) m),
    where u and m lie in [1/a, a], a = exp(e): of any number of tokens, three numbers remain. The claims a^2 (p u + (1 - p) m) >= u and
    u a^2 >= p u + (1 - p) m are affine in each of p, u, m: the corners decide.
    """
    a = 1 + sympy.symbols("g", nonnegative=True)
    corners = 0
    for p, u, m in product((0, 1), (1 / a, a), (1 / a, a)):
        mean = p * u + (1 - p) * m
        for slack in (a**2 * mean - u, a**2 * u - mean):
            numerator, denominator = sympy.fraction(sympy.together(slack))
            # polynomials in g >= 0 with coefficients >= 0
            for part in (numerator, denominator):
                coefficients = sympy.Poly(sympy.expand(part), *a.free_symbols).coeffs()
                require(all(c >= 0 for c in coefficients), f"slack {slack} at p = {p}, u = {u}, m = {m}")
            corners += 1
    return f"both slacks are >= 0 at all {corners // 2} corners of a multi-affine claim"


@lemma(
    "Lemma 8, step 2: total variation",
    means="symbolic",
    scope="all scores, all perturbations, any number of tokens",
    bounds=("softmax_error_sharp",),
    cites=_CITES,
)
def total_variation() -> str:
    """If every score changes by at most e, the probability of any set of tokens changes by at most tanh(e/2), and two tokens attain it.

    The odds of a set of weight P change by a factor of at most a^2, a = exp(e) (ratio of two means of numbers in [1/a, a]), so that its new
    weight is at most P a^2 / (P a^2 + 1 - P). The slack of tanh(e/2) = (a - 1) / (a + 1) is a square over positive numbers.
    """
    a, p = sympy.symbols("a p", positive=True)
    slack = (a - 1) / (a + 1) - (p * a**2 / (p * a**2 + 1 - p) - p)
    claimed_form = (a - 1) * (p * (a + 1) - 1) ** 2 / ((a + 1) * (p * a**2 + 1 - p))
    require(sympy.simplify(slack - claimed_form) == 0, f"slack {sympy.factor(slack)}")
    e = sympy.symbols("e", positive=True)
    form = ((a - 1) / (a + 1)).subs(a, sympy.exp(e)) - sympy.tanh(e / 2).rewrite(sympy.exp)
    require(sympy.simplify(form) == 0, "(exp(e) - 1) / (exp(e) + 1) is not tanh(e/2)")
    return "tanh(e/2) - change = (a - 1) (P (a + 1) - 1)^2 / ((a + 1) (P a^2 + 1 - P)) >= 0 for 0 <= P <= 1, zero at P = 1 / (1 + a)"


@lemma(
    "Lemma 8 and its sharp form",
    means="symbolic",
    scope="all e >= 0, alpha > 0, d1 >= 1",
    bounds=_SOFTMAX,
    cites=_CITES,
)
def lemma_8() -> str:
    """With tokens of norm at most alpha, changing every score by at most e moves the softmax average by at most 2 alpha tanh(e/2).

    This is at most alpha (exp(2e) - 1), so that Lemma 8 holds with the factor sqrt(d1), with d1 and with none. (q - p) X is the total
    variation times the difference of two averages of tokens, at most 2 alpha apart.
    """
    y = sympy.symbols("y", positive=True)  # exp(e) - 1
    slack = (1 + y) ** 2 - 1 - 2 * y / (y + 2)
    numerator = sympy.Poly(sympy.expand(sympy.fraction(sympy.together(slack))[0]), y)
    require(all(c >= 0 for c in numerator.coeffs()), f"slack {numerator}")
    require(sympy.simplify(slack - y * (y**2 + 4 * y + 2) / (y + 2)) == 0, f"slack {sympy.factor(slack)}")
    for size, alpha, e in product((1, 5, 64), (0.5, 8.0), (0.0, 1e-9, 0.1, 0.5, 3.0, 30.0)):
        sharp, printed = softmax_error_sharp(alpha, e), softmax_error(size, alpha, e)
        require(sharp <= printed, f"sharp {sharp} > printed {printed} at d1 = {size}, alpha = {alpha}, e = {e}")
        require(sharp <= alpha * e * (1 + 1e-15), f"2 alpha tanh(e/2) = {sharp} > alpha e at e = {e}")
    return "exp(2e) - 1 - 2 tanh(e/2) = y (y^2 + 4 y + 2) / (y + 2) >= 0, y = exp(e) - 1; no root of d1 is needed"


@lemma(
    "Lemma 8, hunt",
    means="search",
    scope="4,000 heads of 2 to 4,096 tokens of dimension 1 to 8, perturbations at the extremes; tokens and scores of several kinds",
    bounds=_SOFTMAX,
    cites=_CITES,
    control=0.99,
)
def hunt_for_perturbations(factor: float = 1.0) -> str:
    """The distance between softmax(x) X and softmax(x + e) X never exceeds softmax_error_sharp(alpha, e_max), and comes close to it."""
    rng = np.random.default_rng(20251104)
    closest = 0.0
    for trial in range(4000):
        tokens, size, e = (
            int(2 ** rng.uniform(1, 12)) if trial % 8 == 0 else int(rng.integers(2, 9)),
            int(rng.integers(1, 9)),
            float(rng.choice([1e-3, 0.1, 0.5, 2.0])),
        )
        X = rng.standard_normal((tokens, size))
        X /= np.linalg.norm(X, axis=1, keepdims=True)
        scores = rng.standard_normal(tokens) * rng.choice([0.0, 1.0, 4.0])
        direction = rng.standard_normal(size)
        if trial % 4 == 1:  # opposite tokens whose weights balance: the extremal case, blurred
            X = np.sign(X @ direction)[:, None] * direction / np.linalg.norm(direction)
            side = X @ direction > 0
            if 0 < side.sum() < tokens:
                scores = np.where(side, -e / 2 - np.log(side.sum()), e / 2 - np.log((~side).sum()))
                scores += rng.normal(0, 0.01, tokens)
        change = e * np.sign(X @ direction)
        p, q = _softmax(scores), _softmax(scores + change)
        moved, bound = float(np.linalg.norm((q - p) @ X)), factor * softmax_error_sharp(1.0, e)
        require(
            moved <= bound * (1 + 1e-9), f"moved {moved:.6g} > {bound:.6g}: {tokens} tokens, dimension {size}, e = {e}"
        )
        closest = max(closest, moved / bound)
    return f"no violation; the largest share of the bound attained is {closest:.4f}"


@lemma(
    "Lemma 5",
    means="rigorous",
    scope="all e in [0, 1/2]",
    bounds=("softmax_error_linear",),
    cites=_CITES,
    control=3.4,
)
def lemma_5(slope: float = 4.0) -> str:
    """exp(2e) - 1 <= 4e for 0 <= e <= 1/2, so that Lemma 8 is at most 4 sqrt(d1) alpha e.

    exp(2e) - 1 is convex and vanishes at 0, hence below the chord to e = 1/2, of slope 2 (exp(1) - 1).
    """
    with precision(128):
        chord = 2 * (arb(1).exp() - 1)
        require(chord <= arb(slope), f"the chord has slope {float(chord):.6f} > {slope}")
    for e in (1e-12, 0.1, 0.25, 0.5):
        at_most, linear = softmax_error(9, 2.0, e), softmax_error_linear(9, 2.0, e)
        require(at_most <= linear, f"{at_most} > {linear} at e = {e}")
    return f"slope of the chord {float(chord):.6f} <= {slope}"


@lemma(
    "construction, merged matrices",
    means="symbolic",
    scope="matrices of all sizes",
    bounds=("mha_dims", "mha_error"),
    cites=_CITES,
)
def merged_matrices() -> str:
    """(x W_Q)(X W_K)^T = x (W_Q W_K^T) X^T and (s X W_V) W_O = s X (W_V W_O): a head depends on its four matrices by two products.

    Random queries and keys of U[-n^(1/4), n^(1/4)] over sqrt(n), the source's own scaling, are products of two U[-1, 1].
    """
    d1, d2, hidden, length, n = sympy.symbols("d1 d2 k T n", integer=True, positive=True)
    x, X, s = sympy.MatrixSymbol("x", 1, d1), sympy.MatrixSymbol("X", length, d1), sympy.MatrixSymbol("s", 1, length)
    query, key = sympy.MatrixSymbol("Q", d1, hidden), sympy.MatrixSymbol("K", d1, hidden)
    value, output = sympy.MatrixSymbol("V", d1, hidden), sympy.MatrixSymbol("O", hidden, d2)
    scores = ((x * query) * (X * key).T).doit()
    require(scores == (x * (query * key.T) * X.T).doit(), f"scores are {scores}")
    outputs = (((s * X) * value) * output).doit()
    require(outputs == ((s * X) * (value * output)).doit(), f"outputs are {outputs}")
    u, v = sympy.symbols("u v", real=True)
    quarter = sympy.Rational(1, 4)
    require(sympy.simplify((n**quarter * u) * (n**quarter * v) / sympy.sqrt(n) - u * v) == 0, "the scaling is off")
    return "both identities hold for matrices of symbolic size; n^(1/4) n^(1/4) / sqrt(n) = 1"


@lemma(
    "Lemmas 4 and 7, construction",
    means="exact",
    scope="d1 = 2, d2 = 2, n = 6 integers: all 2^6 masks of the rows that serve a column, three draws",
    bounds=("linear_gadget_n", "mha_dims"),
    cites=_CITES,
)
def linear_gadget() -> str:
    """If row k of W1 keeps only its entry in column j(k), entry (i, j) of (W2 * M2)(W1 * M1) is the subset sum over k with j(k) = j of
    w2_ik w1_kj with mask m2_ik: entries are separate subset-sum problems, on n / d1 products each, and no layer stands in between.
    """
    rng, compared = np.random.default_rng(4), 0
    for _ in range(3):
        first, second = rng.integers(-9, 10, (6, 2)), rng.integers(-9, 10, (2, 6))
        block = np.repeat([0, 1], 3)
        keep_first = block[:, None] == np.arange(2)
        results = set()
        for bits in product((0, 1), repeat=6):
            masks = np.array([bits, bits[::-1]])
            matrix = (second * masks) @ (first * keep_first)
            for i, j in product(range(2), repeat=2):
                terms = [masks[i, k] * second[i, k] * first[k, j] for k in range(6) if block[k] == j]
                require(matrix[i, j] == sum(terms), f"entry {i}, {j} is {matrix[i, j]}, not {sum(terms)}")
                compared += 1
            results.add(tuple(matrix[0]))
        # the blocks are separate: all pairs of subset sums are reached
        sums = [
            {
                sum(b * int(second[0, k] * first[k, j]) for b, k in zip(chosen, range(3 * j, 3 * j + 3), strict=True))
                for chosen in product((0, 1), repeat=3)
            }
            for j in range(2)
        ]
        require(results == set(product(*sums)), "masks of one row do not reach all pairs of subset sums")
    return f"{compared} entries equal; every pair of subset sums of a row is reached"


@lemma(
    "Lemmas 4 and 7, accounting",
    means="exact",
    scope="d1, d2 in {1, 3, 64, 768}, eps in {0.5, 0.01, 1e-30}, C in {1, 7}, enclosed in balls",
    bounds=("linear_gadget_n",),
    cites=(*_CITES, "lueker1998exponentially"),
)
def gadget_accounting() -> str:
    """n >= d1 C ln(d1 d2 / eps) rows leave n / d1 >= C ln(1/t) samples, rounded down, for each of d1 d2 entries, t = eps / (d1 d2): if so
    many give error and failure probability t, all entries are within t but for a probability d1 d2 t = eps.
    """
    with precision(256):
        for d1, d2, eps, C in product((1, 3, 64, 768), (1, 3, 64, 768), (0.5, 0.01, 1e-30), (1, 7)):
            rows = linear_gadget_n(d1, d2, eps, C)
            t = arb(eps) / (d1 * d2)
            needed = -d1 * C * t.log()
            require(arb(rows) >= needed, f"{rows} rows < {float(needed)} at d1 = {d1}, d2 = {d2}, eps = {eps}")
            require(arb(rows - 1) < needed, f"{rows} rows are not the fewest at d1 = {d1}, d2 = {d2}, eps = {eps}")
    return "96 sizes: the function returns the fewest rows with n / d1 >= C ln(1/t)"


@lemma(
    "Theorem 3, chain of errors",
    means="symbolic",
    scope="all d1, d2, H >= 1, alpha >= max(sqrt(d1), sqrt(d2)), 0 < eps < 1",
    bounds=("mha_dims", "mha_error"),
    cites=_CITES,
    control=(4, 2),
)
def theorem_3(constants: tuple[int, int] = (8, 2)) -> str:
    """With t_K = eps / (8 H alpha^3 d1^(3/2)) and t_V = eps / (2 H alpha d1 sqrt(d2)) as errors of the entries, attention is within
    eps/2 + eps / (2 sqrt(d1)) <= eps, and the failure probabilities H (d1^2 t_K + d1 d2 t_V) add up to at most 5 eps / 8.

    Scores change by at most alpha^2 d1 t_K = eps / (8 H alpha sqrt(d1)) <= 1/8 (norms of matrices are at most the side times the largest
    entry), Lemma 5 makes 4 sqrt(d1) alpha times that of it, the value side adds alpha sqrt(d1 d2) t_V; the difference of heads is
    (s - s~) X B + s~ X (B - B~) with norm of B at most 1, and H heads add up.
    """
    d1, d2, H, alpha, eps = sympy.symbols("d1 d2 H alpha eps", positive=True)
    for_key, for_value = constants
    t_key, t_value = (
        eps / (for_key * H * alpha**3 * d1 ** sympy.Rational(3, 2)),
        eps / (for_value * H * alpha * d1 * sympy.sqrt(d2)),
    )
    scores = alpha**2 * d1 * t_key
    require(sympy.simplify(scores - eps / (for_key * H * alpha * sympy.sqrt(d1))) == 0, f"scores change by {scores}")
    error = H * (4 * sympy.sqrt(d1) * alpha * scores + alpha * sympy.sqrt(d1 * d2) * t_value)
    share = sympy.simplify(error / eps)  # 4/8 + 1 / (2 sqrt(d1)): decreasing in d1
    require(share.free_symbols <= {d1} and sympy.diff(share, d1).is_negative, f"the error is {share} eps")
    require(share.subs(d1, 1) <= 1, f"the error is {share.subs(d1, 1)} eps at d1 = 1")
    failure = sympy.simplify(H * (d1**2 * t_key + d1 * d2 * t_value) / eps)
    # sqrt(d1) <= alpha and sqrt(d2) <= alpha turn it into 1 / (8 alpha^2) + 1/2, and alpha >= 1
    parts = sympy.sqrt(d1) / (for_key * alpha**3) + sympy.sqrt(d2) / (for_value * alpha)
    require(sympy.simplify(failure - parts) == 0, f"the failure probability is {failure} eps")
    total = sympy.Rational(1, for_key) + sympy.Rational(1, for_value)
    require(total <= 1, f"the failure probability is up to {total} eps")
    return f"error / eps = {share}, at most {share.subs(d1, 1)}; failure / eps = {parts}, at most {total}"


@lemma(
    "Theorem 3, the functions",
    means="exact",
    scope="d1, d2 in {1, 16, 768}, H in {1, 12}, eps in {0.9, 1e-6}, C = 2.5; alpha at its minimum and ten times that; enclosed in balls",
    bounds=("mha_dims", "mha_error"),
    cites=_CITES,
)
def theorem_3_functions() -> str:
    """mha_dims are the least dimensions that the theorem allows; and at the entry errors exp(-n / (d1 C)) that belong to them, mha_error,
    which is H (2 alpha tanh(alpha^2 d1 t_K / 2) + alpha sqrt(d1 d2) t_V), is at most 5 eps / 8."""
    worst, shapes = 0.0, 0
    for d1, d2, H, eps, wide in product((1, 16, 768), (1, 16, 768), (1, 12), (0.9, 1e-6), (1, 10)):
        alpha = wide * float(np.sqrt(max(d1, d2)))
        dims = mha_dims(d1, d2, H, alpha, eps, 2.5)
        with precision(256):
            for n, reach in (
                (dims.key, 8 * H * arb(alpha) ** 3 * arb(d1) ** 1.5),
                (dims.value, 2 * H * arb(alpha) * d1 * arb(d2).sqrt()),
            ):
                needed = d1 * arb(2.5) * (reach / arb(eps)).log()
                require(arb(n) >= needed > arb(n - 1), f"n = {n}, but the statement asks for {float(needed)}")
            # rounded up to float64: upper bounds of the entry errors
            t_key, t_value = (
                float((-arb(n) / (d1 * arb(2.5))).exp().upper()) * (1 + 1e-12) for n in (dims.key, dims.value)
            )
            printed = arb(H) * (
                4 * arb(d1).sqrt() * arb(alpha) ** 3 * d1 * arb(t_key) + arb(alpha) * arb(d1 * d2).sqrt() * arb(t_value)
            )
            require(
                printed <= arb(eps) * (1 + arb(10) ** -10),
                f"the printed chain gives {float(printed):.6g} > eps = {eps}",
            )
            scores = arb(alpha) ** 2 * d1 * arb(t_key)
            sharp = H * arb(alpha) * (2 * (scores / 2).tanh() + arb(d1 * d2).sqrt() * arb(t_value))
            found = mha_error(d1, d2, H, alpha, t_key, t_value)
            require(abs(found / sharp - 1) < 1e-12, f"mha_error is {found}, not {float(sharp):.6g}")
        share = found / eps
        require(share <= 0.6250001, f"mha_error is {share:.6f} eps at d1 = {d1}, d2 = {d2}, H = {H}, alpha = {alpha}")
        worst, shapes = max(worst, share), shapes + 1
    return f"{shapes} shapes; printed chain <= eps, mha_error at most {worst:.3f} eps"


@lemma(
    "Theorem 11, chain of errors",
    means="symbolic",
    scope="all d1, H, L >= 1, alpha >= sqrt(d1), 0 < eps < 1; FC(MHA(X)) and FC(X + MHA(X)), layers of width d1 without biases",
    bounds=("mha_block_dims",),
    cites=_CITES,
)
def theorem_11() -> str:
    """With t = eps / (32 H alpha^3 d1^(3/2)) attention is within 5 eps / 32; if every fully connected layer is then within
    t' = eps / (24 alpha L H d1^(5/2)) in each entry, the block is within 0.26 eps, and 2 H d1^2 t + L d1^2 t' <= 5 eps / 48.

    Layers of norm at most 1 become ones of norm at most 1 + d1 t', L d1 t' <= eps / (24 alpha H) <= 1/24 =: g; so errors grow by at most
    exp(g), and inputs of norm at most 2 H alpha make at most (exp(L d1 t') - 1) 2 H alpha <= 2 H alpha L d1 t' exp(g) more; activations
    are 1-Lipschitz and 0 at 0.
    """
    d1, H, L, alpha, eps = sympy.symbols("d1 H L alpha eps", positive=True)
    t, fully = (
        eps / (32 * H * alpha**3 * d1 ** sympy.Rational(3, 2)),
        eps / (24 * alpha * L * H * d1 ** sympy.Rational(5, 2)),
    )
    attention = sympy.simplify(H * (4 * sympy.sqrt(d1) * alpha**3 * d1 * t + alpha * d1 * t) / eps)
    parts = sympy.Rational(1, 8) + 1 / (32 * alpha**2 * sympy.sqrt(d1))
    require(sympy.simplify(attention - parts) == 0, f"attention is within {attention} eps")
    growth = sympy.simplify(L * d1 * fully / eps)
    require(
        sympy.simplify(growth - 1 / (24 * alpha * H * d1 ** sympy.Rational(3, 2))) == 0, f"norms grow by {growth} eps"
    )
    more = sympy.simplify(2 * H * alpha * growth)
    require(sympy.simplify(more - d1 ** sympy.Rational(-3, 2) / 12) == 0, f"the layers add {more} eps")
    # d1, alpha, H >= 1 and eps <= 1 make attention 5/32, growth 1/24 and more 1/12 at most
    with precision(128):
        total = (arb(fmpq(5, 32)) + arb(fmpq(1, 12))) * arb(fmpq(1, 24)).exp()
        require(total <= arb(fmpq(26, 100)), f"the block is within {float(total)} eps")
    failure = sympy.simplify((2 * H * d1**2 * t + L * d1**2 * fully) / eps)
    parts = sympy.sqrt(d1) / (16 * alpha**3) + 1 / (24 * alpha * H * sympy.sqrt(d1))
    require(sympy.simplify(failure - parts) == 0, f"the failure probability is {failure} eps")
    require(sympy.Rational(1, 16) + sympy.Rational(1, 24) == sympy.Rational(5, 48), "its parts at their largest")
    with precision(256):
        for width, heads, layers, eps_, wide in product((1, 64), (1, 8), (1, 3), (0.5, 1e-4), (1, 3)):
            norm = wide * float(np.sqrt(width))
            dims = mha_block_dims(width, heads, layers, norm, eps_, 1.5)
            for n, reach in (
                (dims.attention, 32 * heads * arb(norm) ** 3 * arb(width) ** 1.5),
                (dims.feedforward, 24 * layers * heads * arb(norm) * arb(width) ** 2.5),
            ):
                needed = width * arb(1.5) * (reach / arb(eps_)).log()
                require(arb(n) >= needed > arb(n - 1), f"n = {n}, but the statement asks for {float(needed)}")
    return f"attention at most 5/32 eps, layers at most 1/12 eps, together at most {float(total):.4f} eps; 32 dimensions as stated"


@lemma(
    "explicit version of Lemmas 4 and 7, law of a product",
    means="symbolic",
    scope="all 0 < abs(x) <= 1",
    bounds=("linear_gadget_n_explicit", "mha_dims_explicit"),
    cites=("slth", "pensia2020optimal"),
)
def density_of_a_product() -> str:
    """The product of two independent U[-1, 1] has the density -ln(abs(x)) / 2 at 0 < abs(x) <= 1, at least 1/2 on [-1/e, 1/e].

    Given u, u v is uniform on [-abs(u), abs(u)] with density 1 / (2 abs(u)), and abs(u) is uniform on [0, 1].
    """
    u, x = sympy.symbols("u x", positive=True)
    density = sympy.integrate(1 / (2 * u), (u, x, 1))
    require(sympy.simplify(density + sympy.log(x) / 2) == 0, f"density {density}")
    require(sympy.simplify(sympy.diff(density, x) + 1 / (2 * x)) == 0, "the density does not decrease")
    at_end = sympy.simplify(density.subs(x, sympy.exp(-1)))
    require(at_end == sympy.Rational(1, 2), f"at 1/e the density is {at_end}")
    require(sympy.integrate(2 * density, (x, 0, 1)) == 1, "the density has another mass than 1")
    return "density -ln(x)/2, decreasing, of mass 1, 1/2 at x = 1/e"


@lemma(
    "explicit version of Theorem 3",
    means="exact",
    scope="d1, d2 in {1, 5, 64}, H in {1, 8}, err and eps in {0.5, 1e-3, 1e-9}, delta in {0.5, 1e-6}, alpha = sqrt(64)",
    bounds=("linear_gadget_n_explicit", "mha_dims_explicit", "mha_error"),
    cites=("slth", "otsuka2025attention", "dacunha2023revisiting"),
)
def explicit_dims() -> str:
    """n / d1 products serve each of d1 d2 entries but for probability delta / (d1 d2); and at the entry errors that mha_dims_explicit aims
    at, mha_error is at most eps, while the 2 H matrices of H heads fail with probability at most 2 H delta / (2 H) = delta.
    """
    cases, largest, slack = 0, 0.0, 1 + 1e-9

    def least(err: float, delta: float) -> int:
        return int(rss_n_reach(min(err, 1 / np.e), delta, 1.0, 0.5 / np.e, 0.5))

    for d1, d2, err, delta in product((1, 5, 64), (1, 5, 64), (0.5, 1e-3, 1e-9), (0.5, 1e-6)):
        rows = linear_gadget_n_explicit(d1, d2, err, delta)
        require(
            rows == d1 * least(err, delta / (d1 * d2)),
            f"{rows} rows at d1 = {d1}, d2 = {d2}, err = {err}, delta = {delta}",
        )
        for H in (1, 8):
            dims, alpha, eps = mha_dims_explicit(d1, d2, H, 8.0, err, delta), 8.0, err
            t_key, t_value = eps / (2 * H * alpha**3 * d1), eps / (2 * H * alpha * (d1 * d2) ** 0.5)
            total = mha_error(d1, d2, H, alpha, t_key, t_value)
            require(total <= eps * slack, f"mha_error {total} exceeds eps = {eps}")
            # the share of each matrix, rounded up: as many products as the functions give, or fewer
            for n, entries, t in ((dims.key, d1 * d1, t_key), (dims.value, d1 * d2, t_value)):
                failure = delta / (2 * H * entries)
                require(n >= d1 * least(t * slack, failure * slack), f"n = {n} for {entries} entries")
                require(n <= d1 * least(t / slack, failure / slack), f"n = {n}, more than {entries} entries need")
            cases, largest = cases + 1, max(largest, total / eps)
    return f"{cases} shapes; mha_error at most {largest:.4f} eps"


def _softmax(scores: np.ndarray) -> np.ndarray:
    weights = np.exp(scores - scores.max())
    return np.asarray(weights / weights.sum())


claimed(
    "existence",
    "Theorems 3 and 11, Lemmas 4 and 7",
    "C ln(1/t) products of two independent U[-1, 1] approximate every number of [-1, 1] within t by subset sums, but for probability t.",
    why="Lueker's constant is existential; the density of the products and an explicit count are checked in other modules",
    bounds=("linear_gadget_n", "mha_dims", "mha_block_dims"),
    cites=(*_CITES, "lueker1998exponentially", "pensia2020optimal"),
)
