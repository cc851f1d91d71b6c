"""Under a two-layer construction the weights are independent subset sums: subnetworks by size are the product of counting polynomials.

A budget epsilon for the network is split over its weights, as `slth.approximate` does (`budget.py`: with a certificate of the worst case,
so that *every* combination of subsets within the tolerances is a subnetwork within epsilon). Of each weight the subsets within its
tolerance are counted by size (`weights.py`); the product over the weights of sum_a count_a x^a, times x for each weight and bias of
the first random layers that feeds a candidate, counts the combinations by the number of kept weights and biases (`polynomials.py`;
`integers.py` exactly, `circle.py` log2 with a proven error, `curves.py` the answer). Different combinations are different masks.

It is a rigorous lower bound on all masks of that size: Scope.CONSTRUCTION. Only masks are counted that keep all first-layer weights that
feed candidates and no others; those that keep less where nothing needs it, dead ends, and subsets
whose errors cancel against those of other weights approximate the target too.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from slth import constructions
from slth.census.answer import Census, Scope, exact_census
from slth.census.product.budget import certified_tolerances
from slth.census.product.curves import Side, of_polynomials
from slth.census.product.expected import expectation
from slth.census.product.polynomials import Polynomials
from slth.census.product.prepared import Prepared
from slth.census.product.weights import Counted, count_weights, rescue, supported
from slth.census.question import read_epsilon
from slth.constructions import Construction, TwoLayer
from slth.constructions.two_layer.deal import row_blocks
from slth.constructions.two_layer.piece import Piece
from slth.networks import Domain, Network, RandomSource, read_domain, seed_from, source_law
from slth.threads import progress_bar
from slth.ticket import Ticket
from slth.validation import worker_count

SUPPORTED = '"two-layer", "fixed-size(k)" and "n-of-m(s, b)"'


def of_ticket(
    ticket: Ticket,
    target: Any,
    epsilon: float,
    domain: Any = None,
    *,
    workers: int | None = None,
    progress: bool = False,
) -> Census:
    """The census of the random network of a ticket, under the ticket's construction; see `of_construction`.

    Parameters
    ----------
    ticket : Ticket
    target : Network, anything `Network.read` takes, or None for the ticket's own
    epsilon : float
    domain : optional
        The ticket's by default.

    Raises
    ------
    ValueError, TypeError
        As `of_construction`; or if the ticket was loaded and no target is given, or the target does not fit its source.
    """
    if target is None and ticket.target is None:
        raise ValueError("a loaded ticket does not hold its target; give target=")
    network = Network.read(ticket.target if target is None else target)
    method = _method(ticket.construction)
    method.check(ticket.source, network.skeleton)
    region = read_domain(ticket.domain if domain is None else domain, network.coordinates)
    _check(network)
    widths = tuple(ticket.source.shapes[2 * i][0] // form.columns for i, form in enumerate(network.forms))
    plan = Prepared.of(method, ticket.source, network, widths, region)
    return _census(plan, method, network, region, read_epsilon(epsilon), worker_count(workers), progress)


def of_construction(
    target: Any,
    width: int | Iterable[int],
    epsilon: float,
    *,
    construction: str | Construction = "two-layer",
    law: str | None = None,
    domain: Any = None,
    rng: Any = None,
    workers: int | None = None,
    progress: bool = False,
) -> Census:
    """How many combinations of subsets, by size, give a subnetwork within epsilon of the target: a lower bound on all subnetworks.

    The random network is the one that `slth.approximate` prunes with the same target, width, construction, law, domain and rng.

    Parameters
    ----------
    target : Network, or anything `Network.read` takes
        Dense and convolutional layers, with whatever has no weights between them.
    width, construction, law, domain, rng, workers, progress
        As of `slth.approximate`; construction "two-layer" (any subset of the candidates of a weight), "fixed-size(k)" or "n-of-m(s, b)".
    epsilon : float
        >= 0. Infinite: every combination; 0: none, the rounding of an evaluation alone is more.

    Returns
    -------
    Census
        Exact where that is quick (about 200 weights), else certified, with the largest relative error in
        `diagnostics["relative_error"]` (below 1e-6 for all targets tried); `layers` holds the layers of the target one by one. Where
        some weight has no subset within its tolerance nothing is counted, and `diagnostics` says which, and what width would do
        (predicted; None for not known). Every weight of a layer has the same tolerance here: `slth.approximate` may still find a ticket
        where some need more than that and others less. `smallest` counts all first-layer weights that feed candidates, and is an upper
        bound.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described, or the construction or a layer of the target is not among those counted.

    Notes
    -----
    Time that of `subset_sum.count` for each weight and O(candidates) for each of about 2 sqrt(candidates) tilts; memory some 100 bytes a
    candidate. 784-500-10 with some 20 candidates a weight: about a minute on two cores and 1.5 GB.
    """
    network = Network.read(target)
    _check(network)
    method = _method(construction)
    widths = constructions.widths_of(width, len(network.linear))
    region = read_domain(network.usual if domain is None else domain, network.coordinates)
    name = method.law if law is None else source_law(law).name
    margin, count = read_epsilon(epsilon), worker_count(workers)
    source = constructions.random_source(method, network, widths, name, seed_from(rng))
    plan = Prepared.of(method, source, network, widths, region)
    return _census(plan, method, network, region, margin, count, progress)


def _method(construction: str | Construction) -> TwoLayer:
    method = constructions.get(construction)
    if not (isinstance(method, TwoLayer) and supported(method.rule)):
        raise ValueError(
            f"the product census counts under {SUPPORTED}, got {method.name!r}; use one of these, or another method for all masks"
        )
    return method


def _check(network: Network) -> None:
    if not network.linear:
        raise ValueError(f"{network!r} holds no layer with weights; give a target with at least one")
    if not all(form.rectified for form in network.forms):
        raise ValueError(
            "the product census counts subnetworks for dense and convolutional layers; the target has attention, whose scores do not carry "
            "errors in proportion"
        )


def _census(
    plan: Prepared, method: TwoLayer, target: Network, domain: Domain, epsilon: float, workers: int, progress: bool
) -> Census:
    parameters = [_parameters(plan.source, i) for i in range(len(plan.pieces))]
    counted, allowed = _counted(plan, method, target, domain, epsilon, workers, progress)
    if allowed is None:
        reason = f"epsilon={epsilon:g} is within the reach of rounding: no subnetwork can be certified; ask for a larger epsilon"
        return _none(sum(parameters), epsilon, {"reason": reason, "missed": None, "width": None})
    if counted is None:
        _, missed, worst = plan.worst(allowed)
        width = method.sufficient_width(target, allowed, domain, plan.source.law)
        enough = None if width is None or math.isinf(width) else int(width)
        remedy = "ask for a larger epsilon or width" if enough is None else f"width={enough} is predicted to suffice"
        reason = (
            f"{missed:,} weights have no subset within their share of epsilon={epsilon:g}; the worst, {worst}; {remedy}"
        )
        return _none(sum(parameters), epsilon, {"reason": reason, "missed": missed, "width": enough})
    sides = [Side(_always(piece), many) for piece, many in zip(plan.pieces, parameters, strict=True)]
    lower = [Polynomials.grouped(layer.lower) for layer in counted]
    exact = all(layer.exact for layer in counted)
    upper = lower if exact else [Polynomials.grouped(layer.upper) for layer in counted]
    del counted
    with progress_bar(100, "%", progress) as bar:
        found = of_polynomials(lower, upper, sides, epsilon, workers, lambda done: bar.update(100 * done))
    expected = expectation(plan, allowed, sum(side.shift for side in sides))
    return replace(found, diagnostics={**found.diagnostics, "tolerances": allowed, "expected": expected})


def _counted(
    plan: Prepared, method: TwoLayer, target: Network, domain: Domain, epsilon: float, workers: int, progress: bool
) -> tuple[list[Counted] | None, tuple[float, ...] | None]:
    """The choices of every weight, None if some has none, and the tolerances, None if there are none."""
    allowed = None
    for rescued in (False, True):
        allowed = certified_tolerances(plan, method, target, domain, epsilon)
        if allowed is None:
            return None, None
        with progress_bar(sum(piece.errors.size for piece in plan.pieces), "weight", progress) as bar:
            counted = count_weights(plan, allowed, workers, bar.update)
        if all(layer.lower.any(axis=1).all() for layer in counted):
            return counted, allowed
        if rescued or not rescue(plan, allowed, workers):
            break
    return None, allowed


def _none(parameters: int, epsilon: float, diagnostics: dict[str, Any]) -> Census:
    """No subnetwork at any size."""
    nothing = np.empty(0, np.uint64)
    return exact_census(
        nothing,
        np.empty(0, np.int64),
        parameters,
        epsilon,
        "product",
        scope=Scope.CONSTRUCTION,
        diagnostics=diagnostics,
    )


def _always(piece: Piece) -> int:
    """Weights and biases of the first random layer that feed candidates: they are kept in every mask that is counted."""
    return int(((piece.neurons >= 0) & (piece.gains != 0)).sum())


def _parameters(source: RandomSource, layer: int) -> int:
    """Weights and biases that are not zero, of the two random layers that stand for a target layer."""
    count = 0
    for at in (2 * layer, 2 * layer + 1):
        for rows in row_blocks(*source.shapes[at]):
            count += int(np.count_nonzero(source.weight_rows(at, rows.start, rows.stop)))
        bias = source.bias_vector(at)
        count += 0 if bias is None else int(np.count_nonzero(bias))
    return count


__all__ = ["SUPPORTED", "of_construction", "of_ticket"]
