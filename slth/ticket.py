"""`Ticket`: a pruned, untrained random network as a recipe (seed, law, shape), the masks, and what is certified of it."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slth import constructions, ticket_file
from slth.certificate import Attack, Certificate, apart, attack, certify, promised
from slth.constructions import Effective, Inserted, Masks
from slth.constructions.effective_network import effective_network
from slth.constructions.pruned_network import Pruned
from slth.constructions.reuse import Reuse, reuse
from slth.networks import Domain, Network, RandomSource, seed_from
from slth.networks.bits import ones

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from networkx import DiGraph


class VerificationError(ValueError):
    """A ticket does not hold what it claims of the target."""


@dataclass(frozen=True, eq=False, repr=False)
class Ticket:
    """A strong lottery ticket: weights of a random network, kept or pruned, nothing trained.

    Made by `slth.approximate` or `slth.load`. The random network is `source`; every weight of it is kept as it was drawn or set to zero,
    by `masks`; `scales` holds the one positive factor of each target layer (two for each head of attention).

    Attributes
    ----------
    source : RandomSource
        Seed, law and shape of the random network: ``source.weight(l)`` regenerates its weights.
    masks : Masks
        Packed bits of the kept weights and biases.
    skeleton : Network
        The target without its weights (`Network.skeleton`): what stands where. Of a mask found by search, the source without them.
    scales : tuple of float
        One positive factor for each linear map of the skeleton (`Network.linear`); first that of an inserted layer with another activation
        than ReLU ("one-extra-layer(tanh)").
    construction : str
        How the target lies in the source.
    domain : Box or Ball
        Where `error_bound` holds.
    certificate : Certificate
        What was proven when the ticket was made. After `slth.load` this is the file's claim until `verify` has repeated it.
    target_digest : str
        SHA-256 of the target it was made for.
    target : Network or None
        The target itself; None after `slth.load`, the file does not hold it.
    """

    source: RandomSource
    masks: Masks
    skeleton: Network
    scales: tuple[float, ...]
    construction: str
    domain: Domain
    certificate: Certificate
    target_digest: str
    target: Network | None = field(default=None)

    @classmethod
    def certified(
        cls,
        source: RandomSource,
        masks: Masks,
        scales: tuple[float, ...],
        construction: str,
        domain: Domain,
        target: Network,
        skeleton: Network | None = None,
    ) -> Ticket:
        """The ticket with its certificate, computed from seed and masks alone; the skeleton is the target's, unless one is given."""
        shape = target.skeleton if skeleton is None else skeleton
        constructions.get(construction).check(source, shape)
        bare = cls(source, masks, shape, scales, construction, domain, _UNKNOWN, ticket_file.digest(target), target)
        return replace(bare, certificate=bare._certificate(target))

    def _certificate(self, target: Network) -> Certificate:
        """What is proven from seed and masks, trusting no stored number."""
        if self.follows:
            return certify(self._effective(), target, self.domain)
        return Certificate(apart(self.network, target, self.domain), math.nan, (), ())

    @property
    def follows(self) -> bool:
        """Whether the layers of the ticket stand for those of the target; not so where a search found the mask."""
        return constructions.get(self.construction).follows

    def __call__(self, x: ArrayLike) -> NDArray[np.float64]:
        """Evaluate the pruned random network: x (batch, d_in) -> (batch, d_out).

        A large one is not held: its weights are drawn anew in each call, a block at a time (`slth.constructions.pruned_network`).
        """
        return (self._recipe.drawn if self._recipe.large else self.network)(x)

    @property
    def _recipe(self) -> Pruned:
        method = constructions.get(self.construction)
        return Pruned(method, self.source, self.masks, self.skeleton, self.scales)

    @cached_property
    def network(self) -> Network:
        """The pruned random network: the weights of its layers are ``source.weight(l) * mask``, bit for bit.

        Drawn from the seed when first asked for; takes 8 bytes for every weight of the source.
        """
        return self._recipe.network

    def weight_mask(self, layer: int, start: int = 0, stop: int | None = None) -> NDArray[np.bool_]:
        """Rows `start` to `stop` of the mask of source layer `layer`: (rows, d_in) bool, True where the weight is kept."""
        packed = self.masks.weights[layer][start:stop]
        return np.unpackbits(packed, axis=1, count=self.source.shapes[layer][1]).astype(np.bool_)

    @cached_property
    def kept_by_layer(self) -> tuple[int, ...]:
        """Weights and biases kept in each layer of the source."""
        return tuple(
            ones(w) + (0 if b is None else int(b.sum()))
            for w, b in zip(self.masks.weights, self.masks.biases, strict=True)
        )

    @property
    def kept(self) -> int:
        """Weights and biases of the random network that are kept."""
        return sum(self.kept_by_layer)

    @property
    def size(self) -> int:
        """Weights and biases of the random network."""
        return self.source.size

    @property
    def density(self) -> float:
        """kept / size."""
        return self.kept / self.size

    @property
    def error_bound(self) -> float:
        """Certified: no x in `domain` has |ticket(x) - target(x)| above it, rounding included."""
        return self.certificate.error_bound

    @property
    def weight_error(self) -> float:
        """max |effective weight - target weight| over all target weights and biases; NaN where the layers do not correspond (`follows`)."""
        return self.certificate.weight_error

    def theorem_bound(self, delta: float = 0.01) -> float:
        """What the theorem says beforehand of random networks as wide as this one: `bounds.pensia_error_explicit`, scaled to the target.

        With probability at least 1 - delta the random network contains, of every target without biases, of these widths, with ReLU between
        its layers and with layers of no larger spectral norms, a subnetwork (with one scale a layer) whose error is at most this, in the
        l2 norm and so in every output, on the smallest ball around 0 that holds `domain`. It is a statement about subnetworks that exist,
        before the weights are drawn; `error_bound` is about the one that was found. The theorem covers spectral norms of at most 1
        on the unit ball; by homogeneity the error grows by the radius and by the product of the spectral norms, which are bounded with
        their rounding. And it is a statement about weights uniform on all of [-1, 1]; those of a source are multiples of 2^-53, so that
        below some 1e-16 it is an idealisation.

        Parameters
        ----------
        delta : float
            Probability of failure, in (0, 1).

        Returns
        -------
        float
            Infinite where networks of these widths are promised nothing; NaN where the theorem does not speak of the ticket: a construction
            other than "two-layer", a law other than "uniform", biases, other activations or other layers.

        Raises
        ------
        ValueError
            If delta is not a probability of failure, or the ticket was loaded and its target is not known.
        """
        if self.target is None:
            raise ValueError(
                "a loaded ticket does not hold its target; use ticket = ticket.verify(target), then ticket.theorem_bound()"
            )
        if not 0 < float(delta) < 1:
            raise ValueError(f"delta must lie strictly between 0 and 1, got {delta!r}")
        return promised(self.source, self.construction, self.target, self.domain, float(delta))

    def error(self, x: ArrayLike, target: Network | None = None) -> float:
        """sup over the batch of |ticket(x) - target(x)|.

        Raises
        ------
        ValueError
            If the ticket was loaded from a file and no target is given.
        """
        target = self.target if target is None else Network.read(target)
        if target is None:
            raise ValueError(
                "a loaded ticket does not hold its target; use ticket.error(x, target) or ticket = ticket.verify(target)"
            )
        return float(np.abs(self(x) - target(x)).max())

    def attack(
        self,
        target: Any = None,
        *,
        steps: int = 50,
        starts: int = 16,
        positions: int | Iterable[int] = (2, 8),
        rng: Any = None,
    ) -> Attack:
        """Search for the input of the domain where the ticket is farthest from its target: how much of `error_bound` is seen.

        Heuristic: `Attack.error` is a lower bound of the largest error, `Attack.ratio` what lies between it and the certificate. It is
        measured on `network`, which takes 8 bytes for every weight of the source; see `slth.certificate.attack`.

        Parameters
        ----------
        target : Network, or anything `Network.read` takes, optional
            Needed where the ticket was loaded from a file.
        steps, starts : int >= 1
            How long to climb, and from how many inputs.
        positions : int or several
            Lengths of the sequences to try, where the network takes any.
        rng : None, int, SeedSequence or Generator
            The same int gives the same search.

        Raises
        ------
        ValueError, TypeError
            If no target is known, it is not the one that the ticket was made for, or an argument is not as described.
        """
        network = self.target if target is None else Network.read(target)
        if network is None:
            raise ValueError(
                "a loaded ticket does not hold its target; use ticket.attack(target) or ticket = ticket.verify(target)"
            )
        if network is not self.target and ticket_file.digest(network) != self.target_digest:
            raise ValueError(
                f"error_bound says nothing of {network!r}: it is not the network the ticket was made for; ticket.error(x, target) compares "
                "the ticket with any"
            )
        pieces = self.effective() if self.follows else []  # a found ticket is no larger than itself
        return attack(
            self.network, pieces, network, self.domain, self.error_bound, starts=starts, steps=steps,
            positions=positions, rng=np.random.default_rng(seed_from(rng)),
        )  # fmt: skip

    def effective(self) -> list[Effective]:
        """The linear layers that the pruned network stands for, one for each of the skeleton, recomputed from seed and masks."""
        return list(self._effective())

    def _effective(self) -> Iterable[Effective]:
        """The same, one at a time."""
        return constructions.get(self.construction).effective(self.source, self.masks, self.skeleton, self.scales)

    def effective_network(self) -> Network:
        """The small network that the pruned random one stands for: effective matrices in the places of the target's.

        The same function as `network` on the domain, up to rounding; sums are added up in another order. Where numbers of both signs enter
        a layer, a weight of the target is approximated twice, by one subset for positive and another for negative numbers; these differ a
        little, no layer of the target's shape does what both do, and two layers stand there, of which the first takes a number x apart
        into relu(x) and relu(-x). Outside the domain the two networks may differ.

        Every weight of the source is drawn once, as by `verify`, but no more than a block of it is held: memory is that of the network
        returned and a few times its largest layer, where `network` takes 8 bytes for every weight of the source. Of a mask that a search
        has found, this is `network`.

        Raises
        ------
        ValueError
            If several neurons stand for one of the target, or inserted ones are linear only near 0 (construction "one-extra-layer").
        """
        return effective_network(self._effective(), self.skeleton, self.domain)

    def reuse(self) -> Reuse:
        """How many outputs use each weight of the inserted layers, against the worst case of the proofs, and random subsets.

        Counted from seed and masks alone; the target is not needed. See `slth.constructions.reuse`. (What several tickets of one source
        have in common is `slth.approximate_all`'s.)

        Raises
        ------
        ValueError
            If the construction inserts no layer: "found".
        """
        return reuse(self.construction, self._inserted(), self.source, self.masks)

    def _inserted(self) -> Iterable[Inserted]:
        """The random layers that stand before layers of the target."""
        method = constructions.get(self.construction)
        return method.inserted(self.source, self.masks, self.skeleton, self.domain)

    def verify(self, target: Any) -> Ticket:
        """Recompute effective weights, weight error and error bound from seed, masks and `target`, trusting no stored number.

        Returns
        -------
        Ticket
            This ticket with the recomputed certificate and with `target`, so that `error(x)` works.

        Raises
        ------
        VerificationError
            A ValueError: `target` is not the network the ticket was made for, or the stored error or bound is smaller than the
            recomputed one.
        ValueError
            If the shapes or activations of ticket and target do not fit.
        """
        network = Network.read(target)
        proven = self._certificate(network)
        if ticket_file.digest(network) != self.target_digest:
            weights = f" and the largest weight error {proven.weight_error:.3g}" if self.follows else ""
            raise VerificationError(
                "this is not the network the ticket was made for (its weights differ); for it the bound is "
                f"{proven.error_bound:.3g}{weights}"
            )
        for name in ("error_bound", "weight_error") if self.follows else ("error_bound",):
            claimed, found = getattr(self.certificate, name), getattr(proven, name)
            if not 0 <= found <= claimed * (1 + 1e-9):
                raise VerificationError(
                    f"the ticket claims {name} = {claimed!r}, but {found!r} is what its seed and masks give; do not trust it"
                )
        return replace(self, certificate=proven, target=network)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write seed, law, shapes, packed masks, scales, certificate and a checksum to one file, atomically.

        The file is an ``.npz`` without pickles, about as large as the mask bits compress to; `slth.load` reads it.

        Raises
        ------
        OSError
            If the file cannot be written; a file that was there survives.
        """
        ticket_file.write(self, path)

    def to_networkx(self) -> DiGraph:
        """The kept weights as a graph: nodes (layer, neuron), an edge for each kept weight, attribute ``weight``."""
        from slth.networks.graph import to_networkx

        return to_networkx(self.network)

    def to_onnx(self, path: str | os.PathLike[str]) -> None:
        """Write the pruned network as an ONNX model (extra ``onnx``), atomically."""
        from slth.networks.onnx import to_onnx

        to_onnx(self.network, path)

    def plot(self) -> Figure:
        """Random weights, mask and effective weights against the target's, in one figure."""
        from slth import plots

        return plots.ticket(self)

    def _shape(self) -> str:
        """The random network: widths, or the shapes of its matrices where they are not simply a chain."""
        if self.skeleton.is_dense_skeleton:
            return "-".join(map(str, self.source.widths))
        return ", ".join(f"{d_out}x{d_in}" for d_out, d_in in self.source.shapes)

    def _summary(self) -> dict[str, str]:
        rows = {
            "construction": self.construction,
            "stands for": _drawn(self.skeleton),
            "random network": self._shape(),
            "edges": _given(self.source),
            "law": self.source.law,
            "seed": str(self.source.seed),
            "kept": f"{self.kept:,} of {self.size:,} ({self.density:.2%})",
            "inserted neurons": self._neurons(),
            "scales": ", ".join(f"{s:.4g}" for s in self.scales),
            "largest weight error": f"{self.weight_error:.3g}",
            "certified error bound": f"{self.error_bound:.3g} on {self.domain!r}",
        }
        hidden = set() if self.follows else {"stands for", "largest weight error"}
        return {name: text for name, text in rows.items() if text and name not in hidden}

    def _neurons(self) -> str:
        """Those of inserted layers, and how often they are used; empty where there are none."""
        at = [piece.first for piece in self._inserted()]
        neurons = sum(self.kept_by_layer[i] for i in at)
        uses = sum(ones(self.masks.weights[i + 1]) for i in at)
        return (
            f"{neurons:,} kept, used by {uses / neurons:.1f} outputs each on average (Ticket.reuse)" if neurons else ""
        )

    def summary(self) -> str:
        """What the ticket is and what is certified of it, one line each."""
        rows = self._summary()
        return "\n".join(f"{label:<{max(map(len, rows))}}  {value}" for label, value in rows.items())

    def __repr__(self) -> str:
        weights = f"weight_error={self.weight_error:.3g}, " if self.follows else ""
        return (
            f"Ticket({self._shape()}, {self.construction}, kept {self.kept:,} of {self.size:,}, "
            f"{weights}error_bound={self.error_bound:.3g} on {self.domain!r})"
        )

    def _repr_html_(self) -> str:
        rows = "".join(f"<tr><th>{key}</th><td>{value}</td></tr>" for key, value in self._summary().items())
        return f"<table>{rows}</table>"


