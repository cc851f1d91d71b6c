"""`approximate_all`: several targets of one shape in one random network, with the union of their masks kept small."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slth import constructions
from slth.approximation import EpsilonError, approximate
from slth.constructions import Construction, Masks
from slth.constructions.two_layer.shared import Sharing
from slth.networks import Domain, Network, RandomSource, seed_from
from slth.networks.bits import ones
from slth.ticket import Ticket


@dataclass(frozen=True, eq=False, repr=False)
class SharedTickets:
    """Tickets of one random network, and the weights of it that any of them keeps; made by `approximate_all`.

    To evaluate all of them it is enough to hold the weights of the union, and for each target which of these it keeps. Iterates over the
    tickets.

    Attributes
    ----------
    tickets : tuple of Ticket
        In the order of the targets; each is a ticket of its own, with its own scales and its own certificate.
    union : Masks
        Weights and biases of the source that some ticket keeps.
    """

    tickets: tuple[Ticket, ...]
    union: Masks

    @classmethod
    def of(cls, tickets: Iterable[Ticket]) -> SharedTickets:
        """Some tickets of one source.

        Raises
        ------
        ValueError
            If there is none, or their random networks differ.
        """
        given = tuple(tickets)
        if not given:
            raise ValueError("there must be at least one ticket, got none")
        for i, ticket in enumerate(given):
            if ticket.source != given[0].source:
                raise ValueError(
                    f"tickets must share one random network, but that of ticket {i} is another than that of 0"
                )
        return cls(given, _union([ticket.masks for ticket in given]))

    @property
    def source(self) -> RandomSource:
        """The random network."""
        return self.tickets[0].source

    @property
    def size(self) -> int:
        """Weights and biases of the random network."""
        return self.source.size

    @property
    def kept(self) -> int:
        """Weights and biases in the union."""
        return sum(map(ones, self.union.weights)) + sum(
            int(bias.sum()) for bias in self.union.biases if bias is not None
        )

    @property
    def separate(self) -> int:
        """The sum of what each ticket keeps: what they would hold with random networks of their own."""
        return sum(ticket.kept for ticket in self.tickets)

    @property
    def saved(self) -> float:
        """``1 - kept / separate``."""
        return 1 - self.kept / self.separate if self.separate else 0.0

    @property
    def error_bound(self) -> float:
        """The largest certified bound of all tickets."""
        return max(ticket.error_bound for ticket in self.tickets)

    def __len__(self) -> int:
        return len(self.tickets)

    def __iter__(self) -> Iterator[Ticket]:
        return iter(self.tickets)

    def __getitem__(self, i: int) -> Ticket:
        return self.tickets[i]

    def _summary(self) -> dict[str, str]:
        kept = ", ".join(f"{ticket.kept:,}" for ticket in self.tickets)
        return {
            "tickets": f"{len(self)}, {self.tickets[0].construction}",
            "random network": f"{self.size:,} weights, seed {self.source.seed}"
            + ("" if self.source.edges is None else f", edges given: {self.source.edges!r}"),
            "kept by each": f"{kept} (sum {self.separate:,})",
            "kept by any": f"{self.kept:,} ({self.saved:.1%} less than the sum)",
            "largest certified error bound": f"{self.error_bound:.3g}",
        }

    def summary(self) -> str:
        """What is shared, one line each."""
        rows = self._summary()
        return "\n".join(f"{label:<{max(map(len, rows))}}  {value}" for label, value in rows.items())

    def __repr__(self) -> str:
        return (
            f"SharedTickets({len(self)} tickets, together {self.kept:,} of {self.size:,} weights, {self.separate:,} in all, "
            f"error_bound={self.error_bound:.3g})"
        )

    def _repr_html_(self) -> str:
        rows = "".join(f"<tr><th>{key}</th><td>{escape(value)}</td></tr>" for key, value in self._summary().items())
        return f"<table>{rows}</table>"


def approximate_all(
    targets: Iterable[Any],
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
) -> SharedTickets:
    """Find a ticket for each of several targets in one random network, with few weights kept by any of them.

    Without `epsilon` equivalent to `approximate` for each target with one seed: closest subsets leave no choice, and the union is what it
    is. With `epsilon`, targets are taken in their order, and each takes, for each of its weights, a subset within its share of the budget
    that adds as few weights of the second random layer as possible to those that earlier targets keep (`fewest_new` in
    `slth.constructions.two_layer.shared`): the least for this weight and this target, not over all targets together. First-layer weights
    are shared by all outputs and are counted in the union, but not looked at. Constructions other than "two-layer", and more than 32
    candidates, leave no such choice: their union is as it is.

    Parameters
    ----------
    targets : iterable of Network, or of anything `Network.read` takes
        At least one; all with the same linear layers but for their weights.
    width, epsilon, construction, law, domain, edges, workers, progress
        As in `approximate`, the same for all targets.
    rng : None, int, SeedSequence or Generator
        Where the one seed comes from.

    Returns
    -------
    SharedTickets

    Raises
    ------
    EpsilonError
        If epsilon cannot be met for a target, which the message names.
    ValueError, TypeError
        If the architectures differ, or an argument is not as described.

    Notes
    -----
    Time that of `approximate` for each target, and O(2^(n/2)) for each weight with n candidates.
    """
    networks = _read(targets)
    widths = tuple(width) if isinstance(width, Iterator) else width  # it is read once for each target
    method, seed = constructions.get(construction), seed_from(rng)
    found: list[Ticket] = []
    for i, network in enumerate(networks):
        sharing = Sharing(method, _union([ticket.masks for ticket in found])) if found else method
        try:
            ticket = approximate(
                network,
                widths,
                epsilon=epsilon,
                construction=sharing,
                law=law,
                domain=domain,
                edges=edges,
                rng=seed,
                workers=workers,
                progress=progress,
            )
        except EpsilonError as error:
            raise EpsilonError(f"target {i}: {error}", error.width) from None
        found.append(ticket)
    return SharedTickets.of(found)


def _read(targets: Any) -> tuple[Network, ...]:
    if isinstance(targets, Network | str | bytes) or not isinstance(targets, Iterable):
        raise TypeError(f"targets must be a sequence of networks, got {targets!r}; approximate takes a single one")
    networks = tuple(Network.read(target) for target in targets)
    if not networks:
        raise ValueError("targets must hold at least one network, got none")
    for i, network in enumerate(networks):
        if network.forms != networks[0].forms:
            raise ValueError(
                f"targets must have one architecture, so that they fit in one random network, but target {i} is {network!r} and target 0 "
                f"{networks[0]!r}"
            )
    return networks


def _union(masks: list[Masks]) -> Masks:
    def joined(parts: Iterable[NDArray[Any]]) -> NDArray[Any]:
        return np.asarray(np.bitwise_or.reduce(list(parts)))

    weights = tuple(joined(layer) for layer in zip(*(m.weights for m in masks), strict=True))
    biases = tuple(
        None if layer[0] is None else joined(b for b in layer if b is not None)
        for layer in zip(*(m.biases for m in masks), strict=True)
    )
    return Masks(weights, biases)
