"""The front door: `approximate` finds an untrained subnetwork of a random network that does what a trained network does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slth import constructions
from slth.certificate import tolerances
from slth.constructions import Construction, Plan, Problems, TooFewCandidatesError
from slth.networks import Domain, Network, read_domain, seed_from, source_law
from slth.threads import in_order, progress_bar
from slth.ticket import Ticket
from slth.validation import positive_float, worker_count


class EpsilonError(ValueError):
    """The budget `epsilon` cannot be met with this width; the message names the worst weight and a width that suffices.

    Attributes
    ----------
    width : int or None
        A width predicted to suffice for the whole network; None if none is.
    """

    def __init__(self, message: str, width: int | None) -> None:
        super().__init__(message)
        self.width = width

    def __reduce__(self) -> tuple[Any, ...]:
        return EpsilonError, (str(self), self.width)


def approximate(
    target: Any,
    width: int | Iterable[int],
    *,
    epsilon: float | None = None,
    construction: str | Construction = "two-layer",
    law: str | None = None,
    domain: Domain | tuple[Any, Any] | None = None,
    edges: Any = None,
    rng: Any = None,
    workers: int | None = None,
    progress: bool = False,
) -> Ticket:
    """Find a strong lottery ticket for `target`: a subnetwork of a random network that approximates it, without any training.

    Parameters
    ----------
    target : Network, or anything `Network.read` takes
        Dense, convolutional and attention layers, biases included, with embeddings, normalisation, pooling, flattening, activations and
        residual blocks between them.
    width : int or one int for each linear target layer; for attention two for each head, scores and values, the same for all its heads
        Widening factor: an inserted random layer has `width` neurons for every neuron (channels for every channel) that feeds it. Each
        weight then has about width / 2 candidates (fewer for a handful of inputs, whose neurons the biases share; at most 44 are used),
        and its error falls like 2^(-width / 2); the matrices of attention have about `width` candidates an entry.
    epsilon : float, optional
        Budget for the error of the whole network, in the largest output over the domain; it is split over layers and weights, and
        every weight gets the smallest subset within its share (with more than 32 candidates, the closest one). A ticket of closest
        subsets is returned where only that meets the budget. By default every weight gets its closest subset.
    construction : str or Construction
        How the target lies in the random network: "two-layer", "one-extra-layer", "structured", "fixed-size(5)", "n-of-m(2, 4)", "malach",
        "best-product", "orseau", "partly-frozen(0.5)", "quantized(0.25)", "perturbable(0.01)"; see `slth.constructions`.
    law : str, optional
        Law of the random weights, such as "uniform" (U[-1, 1]) or "normal": a name that `slth.laws.get` reads; that of the construction
        by default, "uniform" for most.
    domain : Box, Ball or pair (lower, upper), optional
        Where the error is certified; [-1, 1]^d by default, for tokens all of them. Inputs that cannot be negative need only half of the
        candidates. Of sequences of any length, where each position lies (`Network.coordinates`).
    edges : networkx graph, sequence of matrices or bipartite graphs, or path, optional
        Which weights the random network has, of the shapes that `slth.source_shapes` tells: see `slth.networks.Edges.read`. Biases are
        always there. `ticket.size` counts the edges that exist. By default there are all.
    rng : None, int, SeedSequence or Generator
        Where the seed of the random network comes from.
    workers : int, optional
        Threads; all cores by default. The ticket does not depend on it.
    progress : bool
        Show a progress bar (tqdm).

    Returns
    -------
    Ticket
        With a certified `error_bound`.

    Raises
    ------
    EpsilonError
        If epsilon cannot be met; a ValueError that names the worst weight and a width that suffices.
    ValueError, TypeError
        If an argument is not as described.

    Notes
    -----
    Time O(weights * 2^(width / 4)), memory O(mask bits) plus a few blocks of 32 MiB a thread; within `slth.spool.out_of_core` no more
    than such blocks, however large the network.
    """
    network = Network.read(target)
    if not network.linear:
        raise ValueError(f"{network!r} holds no layer with weights to approximate; give a target with at least one")
    if None in network.shapes[0][1:]:
        raise ValueError(
            f"only the number of positions of a sequence may be open for a bound, got inputs of shape {network.shapes[0]}; fix input_shape"
        )
    widths = constructions.widths_of(width, len(network.linear))
    method = constructions.get(construction)
    law = method.law if law is None else source_law(law).name
    region = read_domain(network.usual if domain is None else domain, network.coordinates)
    budget = None if epsilon is None else positive_float(epsilon, "epsilon")
    allowed = None if budget is None else tolerances(network, region, budget)
    if allowed is not None and not (np.isfinite(allowed).all() and min(allowed) > 1e-300):
        raise EpsilonError(
            f"epsilon={budget} cannot be split over the weights in float64; ask for a larger epsilon, or scale the network down",
            None,
        )
    count = worker_count(workers)
    seed = seed_from(rng)

    source = constructions.random_source(method, network, widths, law, seed, edges)
    missed, closest = None, np.inf
    for attempt in method.attempts(budget is not None):
        plan = attempt.plan(source, network, widths, region)
        try:
            _run(plan, allowed, count, progress)
        except TooFewCandidatesError:
            if missed is None:
                raise
            break  # later attempts take more still
        ticket = Ticket.certified(plan.source, plan.masks(), plan.scales, attempt.name, region, network)
        if budget is None or ticket.error_bound <= budget:
            return ticket
        missed, closest = missed or plan, min(closest, ticket.error_bound)
    assert missed is not None
    assert allowed is not None
    assert budget is not None
    # what is predicted are widths of sources without missing edges
    enough = method.sufficient_width(network, allowed, region, law) if missed.source.edges is None else None
    raise _too_narrow(missed, allowed, budget, closest, widths, enough)


def _run(plan: Plan, allowed: tuple[float, ...] | None, workers: int, progress: bool) -> None:
    """Solve all rounds of a plan, with tolerances for each layer if there is a budget."""

    def solve(problems: Problems) -> tuple[Problems, NDArray[np.bool_], NDArray[np.float64]]:
        tolerance = None if allowed is None else allowed[problems.layer] / problems.scale
        return problems, *plan.choose(problems, tolerance)

    with progress_bar(plan.unsolved, "weight", progress) as bar:
        for round_ in plan.rounds():
            for problems, chosen, errors in in_order(solve, round_, workers):
                plan.place(problems, chosen, errors)
                bar.update(0 if problems.again else problems.targets.size)


def _too_narrow(
    plan: Plan,
    allowed: tuple[float, ...],
    epsilon: float,
    closest_bound: float,
    widths: tuple[int, ...],
    enough: float | None,
) -> EpsilonError:
    """The error for a budget that neither the smallest nor the closest subsets meet."""
    used = widths[0] if len(set(widths)) == 1 else widths
    ratio, missed, worst = plan.worst(allowed)
    if ratio <= 1:
        return EpsilonError(
            f"epsilon={epsilon:g} is within the reach of rounding: every weight is within its share of it, yet the certified bound is "
            f"{closest_bound:.3g}; ask for a larger epsilon",
            None,
        )
    width = None
    if enough is None:
        remedy = "what width this construction needs is not predicted: try a larger one, or ask for a larger epsilon"
    elif enough == np.inf:
        remedy = (
            "the most candidates that can be used are predicted not to be enough at any width: ask for a larger epsilon"
        )
    else:
        width = max(int(enough), *(w + 2 for w in widths))
        remedy = f"use width={width} or more (predicted to suffice for every weight)"
    return EpsilonError(
        f"width={used} is too narrow for epsilon={epsilon:g}: {missed:,} weights miss their share, and the closest subsets give a "
        f"certified bound of {closest_bound:.3g}; the worst, {worst}; {remedy}",
        width,
    )
