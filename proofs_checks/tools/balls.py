"""Rigorous inequalities in ball arithmetic (python-flint's arb): every number is an interval that contains the true one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from flint import arb, ctx, fmpq

from proofs_checks.lemma import Refuted

Box = tuple[Any, ...]  # of arb


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """Work with so many bits inside the block."""
    before, ctx.prec = ctx.prec, bits
    try:
        yield
    finally:
        ctx.prec = before


def interval(low: fmpq | int, high: fmpq | int) -> Any:
    """The ball that contains [low, high]."""
    return arb(fmpq(low)).union(arb(fmpq(high)))


def prove_positive(
    f: Callable[..., Any], ranges: Sequence[tuple[fmpq | int, fmpq | int]], what: str, *, deepest: int = 60
) -> int:
    """Prove f > 0 on a box by bisection of its widest side; returns the number of boxes that it took.

    `f` takes one ball a dimension and returns a ball that contains all its values there. Ends may be int or fmpq.

    Raises
    ------
    Refuted
        Where f is proven <= 0 at a point, or a box of depth `deepest` does not decide.
    """
    boxes = [(tuple((fmpq(low), fmpq(high)) for low, high in ranges), 0)]
    proven = 0
    while boxes:
        sides, depth = boxes.pop()
        value = f(*(interval(low, high) for low, high in sides))
        if value > 0:
            proven += 1
            continue
        middle = tuple((low + high) / 2 for low, high in sides)
        at_middle = f(*(arb(x) for x in middle))
        if at_middle <= 0 or depth >= deepest:
            raise Refuted(f"{what}: {at_middle} at {', '.join(map(str, middle))}")
        widest = max(range(len(sides)), key=lambda i: sides[i][1] - sides[i][0])
        low, high = sides[widest]
        for part in ((low, middle[widest]), (middle[widest], high)):
            boxes.append(((*sides[:widest], part, *sides[widest + 1 :]), depth + 1))
    return proven
