"""A figure of one set of axes, and writing figures to files."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def single(draw: Callable[[Axes], object]) -> Figure:
    """A figure of one Axes, drawn on by `draw`."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    draw(figure.subplots())
    return figure


def save(figure: Figure, path: str) -> None:
    """Write a figure as PNG, 150 dots an inch, atomically."""
    from slth.files import atomic_write

    with atomic_write(path) as file:
        figure.savefig(file, format="png", dpi=150)
