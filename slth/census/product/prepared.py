"""A two-layer construction applied to a target, all layers at once, with nothing solved yet."""

from __future__ import annotations

from dataclasses import dataclass

from slth.constructions import Masks, TwoLayer
from slth.constructions.two_layer.piece import Piece
from slth.constructions.two_layer.plan import worst
from slth.constructions.two_layer.rules import Rule
from slth.networks import Domain, Network, RandomSource


@dataclass(frozen=True, eq=False)
class Prepared:
    """The candidates of every weight.

    Attributes
    ----------
    source : RandomSource
    rule : Rule
    pieces : tuple of Piece
        One a target layer.
    """

    source: RandomSource
    rule: Rule
    pieces: tuple[Piece, ...]

    @classmethod
    def of(
        cls, method: TwoLayer, source: RandomSource, target: Network, widths: tuple[int, ...], domain: Domain
    ) -> Prepared:
        """Deal the neurons of every layer."""
        return cls(source, method.rule, tuple(method.plan(source, target, widths, domain).prepared()))

    @property
    def scales(self) -> tuple[float, ...]:
        """One a target layer."""
        return tuple(piece.scale for piece in self.pieces)

    def worst(self, allowed: tuple[float, ...]) -> tuple[float, int, str]:
        """As of a `slth.constructions.Plan`."""
        return worst([piece.solved() for piece in self.pieces], allowed)

    def masks(self) -> Masks:
        """Of the choices placed in the pieces."""
        solved = [piece.solved() for piece in self.pieces]
        return Masks(
            tuple(weights for layer in solved for weights in layer.weights),
            tuple(bias for layer in solved for bias in layer.biases),
        )
