"""Pensia, Rajput, Nagle, Vishwakarma, Papailiopoulos, "Optimal lottery tickets via SubsetSum" (NeurIPS 2020).

Theorem 1: link, neuron, layer, network, each exact on small networks with fractions for weights; then how errors add up. Theorem 2, the
lower bound, is in `pensia_2020_lower.py`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction
from functools import cache
from itertools import combinations, pairwise, product
from random import Random

import numpy as np
import sympy
from flint import arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from proofs_checks.lemma import claimed, lemma, require
from proofs_checks.tools.balls import precision
from proofs_checks.tools.chance import probability_at_most
from proofs_checks.tools.pieces import Matrix, Piece, apply, prune
from slth.bounds.networks.dense import pensia_error_explicit, pensia_width, pensia_width_explicit
from slth.bounds.networks.propagation import entry_tolerance, layer_tolerance, lipschitz_error, propagated_error

_WIDTH = ("pensia_width", "pensia_width_explicit")
_ERROR = ("propagated_error", "layer_tolerance")
_ENTRY = ("entry_tolerance",)
_CITES = ("pensia2020optimal",)


@lemma("link", means="symbolic", scope="all real w, x", bounds=_WIDTH, cites=_CITES)
def link() -> str:
    """w x = relu(w x) - relu(-w x), and also w x = w relu(x) - w relu(-x): both signs of the input have a half of their own."""
    w = sympy.Symbol("w", real=True)
    for x in (sympy.Symbol("x", positive=True), sympy.Symbol("x", negative=True), sympy.Integer(0)):
        gap = w * sympy.Max(x, 0) - w * sympy.Max(-x, 0) - w * x
        require(sympy.simplify(gap) == 0, f"w relu(x) - w relu(-x) - w x = {gap}")
    for y in (sympy.Symbol("y", positive=True), sympy.Symbol("y", negative=True), sympy.Integer(0)):  # y = w x
        gap = sympy.Max(y, 0) - sympy.Max(-y, 0) - y
        require(sympy.simplify(gap) == 0, f"relu(y) - relu(-y) - y = {gap}")
    return "zero for positive, negative and zero inputs"


@lemma("product distribution", means="symbolic", scope="all z", bounds=_WIDTH, cites=_CITES)
def product_distribution() -> str:
    """For u and v from U[-1, 1] let X = u v if u > 0, else 0. X is 0 with probability 1/2 and has the density ln(1 / abs(z)) / 4 on
    [-1, 1]; it contains U[-1/2, 1/2] with weight ln(2) / 4, and no more. On abs(z) <= 1/e the density is at least 1/4.

    Given u = t > 0, which has the density 1/2, X is uniform on [-t, t]. The density falls with abs(z), so that it is least at the end.
    """
    z, t = sympy.symbols("z t", positive=True)
    density = sympy.integrate(sympy.Rational(1, 2) / (2 * t), (t, z, 1))
    require(sympy.simplify(density + sympy.log(z) / 4) == 0, f"density {density}")
    mass = 2 * sympy.integrate(density, (z, 0, 1))
    require(sympy.simplify(mass) == sympy.Rational(1, 2), f"the density has the mass {mass}")
    require(sympy.simplify(sympy.diff(density, z) + 1 / (4 * z)) == 0, "the density does not fall")
    for end, least in ((sympy.Rational(1, 2), sympy.log(2) / 4), (1 / sympy.E, sympy.Rational(1, 4))):
        at_end = sympy.simplify(sympy.expand_log(density.subs(z, end), force=True))
        require(sympy.simplify(at_end - least) == 0, f"density {at_end} at {end}")
    return "mass 1/2; density ln(2) / 4 = 0.1733 at 1/2, 1/4 at 1/e, falling"


def _random_matrix(rng: Random, rows: int, columns: int) -> Matrix:
    return [[Fraction(rng.randint(-40, 40), 40 * columns) for _ in range(columns)] for _ in range(rows)]


def _points(rng: Random, size: int) -> list[list[Fraction]]:
    """The origin, unit vectors of both signs, and random points of the unit ball."""
    units = [[Fraction(int(i == j)) * sign for j in range(size)] for i in range(size) for sign in (1, -1)]
    inside = [[Fraction(rng.randint(-20, 20), 20 * size) for _ in range(size)] for _ in range(20)]
    return [[Fraction(0)] * size, *units, *inside]


def _product(numbers: Iterable[Fraction]) -> Fraction:
    result = Fraction(1)
    for number in numbers:
        result *= number
    return result


def _check_piece(rng: Random, d_in: int, d_out: int, n: int) -> tuple[Piece, Fraction]:
    """Prune a random piece to a random matrix and compare its output with w x, entry error by entry error."""
    target = _random_matrix(rng, d_out, d_in)
    piece = prune(rng, target, n)
    worst = max(max(abs(e) for e in row) for row in piece.errors_positive + piece.errors_negative)
    for x in _points(rng, d_in):
        wanted = [sum((w * y for w, y in zip(row, x, strict=True)), Fraction()) for row in target]
        for i, (got, want) in enumerate(zip(piece(x), wanted, strict=True)):
            by_entries = sum(
                (piece.errors_positive[i][j] if x[j] > 0 else piece.errors_negative[i][j]) * x[j] for j in range(d_in)
            )
            require(got - want == by_entries, f"output {i} at {x}: off by {got - want}, the entries say {by_entries}")
            require(abs(got - want) <= worst * sum(map(abs, x)), f"output {i} at {x}: off by {float(got - want):.3g}")
    return piece, worst


@lemma(
    "construction, steps 1 to 3",
    means="exact",
    scope="10 random pieces for each of 1 x 1, 1 x 3, 3 x 2 and 2 x 4 weights; fractions throughout, full forward passes",
    bounds=_WIDTH,
    cites=_CITES,
)
def layer() -> str:
    """A random two-layer piece V relu(U x), U with 2 d_in n rows, is pruned to V relu(U x) = (W + E) x, where E depends on the signs of x
    alone and its entries are the errors of 2 d_in d_out subset-sum problems with n candidates each: in block (j, +) only U[h, j] > 0 is
    kept, in block (j, -) only U[h, j] < 0, and V[i, h] for the subset that fits W[i, j]. One input gives a link, one output a neuron.
    """
    rng = Random(2020)
    reports = []
    for d_in, d_out, n in ((1, 1, 8), (3, 1, 7), (2, 3, 7), (4, 2, 6)):
        worst = Fraction(0)
        for _ in range(10):
            piece, error = _check_piece(rng, d_in, d_out, n)
            worst = max(worst, error)
            kept = [[bool(entry) for entry in row] for row in piece.first]
            require(all(sum(row) <= 1 for row in kept), "a hidden neuron keeps two inputs")
            for h, row in enumerate(kept):
                require(not any(row) or row.index(True) == h // (2 * n), f"hidden neuron {h} is not in its block")
        reports.append(f"{d_out} x {d_in}: {float(worst):.3f}")
    return f"outputs equal to the last digit; largest entry errors {', '.join(reports)}"


@lemma(
    "construction, step 4",
    means="exact",
    scope="10 networks each of widths 2-2-1, 1-3-2 and 2-2-2-1, each layer within its tolerance; 25 inputs each",
    bounds=_WIDTH + _ERROR,
    cites=_CITES,
)
def network() -> str:
    """Pieces in a row, with a ReLU after each but the last, are a network of twice the depth whose error is at most the product of the
    (norm + tolerance) minus the product of the norms, for any norms and the matching tolerances of the layers.

    Norms here are those of l1, in which everything is exact: the norm of a matrix is its largest column sum, and a piece whose error
    matrix has column sums of at most t is within t abs(x).
    """
    rng = Random(5)
    closest = Fraction(0)
    for widths in ((2, 2, 1), (1, 3, 2), (2, 2, 2, 1)):
        for _ in range(10):
            targets = [_random_matrix(rng, d_out, d_in) for d_in, d_out in pairwise(widths)]
            pieces = [prune(rng, target, 6) for target in targets]
            norms = [max(sum((abs(row[j]) for row in w), Fraction()) for j in range(len(w[0]))) for w in targets]
            tolerances: list[Fraction] = []
            for piece in pieces:
                columns = range(len(piece.errors_positive[0]))
                both = list(zip(piece.errors_positive, piece.errors_negative, strict=True))
                tolerances.append(max(sum((max(abs(p[j]), abs(q[j])) for p, q in both), Fraction()) for j in columns))
            bound = _product(a + t for a, t in zip(norms, tolerances, strict=True)) - _product(norms)
            code = lipschitz_error([float(a) for a in norms], [float(t) for t in tolerances])
            require(abs(code - float(bound)) <= 1e-12, f"lipschitz_error is {code}, the product {float(bound)}")
            for x in _points(rng, widths[0]):
                y = z = x
                for i, (target, piece) in enumerate(zip(targets, pieces, strict=True)):
                    y, z = apply(target, y), piece(z)
                    if i < len(pieces) - 1:
                        y, z = ([max(c, Fraction(0)) for c in v] for v in (y, z))
                error = sum(abs(a - b) for a, b in zip(y, z, strict=True))
                allowed = bound * sum(map(abs, x))
                require(error <= allowed, f"error {float(error):.4g} > {float(allowed):.4g} at {x}")
                closest = max(closest, error / allowed) if allowed else closest
    return f"30 networks; the largest error is {float(closest):.3f} of what is allowed"


@lemma(
    "sizes",
    means="exact",
    scope="masks of built networks of widths 2-2-1, 1-3-2, 5-4-3-2, and blocks from eps = delta = 0.3 and 0.01 with C = 1",
    bounds=_WIDTH,
    cites=_CITES,
)
def sizes() -> str:
    """The random network has 2 l layers; layer 2 i - 1 has 2 d_(i-1) n_i neurons, and m = sum of 2 d_(i-1) n_i (d_(i-1) + d_i)."""
    for widths, eps in product(((2, 2, 1), (1, 3, 2), (5, 4, 3, 2)), (0.3, 0.01)):
        found = pensia_width(widths, eps, eps, 1.0)
        layers = [widths[0]]
        for hidden, d_out in zip(found.hidden.tolist(), widths[1:], strict=True):
            layers += [int(hidden), d_out]
        shapes = list(pairwise(layers))
        counted = sum(np.ones(shape).size for shape in shapes)
        require(len(shapes) == 2 * (len(widths) - 1), f"{len(shapes)} layers")
        require(found.m == counted, f"m = {found.m}, counted {counted}")
        for d_in, d_out, n in zip(widths[:-1], widths[1:], found.n.tolist(), strict=True):
            least = math.log(d_in * d_out * (len(widths) - 1) / eps)
            require(least <= n < least + 1, f"n = {n}, but C ln(...) = {least}")
    return "6 networks; parameters counted one by one"


@lemma("union bound", means="symbolic", scope="all widths and depths, layer by layer", bounds=_WIDTH, cites=_CITES)
def union_bound() -> str:
    """If each of the 2 d_(i-1) d_i subset-sum problems of each of the l layers fails with probability at most
    delta / (2 l d_(i-1) d_i), then one of all fails with probability at most delta.
    """
    d, e, delta, depth = sympy.symbols("d e delta l", positive=True)
    each = sympy.simplify(2 * d * e * delta / (2 * depth * d * e))
    require(sympy.simplify(depth * each - delta) == 0, f"a layer fails with probability {each}")
    return "delta / l a layer"


@lemma(
    "explicit width",
    means="exact",
    scope="widths 784-500-10, 3-1, 1-1, eps and delta = 0.5, 0.01, 1e-6, in balls; the theorem behind: `explicit_rss`, `wider_targets`",
    control=1.01,
    bounds=("pensia_width_explicit",),
    cites=("slth", "pensia2020optimal"),
)
def explicit_width(claim: float = 1.0) -> str:
    """The n_i of pensia_width_explicit are enough for one subset-sum problem: n_i = N + m, where N candidates of density c = 1/4 on
    [-2 a, 2 a], a = 1 / (2 e), miss a target of [-r, r], r = a or 2 a, with probability at most 2 (2 r / e)^2 (1 - a c)^N <= p / 2, and
    both sums of m more, the positive and the negative ones of size at most 2 a, reach 1 - r but for
    2 e^(s (1 - r)) (1 - c (2 a - (1 - e^(-2 a s)) / s))^m <= p / 2 for some s > 0; e = eps / (2 l d_(i-1) d_i), p the same share of delta.

    All targets of the class follow at once: entries of a matrix of norm at most 1 lie in [-1, 1], and each of the problems of `union_bound`
    is solved for all of [-1, 1] together. The entries of both halves then err by at most e, so that `spectral_norm` leaves the layer,
    whatever the signs of the input, within eps / (2 l), and `propagation` the network within eps. Every number is a ball here.
    """
    blocks = []
    with precision(100):
        for widths, eps, delta in product(((784, 500, 10), (3, 1), (1, 1)), (0.5, 0.01, 1e-6), (0.5, 0.01, 1e-6)):
            for d_in, d_out, n in zip(
                widths[:-1], widths[1:], pensia_width_explicit(widths, eps, delta).n.tolist(), strict=True
            ):
                shares = 2 * (len(widths) - 1) * d_in * d_out
                need = _needed(arb(eps) / shares, arb(delta) / shares)
                at = f"widths = {widths}, eps = {eps}, delta = {delta}"
                require(n >= claim * need, f"n = {n}, but {need} are needed at {at}")
                require(n <= need + 1, f"n = {n}, {need} are enough at {at}")
                blocks.append(int(n))
    return f"{len(blocks)} blocks, from {min(blocks)} to {max(blocks)}"


@lemma(
    "explicit error",
    means="exact",
    scope="widths 784-500-10, 3-1, 1-1, delta = 0.5, 0.01, 1e-6, 5 numbers of neurons, in balls; the theorem behind: `explicit_width`",
    control=0.9,
    bounds=("pensia_error_explicit",),
    cites=("slth", "pensia2020optimal"),
)
def explicit_error(claim: float = 1.0) -> str:
    """What pensia_error_explicit promises for w_i hidden neurons an input is an eps for which the blocks of `explicit_width` have no more
    than w_i / 2 neurons: two blocks an input are there, and more neurons than needed are pruned. It is the smallest: an eps smaller by 5 %
    needs more in some layer, and where nothing is promised, eps = 1 needs as many as there are or more.
    """
    finite = 0
    with precision(100):
        for widths, delta, width in product(
            ((784, 500, 10), (3, 1), (1, 1)), (0.5, 0.01, 1e-6), (42, 1001, 2000, 2800, 4001)
        ):
            shares = [2 * (len(widths) - 1) * d_in * d_out for d_in, d_out in pairwise(widths)]

            def needed(eps: arb, shares: list[int] = shares, delta: float = delta) -> int:
                return max(_needed(eps / share, arb(delta) / share) for share in shares)

            found, at = pensia_error_explicit(widths, width, delta), f"widths = {widths}, {width}, delta = {delta}"
            if math.isinf(found):
                require(needed(arb(1)) + 1 > width // 2, f"nothing is promised at {at}")
                continue
            finite += 1
            need = needed(arb(claim * found))
            require(need <= width // 2, f"eps = {claim * found:.3g} needs {need} neurons at {at}")
            require(needed(arb(0.95 * found)) + 1 > width // 2, f"{0.95 * found:.3g} is promised as well at {at}")
    return f"{finite} of 45 promise something"


def _needed(error: arb, miss: arb) -> int:
    """Candidates of `explicit_width` with which all targets of [-1, 1] are met within `error`, but for a probability of `miss`."""
    a, c = 1 / (2 * arb(1).exp()), arb(fmpq(1, 4))
    needs = []
    for r in (a, 2 * a):
        covering = (2 * (2 * r / error) ** 2 * 2 / miss).log() / -(1 - a * c).log()
        steps = (_ceiling((s * (1 - r) + (4 / miss).log()) / -base) for s, base in _carried())
        needs.append(_ceiling(covering) + min(steps))
    return min(needs)


@cache
def _carried() -> list[tuple[arb, arb]]:
    """Some s > 0, and ln(1 - c (2 a - (1 - e^(-2 a s)) / s)) of each."""
    a, c = 1 / (2 * arb(1).exp()), arb(fmpq(1, 4))
    grid = [arb(b) / (2 * a) for b in np.geomspace(0.01, 100, 800)]
    return [(s, (1 - c * (2 * a - (1 - (-2 * a * s).exp()) / s)).log()) for s in grid]


def _ceiling(x: arb) -> int:
    """A whole number that is certainly not below."""
    whole = x.upper().ceil().unique_fmpz()
    require(whole is not None, f"{x} is too wide")
    return int(str(whole))


@lemma(
    "explicit width, simulated",
    means="statistical",
    scope="one weight at eps = delta = 0.5 and at 0.1, 200 draws each; 15 of the candidates, every target of [-1, 1]",
    false_alarm=1e-9,
    control=0.02,
    bounds=("pensia_width_explicit",),
    cites=("slth", "pensia2020optimal"),
)
def explicit_simulated(claim: float = 1.0) -> str:
    """Among the n candidates u v, counted where u > 0, of a block of pensia_width_explicit([1, 1], eps, delta) there is a subset within
    eps / 2 of every target of [-1, 1] at once, with probability at least 1 - delta / 2.

    The intervals of half-width eps / 2 about the sorted subset sums cover [-1, 1] if no gap between neighbours is wider than eps.
    """
    rng = np.random.default_rng(2020)
    reports = []
    for eps in (0.5, 0.1):
        n = max(int(claim * pensia_width_explicit([1, 1], eps, eps).n[0]), 1)  # the control takes a fiftieth of them
        failures = 0
        for _ in range(200):
            u, v = rng.uniform(-1, 1, (2, n))
            candidates = np.sort((u * v)[u > 0])
            # all of them are too many to try: the two largest of each sign carry the sums to +-1, and eleven in between fill in
            size = candidates.size
            places = np.concatenate([[0, 1], np.linspace(2, size - 3, 11), [size - 2, size - 1]]).astype(int)
            sums = np.zeros(1)
            for x in candidates[np.unique(np.clip(places, 0, size - 1))] if size else ():
                sums = np.concatenate([sums, sums + x])
            inside = np.sort(sums[np.abs(sums) <= 1 + eps / 2])
            gaps = np.diff(np.concatenate([[-1 - eps / 2], inside, [1 + eps / 2]]))
            # the first sum must be within eps / 2 of -1, the last one of 1
            failures += bool(gaps[0] > eps or gaps[-1] > eps or (gaps[1:-1] > eps).any())
        probability_at_most(eps / 2, failures, 200, 0.5e-9, f"a target is missed at eps = {eps}")
        reports.append(f"n = {n}: {failures} failures of 200")
    return "; ".join(reports)


@lemma(
    "max norm to spectral norm",
    means="symbolic",
    scope="all sizes: the identity expanded for up to 4 columns, of which 2 decide it; attained for all sizes",
    bounds=_ENTRY,
    cites=("slth", "pensia2020optimal"),
)
def spectral_norm() -> str:
    """A matrix of size p x q with entries of at most t in absolute value has spectral norm at most sqrt(p q) t, which the matrix of all t
    attains: the factor p q of the papers can be sqrt(p q).

    abs(E x)^2 = sum over i of (sum over j of E_ij x_j)^2, and by Lagrange's identity each square is (sum E_ij^2)(sum x_j^2) minus the sum
    over j < k of (E_ij x_k - E_ik x_j)^2. A monomial of that identity has no more than two column indices, so that two columns decide it.
    """
    for q in range(1, 5):
        row = sympy.symbols(f"r0:{q}", real=True)
        x = sympy.symbols(f"x0:{q}", real=True)
        square = sum(a * b for a, b in zip(row, x, strict=True)) ** 2
        rest = sum((row[j] * x[k] - row[k] * x[j]) ** 2 for j, k in combinations(range(q), 2))
        gap = sympy.expand(sum(a**2 for a in row) * sum(b**2 for b in x) - rest - square)
        require(gap == 0, f"q = {q}: off by {gap}")
    p, q, t = sympy.symbols("p q t", positive=True)
    image = p * (q * t / sympy.sqrt(q)) ** 2  # of the unit vector of equal coordinates under the matrix of all t
    require(sympy.simplify(image - p * q * t**2) == 0, f"abs(E x)^2 = {image}")
    return "Lagrange's identity for rows up to 4; the constant matrix has norm sqrt(p q) t"


@lemma(
    "max norm to spectral norm, search",
    means="search",
    scope="500 matrices up to 12 x 12 with entries in [-1, 1], hypothesis",
    bounds=_ENTRY,
    cites=("slth", "pensia2020optimal"),
)
def spectral_norm_search() -> str:
    """No matrix of size p x q with entries of at most 1 has a spectral norm above sqrt(p q), or an l-layer network of norm-one targets with
    the entry tolerances of entry_tolerance(..., frobenius=True) has layers further than eps / (2 l) off.
    """
    sizes = st.tuples(st.integers(1, 12), st.integers(1, 12))

    @settings(derandomize=True, database=None, deadline=None, max_examples=500)
    @given(sizes.flatmap(lambda shape: arrays(np.float64, shape, elements=st.floats(-1, 1, width=32))))
    def norms(e: np.ndarray) -> None:
        ratio = float(np.linalg.norm(e, 2)) / math.sqrt(e.size)
        require(ratio <= 1 + 1e-12, f"norm {ratio} sqrt(p q) for {e.tolist()}")
        allowed = entry_tolerance(0.5, (e.shape[1], e.shape[0], 1), frobenius=True)[0]
        require(np.linalg.norm(allowed * e, 2) <= layer_tolerance(0.5, 2) * (1 + 1e-12), "a layer is further off")

    norms()
    return "500 matrices, no norm above sqrt(p q)"


@lemma(
    "error propagation",
    means="symbolic",
    scope="every layer; all tau >= 0",
    bounds=(*_ERROR, "lipschitz_error"),
    cites=_CITES,
)
def recursion() -> str:
    """If layer i of the network is within tau_i abs(x) of a target layer that is L_i-Lipschitz and zero at zero, then on the unit ball the
    network reaches norms of at most (L_1 + tau_1)...(L_i + tau_i) after i layers and errs by at most this minus L_1...L_i.

    abs(g(y) - f(x)) <= abs(g(y) - f(y)) + abs(f(y) - f(x)) <= tau r + L e for abs(y) <= r and abs(y - x) <= e, and
    tau R + L (R - P) = (L + tau) R - L P for the products R and P so far. Scalar layers x -> (L_i + tau_i) x attain it.
    """
    reached, product_of_norms, norm, tau = sympy.symbols("R P L tau", nonnegative=True)
    step = tau * reached + norm * (reached - product_of_norms)
    gap = sympy.expand(step - ((norm + tau) * reached - norm * product_of_norms))
    require(gap == 0, f"one step is off by {gap}")
    for depth in range(1, 7):
        t = sympy.symbols(f"t0:{depth}", nonnegative=True)
        error, radius = sympy.Integer(0), sympy.Integer(1)
        for tau_i in t:
            error, radius = sympy.expand(error + tau_i * radius), sympy.expand(radius * (1 + tau_i))
        require(sympy.expand(sympy.prod([1 + tau_i for tau_i in t]) - 1 - error) == 0, f"depth {depth}: {error}")
        equal = propagated_error(0.75, depth)
        value = float(error.subs(dict.fromkeys(t, sympy.Rational(3, 8 * depth))))
        require(abs(equal / value - 1) < 1e-14, f"propagated_error is {equal} at depth {depth}, not {value}")
    return "one step as an identity; depths 1 to 6 expanded"


@lemma(
    "error propagation, sum of all layers",
    means="rigorous",
    scope="all 0 < eps <= 1 and l >= 1; the function at 12 x 12 arguments down to eps = 1e-33 and up to l = 4^11",
    bounds=_ERROR,
    cites=_CITES,
)
def propagation() -> str:
    """For 0 < eps <= 1 and l >= 1: (1 + eps / (2 l))^l - 1 <= e^(eps / 2) - 1 <= eps.

    The first since ln(1 + x) <= x: the derivative of x - ln(1 + x) is x / (1 + x) >= 0 and it vanishes at 0. The second since
    e^(eps / 2) - 1 - eps is convex in eps, 0 at 0 and negative at 1 (up to 2.51).
    """
    x, eps = sympy.symbols("x epsilon", positive=True)
    require(sympy.simplify(sympy.diff(x - sympy.log(1 + x), x) - x / (1 + x)) == 0, "the derivative is another")
    slack = sympy.exp(eps / 2) - 1 - eps
    require(sympy.diff(slack, eps, 2) == sympy.exp(eps / 2) / 4, "the second derivative is another")
    require(slack.subs(eps, 0) == 0, "not 0 at eps = 0")
    with precision(400):
        require(arb(fmpq(1, 2)).exp() - 2 < 0, "not negative at eps = 1")
        require(arb(fmpq(251, 200)).exp() - 1 - arb(fmpq(251, 100)) < 0, "not negative at eps = 2.51")
        require(arb(fmpq(252, 200)).exp() - 1 - arb(fmpq(252, 100)) > 0, "negative at eps = 2.52")
        for i, j in product(range(12), range(12)):
            e, depth = 10.0 ** (-3 * i), 4**j
            exact = (1 + arb(e) / (2 * depth)) ** depth - 1
            error = abs(arb(propagated_error(e, depth)) / exact - 1)
            require(error < 1e-14, f"relative error {error} at eps = {e:g}, l = {depth}")
            require(exact <= arb(e), f"{exact} at eps = {e:g}, l = {depth}")
    return "e^(1/2) - 2 = -0.3513 at eps = 1; true up to eps = 2.51, false at 2.52"


claimed(
    "lueker_constant",
    "Theorem 1",
    "With n_i = C log(d_(i-1) d_i l / min(eps, delta)) candidates, with probability at least 1 - delta all subset-sum problems of all "
    "targets are solved within eps / (2 l d_(i-1) d_i).",
    why="C is that of Lueker's theorem, which gives none; pensia_width_explicit has a proof with all constants instead",
    bounds=("pensia_width",),
    cites=("pensia2020optimal", "lueker1998exponentially"),
)
