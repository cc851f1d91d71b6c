"""How a random network contains the target: one paper a file, all speaking the protocol of `protocol.py`.

`get` turns a name such as "two-layer", "fixed-size(5)" or "one-extra-layer(tanh)" into a construction; a new one is one entry of
`CONSTRUCTIONS`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from inspect import signature
from typing import Final

from slth.constructions.extra_layer import ExtraLayer
from slth.constructions.found import Found
from slth.constructions.protocol import (
    Construction,
    Effective,
    Inserted,
    Masks,
    Plan,
    Problems,
    TooFewCandidatesError,
    Weights,
)
from slth.constructions.sources import random_source, source_shapes, widths_of
from slth.constructions.structured import Structured
from slth.constructions.two_layer import TwoLayer, rules

# name -> the construction of its parameters, numbers in brackets behind the name, and the name of an `activation`
CONSTRUCTIONS: Final[dict[str, Callable[..., Construction]]] = {
    "two-layer": lambda: TwoLayer(),
    "best-product": lambda: TwoLayer(rules.BestProduct()),
    "fixed-size": lambda k=None: TwoLayer(rules.FixedSize(k)),
    "found": lambda: Found(),
    "malach": lambda: TwoLayer(rules.OnePair()),
    "n-of-m": lambda s=2, b=4: TwoLayer(rules.Pattern(s, b)),
    "one-extra-layer": lambda activation="relu", scale=None: ExtraLayer(activation=activation, scale=scale),
    "orseau": lambda: TwoLayer(rules.GoldenRatio(), "hyperbolic"),
    "partly-frozen": lambda share=0.5: TwoLayer(rules.PartlyFrozen(share)),
    "perturbable": lambda c=0.01: TwoLayer(rules.Perturbable(c)),
    "quantized": lambda step=1.0: TwoLayer(rules.Exact(step), "binary"),
    "structured": lambda: Structured(),
}

_COUNTS: Final = ("none", "one", "up to two")

__all__ = [
    "CONSTRUCTIONS",
    "Construction",
    "Effective",
    "Inserted",
    "Masks",
    "Plan",
    "Problems",
    "TooFewCandidatesError",
    "TwoLayer",
    "Weights",
    "get",
    "random_source",
    "source_shapes",
    "widths_of",
]


def get(name: str | Construction) -> Construction:
    """The construction of a name, or the construction itself; ``get(c.name).name == c.name``.

    Parameters
    ----------
    name : str or Construction
        A key of `CONSTRUCTIONS`, with numbers in brackets where it takes some; "one-extra-layer(tanh)" takes the activation of the
        inserted layer, and perhaps the scale of its inputs, "one-extra-layer(tanh, 1e-6)".

    Raises
    ------
    ValueError, TypeError
        If there is none of this name, the numbers do not fit, or it is no construction at all.
    """
    if not isinstance(name, str):
        if isinstance(name, type) or not all(callable(getattr(name, part, None)) for part in ("random_layers", "plan")):
            raise TypeError(f"construction must be a name such as 'two-layer', got {name!r}")
        return name
    read = re.fullmatch(r"([a-z-]{1,40})(?:\(([-+.a-zA-Z0-9,() ]{1,100})\))?", name.strip())
    kind = CONSTRUCTIONS.get(read[1]) if read else None
    takes = list(signature(kind).parameters) if kind else []
    numeric = read and re.fullmatch(r"[-+.eE0-9, ]*", read[2] or "")
    if read is None or kind is None or not (numeric or "activation" in takes):
        raise ValueError(f"unknown construction {name!r}; choose one of {', '.join(map(repr, CONSTRUCTIONS))}")
    words = [word.strip() for word in (read[2] or "").split(",") if word.strip()]
    if len(words) > len(takes):
        raise ValueError(
            f"construction {name!r} has wrong numbers in its brackets: {read[1]!r} takes {_COUNTS[len(takes)]}, got {len(words)}"
        )
    given = [word if which == "activation" else _number(word) for word, which in zip(words, takes, strict=False)]
    try:
        return kind(*given)
    except TypeError as error:
        raise ValueError(f"construction {name!r} has wrong numbers in its brackets: {error}") from None


def _number(word: str) -> int | float:
    try:
        return int(word)
    except ValueError:
        pass
    try:
        return float(word)
    except ValueError:
        raise ValueError(f"{word.strip()!r} is no number; write for instance 'fixed-size(5)'") from None