def _drawn(skeleton: Network) -> str:
    """64-32-10, or the kinds of layers."""
    if skeleton.is_dense_skeleton:
        return "-".join(map(str, skeleton.widths))
    return " ".join(layer.kind.removesuffix("-form") for layer in skeleton.layers)


def _given(source: RandomSource) -> str:
    """Which edges a sparse source was given; empty where there are all."""
    if source.edges is None:
        return ""
    every = sum(d_out * d_in for d_out, d_in in source.shapes)
    return f"{source.edges.total:,} of {every:,} given ({source.edges.total / every:.2%})"


_UNKNOWN = Certificate(math.inf, math.inf, (), ())  # before it is computed


def load(path: str | os.PathLike[str], *, max_bytes: int | None = None) -> Ticket:
    """Read a ticket that `Ticket.save` wrote: the random network is regenerated from its seed and compared with the file's checksum.

    Parameters
    ----------
    path : path
    max_bytes : int, optional
        Most bytes of masks to unpack, 64 MiB by default (half a billion weights): a small hostile file cannot ask for more. Within
        `slth.spool.out_of_core` masks do not take memory but disk, and the default is what a file of this size can hold at most
        (a thousand times as much, and 64 MiB more).

    Raises
    ------
    ValueError
        If the file is truncated, altered, foreign, of a newer format, or declares more than it holds.
    OSError
        If it cannot be read.
    """
    return ticket_file.read(path, Ticket, max_bytes)
