"""From a mask that a search has found to a ticket: the seed of the random network, packed bits, one scale a layer, a certificate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from slth.constructions import Masks
from slth.networks import Network, RandomSource, read_domain
from slth.search.models import NetworkModel
from slth.ticket import Ticket

if TYPE_CHECKING:
    from slth.search.result import SearchResult


def ticket_of(result: SearchResult, target: Any, domain: Any) -> Ticket:
    """See `SearchResult.ticket`."""
    if not isinstance(result.model, NetworkModel):
        raise TypeError(
            f"a ticket is a seed and bits, a {type(result.model).__name__} has no seed: search in a slth.RandomSource"
        )
    network, source = result.model.network, result.model.source
    if source is None:
        raise ValueError(
            f"a ticket is a seed and bits, but {network!r} was searched in without its seed; search in "
            "slth.RandomSource(seed, law, widths, bias=False) instead, with scale='kaiming' for the usual scales"
        )
    if not result.nothing_changed:
        raise ValueError(
            f"method {result.method!r} changed weights (drew them again, rescaled them or flipped signs): they are no longer those of the "
            "seed; use a method that only prunes, such as 'edge-popup'"
        )
    if target is None and result.target is None:
        raise ValueError("this search imitated no network, and a ticket is one for a target; use result.ticket(target)")
    wanted = result.target if target is None else Network.read(target)
    assert wanted is not None
    region = result.domain if domain is None and target is None else domain
    return Ticket.certified(
        source,
        _masks(result, source),
        tuple(float(layer.scale) for layer in network.linear),
        "found",
        read_domain(wanted.usual if region is None else region, wanted.coordinates),
        wanted,
        network.skeleton,
    )


def _masks(result: SearchResult, source: RandomSource) -> Masks:
    layers = range(source.depth)
    return Masks(
        tuple(np.packbits(result.mask[f"{i}.weight"], axis=1) for i in layers),
        tuple(result.mask[f"{i}.bias"] if source.has_bias(i) else None for i in layers),
    )
