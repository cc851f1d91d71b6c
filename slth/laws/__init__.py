"""Laws of random weights: sample, density, moments, sums, in one small protocol (`Law`) that is used everywhere.

`get` turns a name such as "uniform", "normal(0, 0.5)" or "mixture(0.5, binary, product)" into a law; `UserLaw` makes one of functions.
"""

from __future__ import annotations

import ast
from typing import Any, Final

from slth.laws.composed import Mixture, UserLaw
from slth.laws.continuous import Hyperbolic, Normal, Uniform
from slth.laws.discrete import Binary, Discrete, Grid
from slth.laws.law import Law
from slth.laws.product import Product
from slth.laws.sparse import Sparse

KINDS: Final[dict[str, type[Law]]] = {
    "binary": Binary,
    "discrete": Discrete,
    "grid": Grid,
    "hyperbolic": Hyperbolic,
    "mixture": Mixture,
    "normal": Normal,
    "product": Product,
    "sparse": Sparse,
    "uniform": Uniform,
}

__all__ = [
    "KINDS",
    "Binary",
    "Discrete",
    "Grid",
    "Hyperbolic",
    "Law",
    "Mixture",
    "Normal",
    "Product",
    "Sparse",
    "Uniform",
    "UserLaw",
    "get",
]


_LONGEST = 10_000  # characters of a name


def get(law: str | Law) -> Law:
    """The law of a name, or the law itself; ``get(law.name) == law`` for all that are built in.

    Parameters
    ----------
    law : str or Law
        A key of `KINDS`, with parameters in brackets where there are any.

    Raises
    ------
    ValueError
        If it is not such a name, or the parameters do not make a law.
    TypeError
        If it is neither a string nor a `Law`.

    Examples
    --------
    >>> get("uniform"), get("normal(0, 0.5)").variance
    (<law uniform>, 0.25)
    """
    if isinstance(law, Law):
        return law
    if not isinstance(law, str):
        raise TypeError(f"law must be a name such as 'uniform' or a slth.laws.Law, got {law!r}")
    if len(law) > _LONGEST:
        raise ValueError(f"a law's name has at most {_LONGEST} characters, got {len(law):,}; build the object instead")
    try:
        found = _read(ast.parse(law.strip(), mode="eval").body)
    except (SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise ValueError(
            f"cannot read law {law!r} ({error}); write for instance 'uniform' or 'normal(0, 0.5)'"
        ) from None
    if not isinstance(found, Law):
        raise ValueError(f"law must name one of {', '.join(map(repr, KINDS))}, got {law!r}")
    return found


def _read(node: ast.expr) -> Any:
    """A name, a name with arguments, a number or a tuple of numbers; nothing is evaluated."""
    if isinstance(node, ast.Name | ast.Call):
        name = node.func if isinstance(node, ast.Call) else node
        if not isinstance(name, ast.Name) or name.id not in KINDS:
            raise ValueError(f"unknown law {ast.unparse(name)!r}; choose one of {', '.join(map(repr, KINDS))}")
        if isinstance(node, ast.Call) and node.keywords:
            raise TypeError("parameters go by position")
        return KINDS[name.id](*(_read(argument) for argument in (node.args if isinstance(node, ast.Call) else ())))
    if isinstance(node, ast.Tuple):
        return tuple(_read(part) for part in node.elts)
    try:
        value = ast.literal_eval(node)
    except ValueError:  # its words are about the tree
        raise TypeError(f"{ast.unparse(node)!r} is not a number") from None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is not a number")
    return value
