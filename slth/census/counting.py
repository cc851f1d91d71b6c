"""The front door of the census: how many subnetworks of each size approximate a target."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slth.census import halves, product, walk
from slth.census.answer import Census
from slth.census.question import Loss, Question, read_epsilon, read_question
from slth.census.sampled import flat_histogram, splitting
from slth.networks import RandomSource
from slth.ticket import Ticket
from slth.validation import one_of, positive_float, worker_count

METHODS: Final = ("auto", "walk", "halves", "product", "splitting", "flat-histogram")
ONCE: Final = ("dead", "permuted")


def count_subnetworks(
    source: Any,
    target: Any,
    epsilon: float,
    *,
    inputs: ArrayLike | None = None,
    domain: Any = None,
    method: str = "auto",
    loss: str | Loss = "sup",
    once: str | Iterable[str] = (),
    by_layer: bool = False,
    masks: bool = False,
    sizes: Iterable[int] | None = None,
    confidence: float = 0.95,
    effort: float = 1.0,
    store: str | os.PathLike[str] | None = None,
    rng: Any = None,
    workers: int | None = None,
    progress: bool = False,
) -> Census:
    """How many masks of a random network, by size, bring it within epsilon of a target?

    Masks range over the weights and biases of `source` that are not zero.

    Parameters
    ----------
    source : Network, RandomSource, anything `Network.read` takes; or Ticket
        Of a ticket, the random network it was found in: then the masks that its construction allows are counted ("product").
    target : Network or anything `Network.read` takes; with `inputs` also outputs (k, d_out) as an array, or labels (k,)
    epsilon : float
        Largest loss; 0 for an exact fit, infinity for every mask.
    inputs : (k, *input_shape) float64, optional
        Where the loss is measured.
    domain : Box, Ball or pair (lower, upper), optional
        Instead of inputs: the error is the supremum over all of it, where that can be had exactly (`slth.census.vertices`): ReLU networks
        of one hidden layer on one or two numbers, and small deeper ones on one. [-1, 1]^d if neither is given; a ticket's own for a ticket.
    method : {"auto", "walk", "halves", "product", "splitting", "flat-histogram"}
        walk: every mask, branches that cannot come within epsilon left out whole, exact, to about 30 parameters (at most 62). halves:
        one hidden layer, exact, the neurons in two halves whose sums are joined, to about 40. product: a construction's independent subset
        sums, proven. splitting, flat-histogram: sampled, with intervals, any network and loss. auto: the first that applies.
    loss : {"sup", "error-rate"} or callable(outputs, wanted) -> float
    once : {"dead", "permuted"} or both
        Exact methods: count masks only once that differ in dead ends (parameters that no path from an input, or from a kept bias, to an
        output passes), or in the order of the hidden neurons of a layer.
    by_layer : bool
        Exact methods: also by the sizes of the layers.
    masks : bool
        Exact methods: also list the masks.
    sizes : iterable of int, optional
        Sampled methods: which sizes; by default all up to 64 parameters, above a spread of 33.
    confidence : float
        Of the interval of one size, of sampled methods.
    effort : float
        Sampled methods: multiplies the number of draws.
    store : path, optional
        Sampled methods: where to keep their state, so that a run can go on after a crash.
    rng : seed or numpy.random.Generator, optional
        Of sampled methods.
    workers : int, optional
        Threads; the answer does not depend on it.
    progress : bool
        Show a progress bar (tqdm).

    Returns
    -------
    Census

    Raises
    ------
    TypeError, ValueError
        If arguments are not as described or do not fit one another, or the network is too large for an exact method; the message says how
        large it is, and which method can.
    """
    one_of(method, METHODS, "method")
    threads = worker_count(workers)
    if isinstance(source, Ticket) and method in ("auto", "product"):
        _unused(
            method="product",
            once=once,
            by_layer=by_layer,
            masks=masks,
            sizes=sizes,
            store=store,
            inputs=inputs,
            loss=None if loss == "sup" else loss,
        )
        return product.of_ticket(source, target, read_epsilon(epsilon), domain, workers=threads, progress=progress)
    if method == "product":
        raise ValueError(
            "method='product' counts under a construction; give a Ticket as the source, as slth.approximate finds it"
        )
    if isinstance(source, Ticket):
        raise ValueError(f"method={method!r} counts all masks of a network; give ticket.source.network() as the source")
    if isinstance(source, RandomSource):
        source = source.network()
    question = read_question(source, target, epsilon, inputs, domain, loss)
    named = _named_once(once)
    chosen = _chosen(question, named, by_layer, masks) if method == "auto" else method
    if chosen in _EXACT:
        _unused(method=chosen, sizes=sizes, store=store)
        if method != "auto":  # which may have had to sample
            _unused(method=chosen, confidence=None if confidence == 0.95 else confidence)
            _unused(method=chosen, effort=None if effort == 1.0 else effort)
        reason = _EXACT[chosen].why_not(question, once=named)
        if reason is not None:
            raise ValueError(reason)
        exact: Census = _EXACT[chosen].count(
            question, once=named, by_layer=by_layer, masks=masks, workers=threads, progress=progress
        )
        return exact
    _unused(method=chosen, once=named, by_layer=by_layer, masks=masks)
    wanted = None if sizes is None else _sizes(sizes, question.parameters.count)
    found: Census = _SAMPLED[chosen].count(
        question,
        sizes=wanted,
        confidence=_share(confidence),
        effort=positive_float(effort, "effort"),
        store=store,
        rng=rng,
        workers=threads,
        progress=progress,
    )
    return found


_EXACT: Final[dict[str, Any]] = {"walk": walk, "halves": halves}
_SAMPLED: Final[dict[str, Any]] = {"splitting": splitting, "flat-histogram": flat_histogram}
_QUICK = 22  # parameters that the walk takes less than a moment for


def _chosen(question: Question, once: frozenset[str], by_layer: bool, masks: bool) -> str:
    """The first method that applies: an exact one if any does."""
    if question.parameters.count <= _QUICK and walk.why_not(question, once=once) is None:
        return "walk"
    for method in ("halves", "walk"):
        if _EXACT[method].why_not(question, once=once) is None:
            return method
    if once or by_layer or masks:
        raise ValueError(
            f"only exact methods take once=, by_layer= and masks=, and {walk.why_not(question, once=once)}; leave these away"
        )
    return "splitting"


def _named_once(once: str | Iterable[str]) -> frozenset[str]:
    if not isinstance(once, Iterable):
        raise TypeError(f'once must be "dead", "permuted" or both in a tuple, got {once!r}')
    names = (once,) if isinstance(once, str) else tuple(once)
    for name in names:
        one_of(name, ONCE, "once")
    return frozenset(names)


def _sizes(sizes: Iterable[int], m: int) -> NDArray[np.int64]:
    """Distinct sizes in ascending order."""
    given = np.asarray(list(sizes) if isinstance(sizes, Iterable) else [str(sizes)])
    if given.size == 0 or given.ndim != 1 or given.dtype.kind not in "iu":
        raise ValueError(f"sizes must be integers in 0..{m}, got {sizes!r}; leave sizes away for all of them")
    if given.min() < 0 or given.max() > m:
        raise ValueError(f"sizes must lie in 0..{m}, the parameters of the source, got {given.min()}..{given.max()}")
    return np.unique(given).astype(np.int64)


def _share(confidence: float) -> float:
    value = positive_float(confidence, "confidence")
    if value >= 1:
        raise ValueError(f"confidence must lie between 0 and 1, got {value:g}; 0.95 is usual")
    return value


def _unused(method: str, **given: Any) -> None:
    """An option that a method does not take is an error, not ignored."""
    for name, value in given.items():
        if value is not None and not (isinstance(value, bool | tuple | frozenset | str) and not value):
            raise ValueError(f"{name}= has no meaning for method={method!r}, which counts here; leave it away")
